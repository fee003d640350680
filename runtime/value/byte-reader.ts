import { CodedError } from '../error.ts';
import { charge } from './budget.ts';

/** Below this many bytes a loop beats the call into the engine's decoder. */
const SHORT_BYTES = 16;
/** Up to this many bytes a loop beats the call into the engine's copy. */
const SHORT_COPY_BYTES = 24;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what `ByteWriter` wrote and nothing else: every read is checked against the end. Offsets and sizes in bytes. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  /** Made when it is needed: it costs more than a short value takes to read. */
  private view: DataView | undefined;
  private readonly end: number;
  private at = 0;
  private slotsLeft: number;

  /** @param bytes - read only; not kept by any value that is read from them. */
  constructor(bytes: Uint8Array, slotsMax: number) {
    this.bytes = bytes;
    this.end = bytes.byteLength;
    this.slotsLeft = slotsMax;
  }

  /** @throws CodedError `params/too-large` */
  charge(slots: number): void {
    this.slotsLeft = charge(this.slotsLeft, slots);
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  u16(): number {
    const at = this.take(2);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  u32(): number {
    return this.u32From(this.take(4));
  }

  u64(): bigint {
    return this.numbers().getBigUint64(this.take(8), true);
  }

  f32(): number {
    return this.numbers().getFloat32(this.take(4), true);
  }

  f64(): number {
    return this.numbers().getFloat64(this.take(8), true);
  }

  /** Where the next read starts, for `u32From` and `u64From`. */
  mark(): number {
    return this.at;
  }

  /** Reads again what an earlier read went over. */
  u32From(mark: number): number {
    const { bytes } = this;
    return (bytes[mark]! | (bytes[mark + 1]! << 8) | (bytes[mark + 2]! << 16) | (bytes[mark + 3]! << 24)) >>> 0;
  }

  u64From(mark: number): bigint {
    return this.numbers().getBigUint64(mark, true);
  }

  /** A copy. */
  raw(length: number): Uint8Array {
    const start = this.take(length);
    // Not `slice`, which asks the input's own class: that of a Buffer gives a view.
    if (length > SHORT_COPY_BYTES) return new Uint8Array(this.bytes.subarray(start, start + length));
    const copy = new Uint8Array(length); // a list of short lists would make as many views, each larger than what it shows
    for (let index = 0; index < length; index++) copy[index] = this.bytes[start + index]!;
    return copy;
  }

  /** Copies the next `length` bytes to `target` at `at`, where there must be room for them. */
  copyTo(target: Uint8Array, at: number, length: number): void {
    const start = this.take(length);
    if (length > SHORT_COPY_BYTES) return target.set(this.bytes.subarray(start, start + length), at);
    for (let index = 0; index < length; index++) target[at + index] = this.bytes[start + index]!;
  }

  /** A view, of the bytes as they are: for callers that do not keep it. */
  rawView(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  /**
   * A u32 count of elements that take at least `bytesEach`, refused before anything is made for them when the bytes
   * that are left cannot hold as many.
   */
  count(bytesEach: number): number {
    const count = this.u32();
    if (count * bytesEach > this.end - this.at) throw this.malformed('a count that passes its end');
    return count;
  }

  text(): string {
    const length = this.u32();
    const start = this.take(length);
    if (length <= SHORT_BYTES) {
      let text = '';
      let index = start;
      for (; index < start + length && this.bytes[index]! < 0x80; index++) text += String.fromCharCode(this.bytes[index]!);
      if (index === start + length) return text;
    }
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw this.malformed('text that is not UTF-8');
    }
  }

  /** @throws CodedError `params/invalid` when bytes are left over. */
  finish(): void {
    if (this.at !== this.end) throw this.malformed('bytes after its end');
  }

  /** To be thrown: the bytes are not what the encoder writes for any value of the type. */
  malformed(what: string): CodedError {
    return new CodedError('params/invalid', `the encoded value has ${what}, near byte ${this.at}`, { data: { offset: this.at } });
  }

  private numbers(): DataView {
    const { bytes } = this;
    this.view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.view;
  }

  private take(size: number): number {
    const start = this.at;
    if (size > this.end - start) throw this.malformed('too few bytes');
    this.at = start + size;
    return start;
  }
}
