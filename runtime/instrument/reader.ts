import { invalid } from './faults.ts';

/**
 * Reads a core module front to back. No method reads past `end`, none allocates. Offsets count from the module's start.
 * @throws CodedError `component/invalid-core-module` from every method, for bytes that break the format.
 */
export class ModuleReader {
  readonly bytes: Uint8Array;
  /** Where the range being read ends; narrowed while a section or a body is read. */
  end: number;
  position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  byte(): number {
    if (this.position >= this.end) throw invalid(this.position, 'unexpected end');
    return this.bytes[this.position++] as number; // in range, so defined
  }

  /** Unsigned LEB128 of at most 32 bits; zero padding up to five bytes is allowed by the format. */
  u32(): number {
    const { bytes, position } = this;
    if (position + 1 >= this.end) return this.#longU32();
    const first = bytes[position] as number; // in range, so defined, as below
    if (first < 0x80) {
      this.position = position + 1;
      return first;
    }
    const second = bytes[position + 1] as number;
    if (second >= 0x80) return this.#longU32();
    this.position = position + 2;
    return (first & 0x7f) | (second << 7);
  }

  #longU32(): number {
    const offset = this.position;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw invalid(offset, 'malformed 32-bit integer');
  }

  skip(bytes: number): void {
    if (bytes > this.end - this.position) throw invalid(this.position, `unexpected end, ${bytes} bytes wanted`);
    this.position += bytes;
  }

  /** A length of a vector whose items have at least one byte each, so that it can be no more than what is left. */
  count(what: string): number {
    const offset = this.position;
    const count = this.u32();
    if (count > this.end - this.position) throw invalid(offset, `the number of ${what} (${count}) passes the section`);
    return count;
  }

  /** Steps over a name. @returns its bytes, a view. */
  name(): Uint8Array {
    const length = this.u32();
    this.skip(length);
    return this.bytes.subarray(this.position - length, this.position);
  }
}
