import type { StringEncoding } from '../../../runtime/component/definitions.ts';
import type { ValueType } from '../../../runtime/component/types.ts';
import { emptyRecord, type WitValue } from '../../../runtime/value/index.ts';

/*
 * CanonicalABI.md's Python for loading, storing, flattening, flat lifting and flat lowering, word for word, for memories
 * of 32 bits: slow, over a plain byte array. Numbers of integers are bigint here, signed ones in two's complement.
 * Values are `WitValue`.
 */

export class Trap extends Error {}

function trapIf(condition: boolean, why: string): void {
  if (condition) throw new Trap(why);
}

export type Core = 'i32' | 'i64' | 'f32' | 'f64';
/** i32, i64: unsigned bigint; f32, f64: number. */
export type CoreV = bigint | number;

/** What the guest's `realloc` was asked for. */
export type ReallocCall = readonly [pointer: number, oldBytes: number, alignment: number, newBytes: number];

/** A guest that never frees: every call gets the next free place, and the old bytes are moved there. */
export class BumpGuest {
  memory: Uint8Array;
  next: number;
  readonly calls: ReallocCall[] = [];

  constructor(memory: Uint8Array, next: number) {
    this.memory = memory;
    this.next = next;
  }

  realloc(pointer: number, oldBytes: number, alignment: number, newBytes: number): number {
    this.calls.push([pointer, oldBytes, alignment, newBytes]);
    const at = Math.ceil(this.next / alignment) * alignment;
    this.next = at + newBytes;
    this.memory.copyWithin(at, pointer, pointer + Math.min(oldBytes, newBytes));
    return at;
  }
}

export interface Cx {
  readonly guest: BumpGuest;
  readonly encoding: StringEncoding;
  /** Of the strings that are stored; by default the one that stores them most directly. */
  readonly sourceEncoding?: StringEncoding | undefined;
}

type Case = ValueType | undefined;

type Plain =
  | { kind: 'int'; bytes: 1 | 2 | 4 | 8; signed: boolean }
  | { kind: 'bool' | 'f32' | 'f64' | 'char' | 'string' }
  | { kind: 'list'; element: ValueType }
  | { kind: 'record'; fields: ValueType[] }
  | { kind: 'variant'; cases: Case[] }
  | { kind: 'flags'; labels: readonly string[] };

const int = (bytes: 1 | 2 | 4 | 8, signed: boolean): Plain => ({ kind: 'int', bytes, signed });

function despecialize(t: ValueType): Plain {
  switch (t.kind) {
    case 's8':
    case 'u8':
      return int(1, t.kind === 's8');
    case 's16':
    case 'u16':
      return int(2, t.kind === 's16');
    case 's32':
    case 'u32':
      return int(4, t.kind === 's32');
    case 's64':
    case 'u64':
      return int(8, t.kind === 's64');
    case 'bool':
    case 'f32':
    case 'f64':
    case 'char':
    case 'string':
      return { kind: t.kind };
    case 'list':
      return { kind: 'list', element: t.element };
    case 'record':
      return { kind: 'record', fields: t.fields.map((f) => f.type) };
    case 'tuple':
      return { kind: 'record', fields: [...t.items] };
    case 'variant':
      return { kind: 'variant', cases: t.cases.map((c) => c.type) };
    case 'enum':
      return { kind: 'variant', cases: t.names.map(() => undefined) };
    case 'option':
      return { kind: 'variant', cases: [undefined, t.some] };
    case 'result':
      return { kind: 'variant', cases: [t.ok, t.err] };
    case 'flags':
      return { kind: 'flags', labels: t.names };
    default:
      throw new Error(`no reference for ${t.kind}`);
  }
}

const alignTo = (pointer: number, to: number) => Math.ceil(pointer / to) * to;

function discriminantBytes(n: number): 1 | 2 | 4 {
  switch (Math.ceil(Math.log2(n) / 8)) {
    case 0:
    case 1:
      return 1;
    case 2:
      return 2;
    default:
      return 4;
  }
}

function flagsBytes(n: number): 1 | 2 | 4 {
  if (n <= 8) return 1;
  return n <= 16 ? 2 : 4;
}

export function alignment(type: ValueType): number {
  const t = despecialize(type);
  switch (t.kind) {
    case 'bool':
      return 1;
    case 'int':
      return t.bytes;
    case 'f32':
    case 'char':
    case 'string':
    case 'list':
      return 4;
    case 'f64':
      return 8;
    case 'record':
      return Math.max(1, ...t.fields.map(alignment));
    case 'variant':
      return Math.max(discriminantBytes(t.cases.length), maxCaseAlignment(t.cases));
    case 'flags':
      return flagsBytes(t.labels.length);
  }
}

function maxCaseAlignment(cases: Case[]): number {
  return Math.max(1, ...cases.map((c) => (c === undefined ? 1 : alignment(c))));
}

export function elemSize(type: ValueType): number {
  const t = despecialize(type);
  switch (t.kind) {
    case 'bool':
      return 1;
    case 'int':
      return t.bytes;
    case 'f32':
    case 'char':
      return 4;
    case 'f64':
    case 'string':
    case 'list':
      return 8;
    case 'record': {
      let s = 0;
      for (const f of t.fields) s = alignTo(s, alignment(f)) + elemSize(f);
      return alignTo(s, alignment(type));
    }
    case 'variant': {
      let s = alignTo(discriminantBytes(t.cases.length), maxCaseAlignment(t.cases));
      s += Math.max(0, ...t.cases.map((c) => (c === undefined ? 0 : elemSize(c))));
      return alignTo(s, alignment(type));
    }
    case 'flags':
      return flagsBytes(t.labels.length);
  }
}

export function flattenType(type: ValueType): Core[] {
  const t = despecialize(type);
  switch (t.kind) {
    case 'int':
      return [t.bytes === 8 ? 'i64' : 'i32'];
    case 'f32':
    case 'f64':
      return [t.kind];
    case 'string':
    case 'list':
      return ['i32', 'i32'];
    case 'record':
      return t.fields.flatMap(flattenType);
    case 'variant':
      return ['i32', ...flattenPayloads(t.cases)];
    default:
      return ['i32'];
  }
}

function flattenPayloads(cases: Case[]): Core[] {
  const flat: Core[] = [];
  for (const c of cases) {
    if (c === undefined) continue;
    flattenType(c).forEach((ft, i) => {
      flat[i] = i < flat.length ? join(flat[i]!, ft) : ft;
    });
  }
  return flat;
}

function join(a: Core, b: Core): Core {
  if (a === b) return a;
  if ((a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32')) return 'i32';
  return 'i64';
}

function loadInt(cx: Cx, pointer: number, bytes: number): bigint {
  let value = 0n;
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(cx.guest.memory[pointer + i]!);
  return value;
}

function storeInt(cx: Cx, value: bigint, pointer: number, bytes: number): void {
  for (let i = 0; i < bytes; i++) cx.guest.memory[pointer + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

const view = new DataView(new ArrayBuffer(8));

function f32Of(bits: bigint): number {
  view.setUint32(0, Number(bits));
  const f = view.getFloat32(0);
  return Number.isNaN(f) ? Number.NaN : f;
}

function f32Bits(f: number): bigint {
  if (Number.isNaN(f)) return 0x7fc00000n;
  view.setFloat32(0, f);
  return BigInt(view.getUint32(0));
}

function f64Of(bits: bigint): number {
  view.setBigUint64(0, bits);
  const f = view.getFloat64(0);
  return Number.isNaN(f) ? Number.NaN : f;
}

function f64Bits(f: number): bigint {
  if (Number.isNaN(f)) return 0x7ff8000000000000n;
  view.setFloat64(0, f);
  return view.getBigUint64(0);
}

function charOf(i: bigint): string {
  trapIf(i >= 0x110000n, 'char');
  trapIf(i >= 0xd800n && i <= 0xdfffn, 'char');
  return String.fromCodePoint(Number(i));
}

/** As `WitValue` has integers of that width. */
function integerOf(i: bigint, t: { bytes: number; signed: boolean }): WitValue {
  const bits = 8 * t.bytes;
  const value = t.signed ? BigInt.asIntN(bits, i) : BigInt.asUintN(bits, i);
  return t.bytes === 8 ? value : Number(value);
}

function lengthAndBegin(cx: Cx, pointer: number): [number, number] {
  return [Number(loadInt(cx, pointer, 4)), Number(loadInt(cx, pointer + 4, 4))];
}

export function load(cx: Cx, pointer: number, type: ValueType): WitValue {
  const t = despecialize(type);
  switch (t.kind) {
    case 'bool':
      return loadInt(cx, pointer, 1) !== 0n;
    case 'int':
      return integerOf(loadInt(cx, pointer, t.bytes), t);
    case 'f32':
      return f32Of(loadInt(cx, pointer, 4));
    case 'f64':
      return f64Of(loadInt(cx, pointer, 8));
    case 'char':
      return charOf(loadInt(cx, pointer, 4));
    case 'string':
      return loadString(cx, ...lengthAndBegin(cx, pointer));
    case 'list':
      return loadList(cx, ...lengthAndBegin(cx, pointer), t.element);
    case 'record': {
      let at = pointer;
      const values = t.fields.map((f) => {
        at = alignTo(at, alignment(f));
        const value = load(cx, at, f);
        at += elemSize(f);
        return value;
      });
      return recordOf(type, values);
    }
    case 'variant': {
      const size = discriminantBytes(t.cases.length);
      const index = Number(loadInt(cx, pointer, size));
      trapIf(index >= t.cases.length, 'case');
      const c = t.cases[index];
      const at = alignTo(pointer + size, maxCaseAlignment(t.cases));
      return caseOf(type, index, c === undefined ? undefined : load(cx, at, c));
    }
    case 'flags':
      return unpackFlags(loadInt(cx, pointer, flagsBytes(t.labels.length)), t.labels);
  }
}

function unpackFlags(i: bigint, labels: readonly string[]): WitValue {
  return labels.filter((_, at) => (i >> BigInt(at)) & 1n);
}

export function loadString(cx: Cx, pointer: number, tagged: number): string {
  let byteLength = tagged;
  let unit = 1;
  let align = 1;
  if (cx.encoding === 'utf16') {
    [byteLength, unit, align] = [2 * tagged, 2, 2];
  } else if (cx.encoding === 'latin1+utf16') {
    align = 2;
    if (tagged >= 2 ** 31) [byteLength, unit] = [2 * (tagged - 2 ** 31), 2];
  }
  trapIf(byteLength > 2 ** 28 - 1, 'length');
  trapIf(pointer !== alignTo(pointer, align), 'alignment');
  trapIf(pointer + byteLength > cx.guest.memory.length, 'bounds');
  const bytes = cx.guest.memory.slice(pointer, pointer + byteLength);
  if (unit === 1 && cx.encoding !== 'utf8') return [...bytes].map((b) => String.fromCharCode(b)).join('');
  try {
    return new TextDecoder(unit === 2 ? 'utf-16le' : 'utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Trap('text');
  }
}

function loadList(cx: Cx, pointer: number, length: number, element: ValueType): WitValue {
  trapIf(length * elemSize(element) > 2 ** 28 - 1, 'length');
  trapIf(pointer !== alignTo(pointer, alignment(element)), 'alignment');
  trapIf(pointer + length * elemSize(element) > cx.guest.memory.length, 'bounds');
  const values: WitValue[] = [];
  for (let i = 0; i < length; i++) values.push(load(cx, pointer + i * elemSize(element), element));
  return element.kind === 'u8' ? Uint8Array.from(values as number[]) : values; // loaded as u8 above
}

/** The WitValue of fields in order; `partsOf` undoes it. */
function recordOf(type: ValueType, values: WitValue[]): WitValue {
  if (type.kind !== 'record') return values;
  const record = emptyRecord();
  type.fields.forEach((f, i) => {
    record[f.name] = values[i]!;
  });
  return record;
}

type Shape = { readonly [key: string]: WitValue };

function partsOf(type: ValueType, value: WitValue): WitValue[] {
  if (type.kind === 'record') return type.fields.map((f) => (value as Shape)[f.name]!);
  return [...(value as WitValue[])];
}

/** The WitValue of a case; `matchCase` undoes it. */
function caseOf(type: ValueType, index: number, payload: WitValue | undefined): WitValue {
  switch (type.kind) {
    case 'enum':
      return type.names[index]!;
    case 'option':
      return index === 0 ? null : { some: payload! };
    case 'result':
      return index === 0 ? { ok: payload ?? null } : { err: payload ?? null };
    case 'variant':
      return payload === undefined ? { tag: type.cases[index]!.name } : { tag: type.cases[index]!.name, value: payload };
    default:
      throw new Error('no variant');
  }
}

function matchCase(type: ValueType, value: WitValue): [number, WitValue | undefined] {
  const shape = value as Shape;
  switch (type.kind) {
    case 'enum':
      return [type.names.indexOf(value as string), undefined];
    case 'option':
      return value === null ? [0, undefined] : [1, shape.some];
    case 'result':
      return 'ok' in shape ? [0, shape.ok] : [1, shape.err];
    case 'variant':
      return [type.cases.findIndex((c) => c.name === shape.tag), shape.value];
    default:
      throw new Error('no variant');
  }
}

export function store(cx: Cx, value: WitValue, type: ValueType, pointer: number): void {
  const t = despecialize(type);
  switch (t.kind) {
    case 'bool':
      return storeInt(cx, value ? 1n : 0n, pointer, 1);
    case 'int':
      return storeInt(cx, BigInt(value as number | bigint), pointer, t.bytes);
    case 'f32':
      return storeInt(cx, f32Bits(value as number), pointer, 4);
    case 'f64':
      return storeInt(cx, f64Bits(value as number), pointer, 8);
    case 'char':
      return storeInt(cx, BigInt((value as string).codePointAt(0)!), pointer, 4);
    case 'string':
      return storePair(cx, storeString(cx, value as string), pointer);
    case 'list':
      return storePair(cx, storeList(cx, value as WitValue[], t.element), pointer);
    case 'record': {
      let at = pointer;
      partsOf(type, value).forEach((part, i) => {
        const f = t.fields[i]!;
        at = alignTo(at, alignment(f));
        store(cx, part, f, at);
        at += elemSize(f);
      });
      return;
    }
    case 'variant': {
      const [index, payload] = matchCase(type, value);
      const size = discriminantBytes(t.cases.length);
      storeInt(cx, BigInt(index), pointer, size);
      const c = t.cases[index];
      if (c !== undefined) store(cx, payload!, c, alignTo(pointer + size, maxCaseAlignment(t.cases)));
      return;
    }
    case 'flags':
      return storeInt(cx, packFlags(value as string[], t.labels), pointer, flagsBytes(t.labels.length));
  }
}

function packFlags(value: readonly string[], labels: readonly string[]): bigint {
  return labels.reduce((i, label, at) => i | (value.includes(label) ? 1n << BigInt(at) : 0n), 0n);
}

function storePair(cx: Cx, [begin, length]: [number, number], pointer: number): void {
  storeInt(cx, BigInt(begin), pointer, 4);
  storeInt(cx, BigInt(length), pointer + 4, 4);
}

function storeList(cx: Cx, values: ArrayLike<WitValue>, element: ValueType): [number, number] {
  const begin = reallocate(cx, 0, 0, alignment(element), values.length * elemSize(element));
  for (let i = 0; i < values.length; i++) store(cx, values[i]!, element, begin + i * elemSize(element));
  return [begin, values.length];
}

function reallocate(cx: Cx, pointer: number, oldBytes: number, align: number, newBytes: number): number {
  const found = cx.guest.realloc(pointer, oldBytes, align, newBytes);
  trapIf(found !== alignTo(found, align), 'realloc');
  trapIf(found + newBytes > cx.guest.memory.length, 'realloc');
  return found;
}

const TAG = 2 ** 31;
const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string) => {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) bytes.set([text.charCodeAt(i) & 0xff, text.charCodeAt(i) >> 8], 2 * i);
  return bytes;
};
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const fitsLatin1 = (text: string) => [...text].every((c) => c.codePointAt(0)! < 256);

export function storeString(cx: Cx, src: string): [number, number] {
  const source = cx.sourceEncoding ?? cx.encoding;
  let simple: 'utf8' | 'utf16' | 'latin1' = source === 'latin1+utf16' ? 'latin1' : source;
  if (simple === 'latin1' && !fitsLatin1(src)) simple = 'utf16';
  const units = simple === 'utf8' ? utf8(src).length : src.length;
  switch (cx.encoding) {
    case 'utf8':
      if (simple === 'utf8') return storeCopy(cx, units, 1, 1, utf8(src));
      return storeToUtf8(cx, src, units, simple === 'utf16' ? 3 * units : 2 * units);
    case 'utf16':
      return simple === 'utf8' ? storeUtf8ToUtf16(cx, src, units) : storeCopy(cx, units, 2, 2, utf16(src));
    case 'latin1+utf16':
      if (source !== 'latin1+utf16') return storeToLatin1OrUtf16(cx, src, units);
      return simple === 'latin1' ? storeCopy(cx, units, 1, 2, latin1(src)) : storeProbablyUtf16(cx, src, units);
  }
}

function storeCopy(cx: Cx, units: number, unitBytes: number, align: number, encoded: Uint8Array): [number, number] {
  const begin = reallocate(cx, 0, 0, align, unitBytes * units);
  cx.guest.memory.set(encoded, begin);
  return [begin, units];
}

function storeToUtf8(cx: Cx, src: string, units: number, worst: number): [number, number] {
  let begin = reallocate(cx, 0, 0, 1, units);
  for (const [i, c] of [...src].entries()) {
    const point = c.codePointAt(0)!;
    if (point < 128) {
      cx.guest.memory[begin + i] = point;
      continue;
    }
    begin = reallocate(cx, begin, units, 1, worst);
    const encoded = utf8(src);
    cx.guest.memory.set(encoded.slice(i), begin + i);
    if (worst > encoded.length) begin = reallocate(cx, begin, worst, 1, encoded.length);
    return [begin, encoded.length];
  }
  return [begin, units];
}

function storeUtf8ToUtf16(cx: Cx, src: string, units: number): [number, number] {
  const worst = 2 * units;
  let begin = reallocate(cx, 0, 0, 2, worst);
  const encoded = utf16(src);
  cx.guest.memory.set(encoded, begin);
  if (encoded.length < worst) begin = reallocate(cx, begin, worst, 2, encoded.length);
  return [begin, encoded.length / 2];
}

function storeToLatin1OrUtf16(cx: Cx, src: string, units: number): [number, number] {
  const { memory } = cx.guest;
  let begin = reallocate(cx, 0, 0, 2, units);
  let written = 0;
  for (const c of src) {
    const point = c.codePointAt(0)!;
    if (point < 256) {
      memory[begin + written] = point;
      written += 1;
      continue;
    }
    const worst = 2 * units;
    begin = reallocate(cx, begin, units, 2, worst);
    for (let j = written - 1; j >= 0; j--) {
      memory[begin + 2 * j] = memory[begin + j]!;
      memory[begin + 2 * j + 1] = 0;
    }
    const encoded = utf16(src);
    memory.set(encoded.slice(2 * written), begin + 2 * written);
    if (worst > encoded.length) begin = reallocate(cx, begin, worst, 2, encoded.length);
    return [begin, encoded.length / 2 + TAG];
  }
  if (written < units) begin = reallocate(cx, begin, units, 2, written);
  return [begin, written];
}

function storeProbablyUtf16(cx: Cx, src: string, units: number): [number, number] {
  const begin = reallocate(cx, 0, 0, 2, 2 * units);
  cx.guest.memory.set(utf16(src), begin);
  return [begin, units + TAG];
}

/** Core values, one after the other. */
export type Next = () => CoreV;

export function liftFlat(cx: Cx, next: Next, type: ValueType): WitValue {
  const t = despecialize(type);
  const i32 = () => BigInt(next());
  switch (t.kind) {
    case 'bool':
      return i32() !== 0n;
    case 'int':
      return integerOf(BigInt(next()), t);
    case 'f32':
    case 'f64': {
      const f = Number(next());
      return Number.isNaN(f) ? Number.NaN : f;
    }
    case 'char':
      return charOf(i32());
    case 'string': {
      const begin = Number(i32());
      return loadString(cx, begin, Number(i32()));
    }
    case 'list': {
      const begin = Number(i32());
      return loadList(cx, begin, Number(i32()), t.element);
    }
    case 'record':
      return recordOf(
        type,
        t.fields.map((f) => liftFlat(cx, next, f)),
      );
    case 'variant':
      return liftVariant(cx, next, type, t.cases);
    case 'flags':
      return unpackFlags(i32(), t.labels);
  }
}

function liftVariant(cx: Cx, next: Next, type: ValueType, cases: Case[]): WitValue {
  const flat = flattenPayloads(cases);
  const index = Number(next());
  trapIf(index >= cases.length, 'case');
  const c = cases[index];
  const wanted = c === undefined ? [] : flattenType(c);
  const coerced = flat.map((have, at) => coerce(next(), have, wanted[at] ?? have));
  return caseOf(type, index, c === undefined ? undefined : liftFlat(cx, () => coerced.shift()!, c));
}

function coerce(value: CoreV, have: Core, want: Core): CoreV {
  const wrapped = () => BigInt(value) % 2n ** 32n;
  switch (`${have} ${want}`) {
    case 'i32 f32':
      return f32Of(BigInt(value));
    case 'i64 i32':
      return wrapped();
    case 'i64 f32':
      return f32Of(wrapped());
    case 'i64 f64':
      return f64Of(BigInt(value));
    default:
      if (have !== want) throw new Error(`no coercion from ${have} to ${want}`);
      return value;
  }
}

export function lowerFlat(cx: Cx, value: WitValue, type: ValueType): CoreV[] {
  const t = despecialize(type);
  const pair = ([begin, length]: [number, number]): CoreV[] => [BigInt(begin), BigInt(length)];
  switch (t.kind) {
    case 'bool':
      return [value ? 1n : 0n];
    case 'int':
      return [BigInt.asUintN(t.bytes === 8 ? 64 : 32, BigInt(value as number | bigint))];
    case 'f32':
    case 'f64':
      return [value as number];
    case 'char':
      return [BigInt((value as string).codePointAt(0)!)];
    case 'string':
      return pair(storeString(cx, value as string));
    case 'list':
      return pair(storeList(cx, value as WitValue[], t.element));
    case 'record':
      return partsOf(type, value).flatMap((part, i) => lowerFlat(cx, part, t.fields[i]!));
    case 'variant':
      return lowerVariant(cx, value, type, t.cases);
    case 'flags':
      return [packFlags(value as string[], t.labels)];
  }
}

function lowerVariant(cx: Cx, value: WitValue, type: ValueType, cases: Case[]): CoreV[] {
  const [index, payload] = matchCase(type, value);
  const flat = flattenPayloads(cases);
  const c = cases[index];
  const own = c === undefined ? [] : flattenType(c);
  const values = c === undefined ? [] : lowerFlat(cx, payload!, c);
  const joined = flat.map((want, at): CoreV => {
    const have = own[at];
    const given = values[at];
    if (have === undefined || given === undefined) return want.startsWith('i') ? 0n : 0;
    switch (`${have} ${want}`) {
      case 'f32 i32':
      case 'f32 i64':
        return f32Bits(Number(given));
      case 'f64 i64':
        return f64Bits(Number(given));
      default:
        return given;
    }
  });
  return [BigInt(index), ...joined];
}
