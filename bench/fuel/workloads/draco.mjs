import { digest, repeat } from '../data.mjs';

const SIDE = 150;

/** Encodes and decodes a mesh of triangles. C++, Emscripten. */
export default {
  name: 'draco',
  kind: 'codec',
  packages: ['draco3d@1.5.9'],
  async load({ commonJs, file }) {
    const draco = commonJs('draco3d');
    const encoder = await draco.createEncoderModule({ wasmBinary: file('draco3d/draco_encoder.wasm') });
    const decoder = await draco.createDecoderModule({ wasmBinary: file('draco3d/draco_decoder.wasm') });
    const mesh = hills();
    const work = () => {
      const packed = encode(encoder, mesh);
      return digest(packed, decode(decoder, packed));
    };
    return () => repeat(5, work);
  },
};

function hills() {
  const positions = [];
  const indices = [];
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      positions.push(x, y, ((x * x + y * y * 3) % 101) / 10 + (x * y) / 500);
      const at = y * SIDE + x;
      if (x < SIDE - 1 && y < SIDE - 1) indices.push(at, at + 1, at + SIDE, at + 1, at + SIDE + 1, at + SIDE);
    }
  }
  return { positions: Float32Array.from(positions), indices: Uint32Array.from(indices) };
}

function encode(library, { positions, indices }) {
  const [encoder, builder, mesh, out] = ['Encoder', 'MeshBuilder', 'Mesh', 'DracoInt8Array'].map((name) => new library[name]());
  builder.AddFacesToMesh(mesh, indices.length / 3, indices);
  builder.AddFloatAttributeToMesh(mesh, library.POSITION, SIDE * SIDE, 3, positions);
  encoder.SetSpeedOptions(3, 3);
  encoder.SetAttributeQuantization(library.POSITION, 14);
  encoder.SetEncodingMethod(library.MESH_EDGEBREAKER_ENCODING);
  const length = encoder.EncodeMeshToDracoBuffer(mesh, out);
  const packed = Int8Array.from({ length }, (_, at) => out.GetValue(at));
  for (const object of [encoder, builder, mesh, out]) library.destroy(object);
  return packed;
}

function decode(library, packed) {
  const [buffer, decoder, mesh] = ['DecoderBuffer', 'Decoder', 'Mesh'].map((name) => new library[name]());
  buffer.Init(packed, packed.length);
  const status = decoder.DecodeBufferToMesh(buffer, mesh);
  if (!status.ok()) throw new Error(status.error_msg());
  const bytes = mesh.num_points() * 12;
  const at = library._malloc(bytes);
  library.HEAPF32.fill(0, at >> 2, (at + bytes) >> 2);
  decoder.GetAttributeDataArrayForAllPoints(mesh, decoder.GetAttribute(mesh, 0), library.DT_FLOAT32, bytes, at);
  const positions = library.HEAPF32.slice(at >> 2, (at + bytes) >> 2);
  library._free(at);
  for (const object of [buffer, decoder, mesh]) library.destroy(object);
  return positions;
}
