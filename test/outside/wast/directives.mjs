import { readExpressions, SyntaxFault, textOf } from './s-expression.mjs';

/**
 * Reads a `.wast` file into its directives, in order.
 *
 * @param {string} text
 * @returns {object[]} each `{kind, line, ...}`, by kind:
 * - `component`, `definition`: `id?`, `source`; the first is instantiated, the second only kept under its id
 * - `instance`: `id?`, `definition?`, the ids of the new instance and of what it is made from (the last definition)
 * - `invoke`: `id?`, `name`, `args` (nodes)
 * - `assert_return`: `invoke`, `results` (nodes)
 * - `assert_trap`, `assert_exhaustion`: `invoke` or `source`, `message`
 * - `assert_invalid`, `assert_malformed`, `assert_unlinkable`: `source`, `message`
 * - `register`: not read further
 * - `unknown`: `word`, anything else
 *
 * A `source` is `{form: 'text', text}`, with as many line breaks before it as there are in the file, `{form: 'quote', text}`
 * (`text` is undefined when the quoted bytes are no UTF-8) or `{form: 'binary', bytes}`.
 * @throws {SyntaxFault}
 * Source: `WastDirective` of the crate `wast`.
 */
export function readDirectives(text) {
  return readExpressions(text).map((node) => {
    const word = node.list?.[0]?.atom ?? '';
    const read = Object.hasOwn(READERS, word) ? READERS[word] : () => ({ kind: 'unknown', word: word || 'no directive' });
    return { line: node.line, ...read(node, text) };
  });
}

const READERS = {
  component: readComponent,
  invoke: readInvoke,
  assert_return: ({ list: [, invoke, ...results] }) => ({ kind: 'assert_return', invoke: expectInvoke(invoke), results }),
  assert_trap: readRunAssert,
  assert_exhaustion: readRunAssert,
  assert_invalid: readRefusal,
  assert_malformed: readRefusal,
  assert_unlinkable: readRefusal,
  register: () => ({ kind: 'register' }),
};

function readComponent(node, text) {
  const { list } = node;
  if (list[1]?.atom === 'instance') {
    return { kind: 'instance', id: idOf(list[2]), definition: idOf(list[3]) };
  }
  const isDefinition = list[1]?.atom === 'definition';
  const id = idOf(list[isDefinition ? 2 : 1]);
  return { kind: isDefinition ? 'definition' : 'component', id, source: sourceOf(node, text) };
}

function sourceOf(node, text) {
  const { list } = node;
  const afterDefinition = list[1]?.atom === 'definition' ? 2 : 1;
  const afterId = idOf(list[afterDefinition]) === undefined ? afterDefinition : afterDefinition + 1;
  const strings = list.slice(afterId + 1);
  if (list[afterId]?.atom === 'binary') {
    for (const string of strings) if (string.bytes === undefined) throw new SyntaxFault('expected a string', string.line);
    return { form: 'binary', bytes: new Uint8Array(Buffer.concat(strings.map(({ bytes }) => bytes))) };
  }
  if (list[afterId]?.atom === 'quote') return { form: 'quote', text: quotedText(strings) };
  const inner = text.slice(list[afterDefinition]?.start ?? node.end - 1, node.end);
  return { form: 'text', text: `${'\n'.repeat(node.line - 1)}(component ${inner}` };
}

function quotedText(strings) {
  try {
    return `(component ${strings.map(textOf).join(' ')})`;
  } catch {
    return undefined;
  }
}

function readInvoke({ list }) {
  const id = idOf(list[1]);
  const [name, ...args] = list.slice(id === undefined ? 1 : 2);
  return { kind: 'invoke', id, name: textOf(name), args };
}

function expectInvoke(node) {
  if (node?.list?.[0]?.atom !== 'invoke') throw new SyntaxFault('expected `(invoke ...)`', node?.line ?? 0);
  return readInvoke(node);
}

function readRunAssert({ list: [word, what, message] }, text) {
  const subject = what?.list?.[0]?.atom === 'component' ? { source: sourceOf(what, text) } : { invoke: expectInvoke(what) };
  return { kind: word.atom, ...subject, message: textOf(message) };
}

function readRefusal({ list: [word, what, message] }, text) {
  if (what?.list?.[0]?.atom !== 'component') throw new SyntaxFault('expected `(component ...)`', word.line);
  return { kind: word.atom, source: sourceOf(what, text), message: textOf(message) };
}

function idOf(node) {
  return node?.atom?.startsWith('$') ? node.atom : undefined;
}
