import { digest, javaScript, repeat } from '../data.mjs';

const PATTERNS = [
  '(?<=\\.)\\w+(?=\\()',
  '\\b(?:function|class|const|let|return|export|import|await|async)\\b',
  '"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'',
  '/\\*[\\s\\S]*?\\*/',
  '\\b\\d+(?:\\.\\d+)?\\b',
  '[A-Z][a-zA-Z0-9_]*\\b(?!\\()',
  '(\\w+)\\s*=>\\s*\\1',
];

/** Regular expressions, as an editor colours code with them. C, Emscripten. */
export default {
  name: 'oniguruma',
  kind: 'interpreter',
  packages: ['vscode-oniguruma@2.0.1'],
  async load({ commonJs, file }) {
    const library = commonJs('vscode-oniguruma');
    await library.loadWASM(file('vscode-oniguruma/release/onig.wasm'));
    const scanner = library.createOnigScanner(PATTERNS);
    const lines = javaScript(70).split('\n');
    return () => repeat(6, () => digest(lines.flatMap((line) => matches(library, scanner, line))));
  },
};

function matches(library, scanner, line) {
  const found = [];
  const text = library.createOnigString(line);
  for (let at = 0; at <= line.length; ) {
    const match = scanner.findNextMatchSync(text, at);
    if (match === null) break;
    const { start, end } = match.captureIndices[0];
    found.push(match.index, start, end);
    at = Math.max(end, at + 1);
  }
  text.dispose();
  return found;
}
