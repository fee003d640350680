/** Longest LEB128 form of a 32-bit integer, in bytes. */
const U32_BYTES = 5;

/** A growable buffer of bytes. `bytes` is replaced when it grows: read it anew, or use `done`. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(Math.max(capacity, 64));
  }

  /** Makes room for so many more bytes. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length + (this.bytes.length >> 1)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** An instruction with one index. */
  instruction(op: number, index: number): void {
    this.reserve(1 + U32_BYTES);
    this.bytes[this.length++] = op;
    if (index < 0x80) this.bytes[this.length++] = index;
    else this.u32(index);
  }

  /** Unsigned LEB128, shortest form. */
  u32(value: number): void {
    this.reserve(U32_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.trunc(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** Signed LEB128 of an integer from 0 to 2^53 - 1. */
  positive(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x40) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.trunc(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  copy(source: Uint8Array, from = 0, to = source.length): void {
    const size = to - from;
    this.reserve(size);
    // A loop beats the call into the engine for the short runs between two changes.
    if (size > 48) this.bytes.set(source.subarray(from, to), this.length);
    else for (let at = 0; at < size; at += 1) this.bytes[this.length + at] = source[from + at] as number; // in range
    this.length += size;
  }

  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u32(encoded.length);
    this.copy(encoded);
  }

  /** Begins a part that carries its own length in front. @returns a mark for `close`. */
  open(): number {
    this.reserve(U32_BYTES);
    this.length += U32_BYTES;
    return this.length;
  }

  /** Ends the part begun at `mark`: writes its length, shortest form, and closes the gap. @returns its length. */
  close(mark: number): number {
    const size = this.length - mark;
    const end = this.length;
    this.length = mark - U32_BYTES;
    this.u32(size);
    this.bytes.copyWithin(this.length, mark, end);
    this.length += size;
    return size;
  }

  /** What was written: a view of the buffer. */
  done(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
