import { digest, picture, provideImageData } from '../data.mjs';

/** Encodes and decodes a picture; SIMD. C, Emscripten. */
export default {
  name: 'webp',
  kind: 'codec',
  packages: ['@jsquash/webp@1.5.0'],
  async load({ load, file }) {
    provideImageData();
    const encoder = await load('@jsquash/webp/encode.js');
    await encoder.init(await WebAssembly.compile(file('@jsquash/webp/codec/enc/webp_enc_simd.wasm')));
    const decoder = await load('@jsquash/webp/decode.js');
    await decoder.init(await WebAssembly.compile(file('@jsquash/webp/codec/dec/webp_dec.wasm')));
    const image = picture(600, 600);
    return async () => {
      const packed = await encoder.default(image, { quality: 75, method: 4 });
      return digest(packed, (await decoder.default(packed)).data);
    };
  },
};
