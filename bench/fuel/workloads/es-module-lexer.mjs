import { digest, javaScript, repeat } from '../data.mjs';

/** Finds the imports and exports of a module: one loop over characters. C. */
export default {
  name: 'es-module-lexer',
  kind: 'parser',
  packages: ['es-module-lexer@3.0.5'],
  async load({ load }) {
    const { init, parse } = await load('es-module-lexer/dist/lexer.js');
    await (typeof init === 'function' ? init() : init);
    const source = javaScript(400);
    const work = () => {
      const [imports, exports] = parse(source);
      return digest(
        imports.slice(0, 50).map(({ specifier, start, end }) => [specifier, start, end]),
        exports.slice(0, 50).map(({ name }) => name),
        exports.length,
      );
    };
    return () => repeat(100, work);
  },
};
