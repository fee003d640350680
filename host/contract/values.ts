import { emptyRecord, type ValueType, type WitValue } from '../../runtime/index.ts';

/** Numbers from 0 to below 1 that follow from the seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Texts that have broken programs before: traversal, control characters, other hosts, numbers in disguise, prototypes. */
const TEXTS = [
  '',
  'a',
  '..',
  '/in/../../etc/passwd',
  '/in/a.txt\0b',
  '__proto__',
  'constructor',
  'GET',
  'https://user@evil.test\\@example.com/%2e%2e/',
  'http://0x7f.1/',
  'line\r\nx-injected: 1',
  '\u202e\u001b[2J',
  '9007199254740993',
  '{"a":1}',
  'x'.repeat(5000),
];

const NUMBERS: { readonly [kind: string]: readonly (number | bigint)[] } = {
  s8: [0, -128, 127],
  u8: [0, 1, 255],
  s16: [0, -32768, 32767],
  u16: [0, 80, 65535],
  s32: [0, -(2 ** 31), 2 ** 31 - 1],
  u32: [0, 1, 2 ** 32 - 1],
  s64: [0n, -(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 1n, 2n ** 53n, 2n ** 64n - 1n],
  f32: [0, 1.5, Infinity],
  f64: [0, -1.5, 1e300, Infinity],
};

/** Some value of a type that data can stand for, mostly an unfriendly one. */
export function someValue(type: ValueType, random: () => number): WitValue {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const listOf = <T>(make: (at: number) => T): T[] => Array.from({ length: Math.floor(random() * 4) }, (_, at) => make(at));
  switch (type.kind) {
    case 'bool':
      return random() < 0.5;
    case 'char':
      return pick(['a', '\0', '\u{10ffff}']);
    case 'string':
      return pick(TEXTS);
    case 'list':
      if (type.element.kind === 'u8' && type.isMap !== true) return Uint8Array.from(listOf(() => Math.floor(random() * 256)));
      return listOf(() => someValue(type.element, random));
    case 'tuple':
      return type.items.map((item) => someValue(item, random));
    case 'record': {
      const record = emptyRecord();
      for (const field of type.fields) record[field.name] = someValue(field.type, random);
      return record;
    }
    case 'variant': {
      const { name: tag, type: payload } = pick(type.cases);
      return payload === undefined ? { tag } : { tag, value: someValue(payload, random) };
    }
    case 'enum':
      return pick(type.names);
    case 'flags':
      return type.names.filter(() => random() < 0.5);
    case 'option':
      return random() < 0.4 ? null : { some: someValue(type.some, random) };
    case 'result': {
      const payload = (part: ValueType | undefined): WitValue => (part === undefined ? null : someValue(part, random));
      return random() < 0.5 ? { ok: payload(type.ok) } : { err: payload(type.err) };
    }
    default:
      return pick(NUMBERS[type.kind] ?? [0]);
  }
}
