import fc from 'fast-check';
import type { FunctionType } from '../../runtime/component/types.ts';
import { encodeParams, encodeValue, isWellFormed, type WitValue } from '../../runtime/value/index.ts';
import { pick } from './arbitrary.ts';
import { component, type Encoding } from './assembly.ts';
import { memoryText } from './core-code.ts';
import { type Difference, type Fact, factsOf, hasMark, hex, type Report, TRAP } from './difference.ts';
import { type Contender, functionType, hostImports, type Instance, isJco, type Subject, subject, WIDE } from './sides.ts';

/*
 * Text in every encoding: how it lies in the guest's memory, and what becomes of bytes in the guest's memory that are none.
 */

const HOST = 'test:diff/host';
const API = 'test:diff/api';

const WIT = `package test:diff;
  interface host { hear: func(text: string) -> string; }
  interface api {
    /// The text as it lies in memory, and its length as it came.
    bytes-of: func(text: string) -> tuple<list<u8>, u32>;
    relay: func(text: string) -> string;
    /// Takes bytes, put so many bytes behind an aligned address, for a text of that length.
    as-text: func(bytes: list<u8>, skip: u32, length: u32) -> string;
    tell: func(bytes: list<u8>, skip: u32, length: u32) -> string;
  }
  world w { import host; export api; }`;

export interface TextCase {
  readonly seed: number;
  readonly encoding: Encoding;
  readonly texts: readonly string[];
  readonly raws: readonly RawText[];
}

/** What a guest says is a text. */
export interface RawText {
  readonly bytes: Uint8Array;
  readonly skip: number;
  readonly length: number;
}

const EDGES: readonly string[] = [
  '',
  'a',
  '\0',
  '\u007f\u0080',
  '\u00e9\u00ff',
  '\u0100',
  'e\u0301\u0327',
  '\u07ff\u0800',
  '\ud7ff\ue000',
  '\uffff',
  '\ufeffafter a byte order mark',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\u{10000}\u{10ffff}',
  'x'.repeat(70_000),
  `${'\u00e9'.repeat(40_000)}\u4e16`,
  `${'y'.repeat(65_535)}\u{1f980}`,
];

const arbPiece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 200 }),
  fc.constantFrom(...EDGES.slice(0, 13)),
);
const arbText = fc.array(arbPiece, { maxLength: 4 }).map((pieces) => pieces.join(''));
/** Sequences that are no UTF-8, or half of a pair in UTF-16. */
const BAD: readonly (readonly number[])[] = [
  [0x80],
  [0xc0, 0x80],
  [0xe0, 0x80, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf0, 0x9f],
  [0x00, 0xd8],
  [0x00, 0xdc, 0x00, 0xd8],
];

/** The case of a seed, which also says the encoding. */
export function textCase(seed: number, count: number): TextCase {
  const encoding = (['utf8', 'utf16', 'latin1+utf16'] as const)[seed % 3]!;
  const texts = pick(arbText, seed, count);
  const arbRaw = fc
    .record({
      text: arbText,
      bad: fc.option(fc.constantFrom(...BAD), { nil: [], freq: 3 }),
      at: fc.nat({ max: 20 }),
      skip: fc.constantFrom(0, 0, 0, 0, 2, 1),
      wide: fc.boolean(),
    })
    .map(({ text, bad, at, skip, wide }) => rawText(encoding, text, bad, at, skip, wide));
  return { seed, encoding, texts: [...EDGES, ...texts], raws: pick(arbRaw, seed, count) };
}

function rawText(encoding: Encoding, text: string, bad: readonly number[], at: number, skip: number, wide: boolean): RawText {
  const utf16 = encoding === 'utf16' || (encoding === 'latin1+utf16' && wide);
  const good = Buffer.from(text, utf16 ? 'utf16le' : encoding === 'utf8' ? 'utf8' : 'latin1');
  const cut = utf16 ? at * 2 : at;
  const bytes = Uint8Array.from([...good.subarray(0, cut), ...bad, ...good.subarray(cut)]);
  const units = Math.floor(bytes.length / (utf16 ? 2 : 1));
  return { bytes, skip, length: encoding === 'latin1+utf16' && utf16 ? (units | TAG) >>> 0 : units };
}

const TAG = 0x8000_0000;

export async function runTexts(given: TextCase): Promise<Report> {
  const linked = subject(await component(coreText(given.encoding), WIT, given.encoding), given.encoding !== 'latin1+utf16');
  const differences = linked.contenders.flatMap((contender) => [...new Run(linked, contender, given).all()]);
  const calls = linked.contenders.length * 2 * (given.texts.length + given.raws.length);
  return { counts: { 'calls with texts': calls }, differences };
}

function coreText(encoding: Encoding): string {
  const tagged =
    '(if (i32.lt_s (local.get $length) (i32.const 0)) (then (local.set $size (i32.shl (local.get $length) (i32.const 1)))))';
  const size = encoding === 'utf16' ? '(i32.shl (local.get $length) (i32.const 1))' : '(local.get $length)';
  const place = `(local.set $at (i32.add (call $alloc (i32.const 8) (i32.add (local.get $size) (i32.const 8))) (local.get $skip)))
      (memory.copy (local.get $at) (local.get $from) (local.get $size))
      (local.set $to (call $alloc (i32.const 4) (i32.const 8)))`;
  const raw =
    '(param $from i32) (param $size i32) (param $skip i32) (param $length i32) (result i32) (local $at i32) (local $to i32)';
  return `(module
    (import "${HOST}" "hear" (func $hear (param i32 i32 i32)))
    ${memoryText(1024)}
    (func (export "${API}#bytes-of") (param $from i32) (param $length i32) (result i32) (local $size i32) (local $to i32)
      (local.set $size ${size}) ${encoding === 'latin1+utf16' ? tagged : ''}
      (local.set $to (call $alloc (i32.const 4) (i32.const 12)))
      (i32.store (local.get $to) (local.get $from))
      (i32.store offset=4 (local.get $to) (local.get $size))
      (i32.store offset=8 (local.get $to) (local.get $length))
      (local.get $to))
    (func (export "${API}#relay") (param $from i32) (param $length i32) (result i32) (local $to i32)
      (local.set $to (call $alloc (i32.const 4) (i32.const 8)))
      (call $hear (local.get $from) (local.get $length) (local.get $to))
      (local.get $to))
    (func (export "${API}#as-text") ${raw} ${place}
      (i32.store (local.get $to) (local.get $at))
      (i32.store offset=4 (local.get $to) (local.get $length))
      (local.get $to))
    (func (export "${API}#tell") ${raw} ${place}
      (call $hear (local.get $at) (local.get $length) (local.get $to))
      (local.get $to))
    ${['bytes-of', 'relay', 'as-text', 'tell'].map((name) => `(func (export "cabi_post_${API}#${name}") (param i32) (call $spoil))`).join('\n')})`;
}

/** All texts of a case by one contender. */
class Run {
  readonly #subject: Subject;
  readonly #contender: Contender;
  readonly #case: TextCase;
  #instance: Instance | undefined;

  constructor(linked: Subject, contender: Contender, given: TextCase) {
    this.#subject = linked;
    this.#contender = contender;
    this.#case = given;
  }

  *all(): Generator<Difference> {
    const { texts, raws, encoding } = this.#case;
    for (const text of texts) {
      yield* this.#compare('bytes-of', [text], stored(encoding, text));
      yield* this.#compare('relay', [text], text);
    }
    for (const { bytes, skip, length } of raws) {
      const misaligned = encoding !== 'utf8' && skip % 2 !== 0;
      const text = textOf(encoding, bytes, length);
      const expected = misaligned ? undefined : text;
      const facts = { 'broken text': text === undefined && !misaligned };
      yield* this.#compare('as-text', [bytes, skip, length], expected, facts);
      yield* this.#compare('tell', [bytes, skip, length], expected, facts);
    }
  }

  /** @param expected - undefined for a trap. */
  *#compare(
    name: string,
    args: readonly WitValue[],
    expected: WitValue | undefined,
    facts: Partial<Record<Fact, boolean>> = {},
  ): Generator<Difference> {
    const { params, result } = functionType(this.#subject.component.exports, API, name) as Required<FunctionType>; // all have results
    const call = ([text]: readonly WitValue[]): WitValue => text!;
    const type = functionType(this.#subject.component.imports, HOST, 'hear');
    const imports = hostImports(this.#contender, new Map([[HOST, new Map([['hear', { type, call }]])]]));
    this.#instance ??= this.#subject.instantiate(this.#contender, imports);
    const ending = this.#instance.call(API, name, encodeParams(args, params, WIDE));
    if ('what' in ending) this.#instance = undefined;
    const found = 'bytes' in ending ? hex(ending.bytes) : ending.what;
    const wanted = expected === undefined ? TRAP : hex(encodeValue(expected, result, WIDE));
    if (found === wanted || (wanted === TRAP && isTrap(this.#contender, found))) return;
    yield {
      title: `texts:${this.#case.seed}, ${this.#case.encoding}, \`${name}\` of (${args.map(String).join(' | ').slice(0, 400)})`,
      contender: this.#contender,
      what: 'result',
      expected: wanted,
      found,
      types: [{ kind: 'string' }],
      encoding: this.#case.encoding,
      facts: factsOf({ ...facts, 'byte order mark': typeof expected === 'string' && hasMark(expected) }),
      detail: WIT,
    };
  }
}

/** Ours must say that the guest broke the ABI; how jco throws is its own affair. */
function isTrap(contender: Contender, found: string): boolean {
  return isJco(contender) ? /^[\w/]+: /.test(found) : found.startsWith('trap/abi: ');
}

/** `store_string`: the bytes of a text in memory and its length. */
function stored(encoding: Encoding, text: string): WitValue {
  const utf16 = Buffer.from(text, 'utf16le');
  const utf8 = Buffer.from(text, 'utf8');
  if (encoding === 'utf8') return [new Uint8Array(utf8), utf8.length];
  if (encoding === 'utf16') return [new Uint8Array(utf16), text.length];
  if ([...text].every((char) => char <= '\u00ff')) return [new Uint8Array(Buffer.from(text, 'latin1')), text.length];
  return [new Uint8Array(utf16), (text.length | TAG) >>> 0];
}

/** `load_string_from_range` at an aligned address. @returns undefined for a trap. */
function textOf(encoding: Encoding, bytes: Uint8Array, length: number): string | undefined {
  const isUtf16 = encoding === 'utf16' || (encoding === 'latin1+utf16' && length >= TAG);
  const raw = Buffer.from(bytes);
  if (encoding === 'utf8') return utf8Of(raw.subarray(0, length));
  if (!isUtf16) return raw.toString('latin1', 0, length);
  const text = raw.toString('utf16le', 0, (length % TAG) * 2);
  return isWellFormed(text) ? text : undefined;
}

function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
