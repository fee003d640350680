import { CodedError } from '../error.ts';
import { charge } from './budget.ts';

const START_BYTES = 16 * 1024;
/** A buffer that has grown past this is not kept for the next value. */
const KEEP_BYTES = 1024 * 1024;
/** A value that takes more than this, and nearly all of the buffer, is given away with the buffer. */
const COPY_BYTES = 64 * 1024;
/** Bytes of the buffer that may be left over then. */
const SPARE_BYTES = 1024;
/** Up to this many bytes a loop beats the call into the engine's copy. */
const SHORT_BYTES = 24;
/** Below this many UTF-16 units a loop beats the call into the engine's encoder. */
const SHORT_UNITS = 24;

const utf8 = new TextEncoder();

/**
 * Appends fixed-width little-endian integers, floats and text to one growing buffer.
 *
 * The buffer is kept from one value to the next; `finish` copies out of it. `reset` before each use. All sizes in bytes.
 */
export class ByteWriter {
  private bytes = new Uint8Array(START_BYTES);
  private view = new DataView(this.bytes.buffer);
  private at = 0;
  private bytesMax = 0;
  private slotsLeft = 0;

  reset(bytesMax: number, slotsMax: number): void {
    if (this.bytes.length > KEEP_BYTES) this.replace(START_BYTES);
    this.at = 0;
    this.bytesMax = bytesMax;
    this.slotsLeft = slotsMax;
  }

  /** @throws CodedError `params/too-large` */
  charge(slots: number): void {
    this.slotsLeft = charge(this.slotsLeft, slots);
  }

  u8(value: number): void {
    const at = this.take(1);
    this.bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.take(2);
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.take(4);
    this.view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.take(8);
    this.view.setBigUint64(at, value, true);
  }

  f32(value: number): void {
    const at = this.take(4);
    this.view.setFloat32(at, value, true);
  }

  f64(value: number): void {
    const at = this.take(8);
    this.view.setFloat64(at, value, true);
  }

  raw(value: Uint8Array): void {
    const at = this.take(value.byteLength);
    this.bytes.set(value, at);
  }

  /** Appends `length` bytes of `source` from `start`, which must be in it. */
  rawFrom(source: Uint8Array, start: number, length: number): void {
    const at = this.take(length);
    if (length > SHORT_BYTES) return this.bytes.set(source.subarray(start, start + length), at);
    for (let index = 0; index < length; index++) this.bytes[at + index] = source[start + index]!;
  }

  /** Refuses what will take so many bytes more, before any work is done for it. @throws CodedError `params/too-large` */
  expect(size: number): void {
    if (this.at + size > this.bytesMax) throw this.tooLarge();
  }

  /** The next `size` bytes, for the caller to fill before anything else is written; until then they hold anything. */
  room(size: number): Uint8Array {
    const at = this.take(size);
    return this.bytes.subarray(at, at + size);
  }

  /** Where the next write starts, for `u32At`. */
  mark(): number {
    return this.at;
  }

  /** Writes again over what was written. */
  u32At(mark: number, value: number): void {
    this.view.setUint32(mark, value, true);
  }

  /** u32 length in bytes, then UTF-8. @param value - without lone surrogates, which the encoder would replace. */
  text(value: string): void {
    if (value.length <= SHORT_UNITS && this.shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    this.u32(length);
    const start = this.take(length);
    utf8.encodeInto(value, this.bytes.subarray(start, start + length));
  }

  /** @returns bytes that nobody else holds, with at most 1 KiB of zeros behind them in their buffer. */
  finish(): Uint8Array {
    if (this.at <= COPY_BYTES || this.bytes.length - this.at > SPARE_BYTES) return this.bytes.slice(0, this.at);
    const given = this.bytes.fill(0, this.at).subarray(0, this.at);
    this.at = 0;
    this.replace(START_BYTES);
    return given;
  }

  /**
   * What was written: a view that is right until the writer is next used, or for much of it the buffer itself. Giving each
   * short value a buffer of its own costs more than all the rest of it.
   */
  written(): Uint8Array {
    return this.at > COPY_BYTES ? this.finish() : this.bytes.subarray(0, this.at);
  }

  /** Writes nothing and says false when a character is not ASCII. */
  private shortAscii(value: string): boolean {
    const length = value.length;
    const start = this.take(4 + length);
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.at = start;
        return false;
      }
      this.bytes[start + 4 + index] = code;
    }
    this.view.setUint32(start, length, true);
    return true;
  }

  /** Room for the next `size` bytes; where they start. May replace `bytes` and `view`: call it before either is read. */
  private take(size: number): number {
    const start = this.at;
    const end = start + size;
    if (end > this.bytesMax) throw this.tooLarge();
    if (end > this.bytes.length) this.replace(Math.max(end + SPARE_BYTES, this.bytes.length * 2));
    this.at = end;
    return start;
  }

  private tooLarge(): CodedError {
    return new CodedError('params/too-large', `the value takes more than ${this.bytesMax} bytes`, {
      data: { limit: 'bytesMax', bytesMax: this.bytesMax },
    });
  }

  private replace(capacity: number): void {
    const old = this.bytes;
    this.bytes = new Uint8Array(capacity);
    this.bytes.set(old.subarray(0, Math.min(this.at, capacity)));
    this.view = new DataView(this.bytes.buffer);
  }
}
