import { digest, javaScript } from '../data.mjs';

/** Compiles TypeScript. Rust, 18 MB. */
export default {
  name: 'swc',
  kind: 'compiler',
  packages: ['@swc/wasm@1.16.18'],
  async load({ commonJs }) {
    const { transformSync } = commonJs('@swc/wasm');
    const source = javaScript(250, true);
    const jsc = { target: 'es2017', parser: { syntax: 'typescript' } };
    return () => {
      const { code, map } = transformSync(source, { filename: 'a.ts', jsc, isModule: true, sourceMaps: true });
      return digest(code, map);
    };
  },
};
