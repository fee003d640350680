import { digest, javaScript } from '../data.mjs';

/** Minifies JavaScript. Go, 14 MB. */
export default {
  name: 'esbuild',
  kind: 'compiler',
  packages: ['esbuild-wasm@0.28.2'],
  async load({ commonJs, file }) {
    globalThis.self ??= globalThis;
    const esbuild = commonJs('esbuild-wasm/lib/browser.js');
    const wasmModule = await WebAssembly.compile(file('esbuild-wasm/esbuild.wasm'));
    await esbuild.initialize({ wasmModule, worker: false });
    const source = javaScript(40);
    return async () => {
      const { code, map } = await esbuild.transform(source, {
        loader: 'js',
        minify: true,
        target: 'es2018',
        sourcemap: 'external',
      });
      return digest(code, map);
    };
  },
};
