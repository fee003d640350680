import type { ValueType } from '../../runtime/component/types.ts';
import type { WitValue } from '../../runtime/value/index.ts';
import type { Encoding } from './assembly.ts';
import { alignmentOf, alignTo, despecialize, discriminantBytes, fieldsAt, flagBytes, payloadAt, sizeOf } from './spec-layout.ts';

/**
 * Data of a guest: values laid out in its memory as CanonicalABI.md's `store` does it, before anything runs. Padding is
 * filled with 0xa5, as nobody may look at it.
 */
export class GuestData {
  readonly base: number;
  readonly #encoding: Encoding;
  #bytes = new Uint8Array(1024);
  #end = 0;

  /** @param base - address of the first byte; a multiple of 8. */
  constructor(base: number, encoding: Encoding) {
    this.base = base;
    this.#encoding = encoding;
  }

  /** The first address after the data. */
  get end(): number {
    return this.base + this.#end;
  }

  /** Lays out a value. @returns its address. */
  place(type: ValueType, value: WitValue): number {
    const at = this.reserve(alignmentOf(type), sizeOf(type));
    this.#store(type, value, at);
    return at;
  }

  /** Room that is filled later. @returns its address. */
  reserve(alignment: number, size: number): number {
    const at = alignTo(this.#end, alignment);
    this.#end = at + size;
    if (this.#end > this.#bytes.length) {
      const larger = new Uint8Array(this.#end * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(0xa5, at, this.#end);
    return this.base + at;
  }

  /** A data segment as text. */
  segment(): string {
    const bytes = [...this.#bytes.subarray(0, this.#end)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`);
    return `(data (i32.const ${this.base}) "${bytes.join('')}")`;
  }

  #store(type: ValueType, value: WitValue, at: number): void {
    const plain = despecialize(type);
    switch (plain.kind) {
      case 'int':
        return this.#storeInt(at, plain.bytes, BigInt(intOf(type, value)));
      case 'float':
        return this.#storeFloat(at, plain.bytes, value as number); // a float's value
      case 'flags':
        return this.#storeInt(at, flagBytes(plain.labels), bitsOf(type, value));
      case 'pair':
        return this.#storePair(type, value, at);
      case 'record': {
        const offsets = fieldsAt(plain.fields);
        for (const [index, part] of partsOf(type, value).entries()) this.#store(plain.fields[index]!, part, at + offsets[index]!);
        return undefined;
      }
      case 'variant': {
        const [index, payload] = caseOf(type, value);
        this.#storeInt(at, discriminantBytes(plain.cases.length), BigInt(index));
        const of = plain.cases[index];
        if (of !== undefined) this.#store(of, payload as WitValue, at + payloadAt(plain.cases)); // a case with a payload
        return undefined;
      }
    }
  }

  #storePair(type: ValueType, value: WitValue, at: number): void {
    const [pointer, length] = type.kind === 'list' ? this.#list(type.element, value) : this.#text(value as string); // else a string
    this.#storeInt(at, 4, BigInt(pointer));
    this.#storeInt(at + 4, 4, BigInt(length));
  }

  #list(element: ValueType, value: WitValue): [pointer: number, length: number] {
    const items = value instanceof Uint8Array ? [...value] : (value as readonly WitValue[]); // a list's value
    const size = sizeOf(element);
    const pointer = this.reserve(alignmentOf(element), size * items.length);
    for (const [index, item] of items.entries()) this.#store(element, item, pointer + index * size);
    return [pointer, items.length];
  }

  /** `store_string_into_range`. */
  #text(text: string): [pointer: number, length: number] {
    if (this.#encoding === 'utf8') return this.#raw(Buffer.from(text, 'utf8'), 1, 1);
    if (this.#encoding === 'utf16') return this.#raw(Buffer.from(text, 'utf16le'), 2, 2);
    if ([...text].every((char) => char <= '\u00ff')) return this.#raw(Buffer.from(text, 'latin1'), 2, 1);
    const [pointer, length] = this.#raw(Buffer.from(text, 'utf16le'), 2, 2);
    return [pointer, (length | 0x8000_0000) >>> 0]; // the tag of UTF-16
  }

  #raw(bytes: Uint8Array, alignment: number, unit: number): [pointer: number, length: number] {
    const pointer = this.reserve(alignment, bytes.length);
    this.#bytes.set(bytes, pointer - this.base);
    return [pointer, bytes.length / unit];
  }

  #storeInt(at: number, bytes: number, value: bigint): void {
    for (let each = 0; each < bytes; each++) this.#bytes[at - this.base + each] = Number((value >> BigInt(8 * each)) & 0xffn);
  }

  #storeFloat(at: number, bytes: 4 | 8, value: number): void {
    const view = new DataView(this.#bytes.buffer);
    if (bytes === 4) view.setFloat32(at - this.base, value, true);
    else view.setFloat64(at - this.base, value, true);
  }
}

function intOf(type: ValueType, value: WitValue): number | bigint {
  if (type.kind === 'bool') return value === true ? 1 : 0;
  if (type.kind === 'char') return (value as string).codePointAt(0)!; // a char's value
  return value as number | bigint; // an integer's value
}

function bitsOf(type: ValueType, value: WitValue): bigint {
  const names = type.kind === 'flags' ? type.names : [];
  return (value as readonly string[]).reduce((bits, name) => bits | (1n << BigInt(names.indexOf(name))), 0n); // flags' value
}

function partsOf(type: ValueType, value: WitValue): readonly WitValue[] {
  if (type.kind === 'tuple') return value as readonly WitValue[]; // a tuple's value
  const record = value as { readonly [field: string]: WitValue }; // the only other kind with fields
  return type.kind === 'record' ? type.fields.map((field) => record[field.name]!) : [];
}

/** The index of the case and its payload. */
function caseOf(type: ValueType, value: WitValue): [index: number, payload: WitValue | undefined] {
  if (type.kind === 'enum') return [type.names.indexOf(value as string), undefined]; // an enum's value
  if (type.kind === 'option') return value === null ? [0, undefined] : [1, (value as { some: WitValue }).some]; // an option's value
  const tagged = value as { tag: string; value?: WitValue; ok?: WitValue; err?: WitValue }; // a variant's or result's value
  if (type.kind === 'result') return 'ok' in tagged ? [0, tagged.ok] : [1, tagged.err];
  const cases = type.kind === 'variant' ? type.cases : [];
  return [cases.findIndex((item) => item.name === tagged.tag), tagged.value];
}
