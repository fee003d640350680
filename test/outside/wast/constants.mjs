import { textOf } from './s-expression.mjs';

/** A constant that is no value of the type that it is given for: a fault of the file or of its reader. */
export class ConstantFault extends Error {}

/**
 * A component value as a `.wast` file writes it, such as `(list.const (u8.const 1))`, as a `WitValue`.
 *
 * @param node - the parenthesized constant
 * @param type - the `ValueType` that it stands for
 * @throws {ConstantFault}
 * Source: `WastVal` of the crate `wast`.
 */
export function constantOf(node, type) {
  if (node?.list === undefined) throw new ConstantFault('expected a constant in parentheses');
  return read(node.list, type);
}

/** @param nodes - a constant without its parentheses: a record's field has it so. */
function read([head, ...rest], type) {
  const word = head?.atom ?? '';
  if (!word.startsWith(`${WORDS[type.kind] ?? type.kind}.`)) {
    throw new ConstantFault(`\`${word}\` is not a constant of type ${type.kind}`);
  }
  return READERS[type.kind](rest, type, word.slice(word.indexOf('.') + 1));
}

const WORDS = { string: 'str' };

const READERS = {
  bool: ([node]) => node.atom === 'true' || (node.atom !== 'false' && fail('expected `true` or `false`')),
  s8: ([node]) => Number(integer(node, 8, true)),
  u8: ([node]) => Number(integer(node, 8, false)),
  s16: ([node]) => Number(integer(node, 16, true)),
  u16: ([node]) => Number(integer(node, 16, false)),
  s32: ([node]) => Number(integer(node, 32, true)),
  u32: ([node]) => Number(integer(node, 32, false)),
  s64: ([node]) => integer(node, 64, true),
  u64: ([node]) => integer(node, 64, false),
  f32: ([node]) => Math.fround(float(node)),
  f64: ([node]) => float(node),
  char: ([node]) => textOf(node),
  string: ([node]) => textOf(node),
  list: (nodes, { element }) => {
    const items = nodes.map((node) => constantOf(node, element));
    return element.kind === 'u8' ? Uint8Array.from(items) : items;
  },
  tuple: (nodes, { items }) => {
    if (nodes.length !== items.length) fail(`a tuple of ${nodes.length} for one of ${items.length}`);
    return nodes.map((node, at) => constantOf(node, items[at]));
  },
  record: (nodes, { fields }) => {
    if (nodes.length !== fields.length) fail(`a record of ${nodes.length} fields for one of ${fields.length}`);
    return Object.fromEntries(
      nodes.map((node, at) => [nameOf(node.list[1], fields[at]), read(node.list.slice(2), fields[at].type)]),
    );
  },
  variant: ([tag, ...payload], { cases }) => {
    const found = cases.find(({ name }) => name === textOf(tag)) ?? fail(`no case \`${textOf(tag)}\``);
    return found.type === undefined ? { tag: found.name } : { tag: found.name, value: inner(payload, found.type) };
  },
  enum: ([name], { names }) => (names.includes(textOf(name)) ? textOf(name) : fail(`no case \`${textOf(name)}\``)),
  flags: (nodes, { names }) => {
    const set = nodes.map(textOf);
    for (const name of set) if (!names.includes(name)) fail(`no flag \`${name}\``);
    return names.filter((name) => set.includes(name));
  },
  option: (payload, { some }, which) => {
    if (which === 'none') return null;
    return which === 'some' ? { some: inner(payload, some) } : fail(`no constant \`option.${which}\``);
  },
  result: (payload, type, which) => {
    if (which !== 'ok' && which !== 'err') fail(`no constant \`result.${which}\``);
    const payloadType = type[which];
    return { [which]: payloadType === undefined ? null : inner(payload, payloadType) };
  },
};

/** A payload, with or without parentheses around it. */
function inner(nodes, type) {
  return nodes[0]?.list === undefined ? read(nodes, type) : constantOf(nodes[0], type);
}

function nameOf(node, field) {
  return textOf(node) === field.name ? field.name : fail(`field \`${textOf(node)}\` for \`${field.name}\``);
}

/** In the text format a signed integer may also be written as the unsigned one of the same bits. */
function integer(node, bits, signed) {
  const text = (node?.atom ?? '').replaceAll('_', '');
  const found = text.match(/^([+-]?)(\d+|0x[0-9a-fA-F]+)$/) ?? fail(`\`${text}\` is no integer`);
  const value = found[1] === '-' ? -BigInt(found[2]) : BigInt(found[2]);
  const wrapped = signed ? BigInt.asIntN(bits, value) : value;
  const min = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  if (value < min || value >= 2n ** BigInt(bits)) fail(`${text} is no integer of ${bits} bits`);
  return wrapped;
}

/** All NaNs are one: the canonical ABI keeps no payload. */
function float(node) {
  const text = (node?.atom ?? '').replaceAll('_', '');
  const [, sign, size] = text.match(/^([+-]?)(.+)$/) ?? fail('expected a float');
  const value = /^nan(:.+)?$/.test(size)
    ? Number.NaN
    : size === 'inf'
      ? Number.POSITIVE_INFINITY
      : (hexFloat(size) ?? Number(size));
  if (Number.isNaN(value) && !size.startsWith('nan')) fail(`\`${text}\` is no float`);
  return sign === '-' ? -value : value;
}

function hexFloat(text) {
  const found = text.match(/^0x([0-9a-fA-F]+)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/);
  if (found === null) return undefined;
  const [, whole, fraction, exponent] = found;
  return Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent ?? 0) - 4 * fraction.length);
}

function fail(message) {
  throw new ConstantFault(message);
}

/** Whether two `WitValue`s are the same value: NaN is NaN, and -0 is not 0. */
export function sameValue(left, right) {
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null) return Object.is(left, right);
  const keys = Object.keys(left);
  return (
    ArrayBuffer.isView(left) === ArrayBuffer.isView(right) &&
    Array.isArray(left) === Array.isArray(right) &&
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameValue(left[key], right[key]))
  );
}

/** A value for a message. */
export function shown(value) {
  const text = JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (part instanceof Uint8Array) return [...part];
    return typeof part === 'number' && (!Number.isFinite(part) || Object.is(part, -0))
      ? `${Object.is(part, -0) ? '-0' : part}`
      : part;
  });
  return text === undefined ? 'nothing' : text.length > 160 ? `${text.slice(0, 160)}...` : text;
}
