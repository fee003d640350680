import { digest } from '../data.mjs';

const LINES = 8000;

/** Decodes a source map, sorts it and looks positions up. Rust. */
export default {
  name: 'source-map',
  kind: 'parser',
  packages: ['source-map@0.8.0'],
  async load({ commonJs }) {
    const { SourceMapGenerator, SourceMapConsumer } = commonJs('source-map');
    const map = mapOf(new SourceMapGenerator({ file: 'x.js' }));
    return async () => {
      let answer = '';
      for (let left = 6; left > 0; left -= 1) answer = await SourceMapConsumer.with(map, null, lookUp);
      return answer;
    };
  },
};

function mapOf(generator) {
  for (let line = 1; line < LINES; line += 1) {
    for (let column = 0; column < 24; column += 1) {
      generator.addMapping({
        generated: { line, column: column * 5 },
        original: { line: 1 + ((line * 7 + column) % 7000), column: (column * 3) % 80 },
        source: `s${line % 9}.ts`,
        name: `n${(line + column) % 50}`,
      });
    }
  }
  return generator.toString();
}

function lookUp(consumer) {
  const found = [];
  for (let line = 1; line < LINES; line += 5) {
    const original = consumer.originalPositionFor({ line, column: line % 120 });
    const generated = consumer.generatedPositionFor({
      source: `s${line % 9}.ts`,
      line: 1 + (line % 7000),
      column: (line * 3) % 80,
    });
    found.push(original.line, original.column, generated.line);
  }
  return digest(found);
}
