import { digest, javaScript, repeat } from '../data.mjs';

/** Formats TypeScript. Rust. */
export default {
  name: 'dprint',
  kind: 'compiler',
  packages: ['@dprint/formatter@0.6.0', '@dprint/typescript@0.96.1'],
  async load({ load, file }) {
    const { createFromBuffer } = await load('@dprint/formatter/esm/mod.js');
    const formatter = createFromBuffer(file('@dprint/typescript/plugin.wasm'));
    formatter.setConfig({ lineWidth: 80 }, {});
    const source = { filePath: 'a.ts', fileText: javaScript(100, true) };
    return () => repeat(2, () => digest(formatter.formatText(source)));
  },
};
