import { digest, picture, provideImageData, repeat } from '../data.mjs';

/** Encodes and decodes a picture. Rust. */
export default {
  name: 'png',
  kind: 'codec',
  packages: ['@jsquash/png@3.1.1'],
  async load({ load, file }) {
    provideImageData();
    const codec = await load('@jsquash/png/codec/pkg/squoosh_png.js');
    await codec.default(file('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'));
    const { data, width, height } = picture(700, 700);
    const work = () => {
      const packed = codec.encode(data, width, height, 8);
      return digest(packed, codec.decode(packed).data);
    };
    return () => repeat(4, work);
  },
};
