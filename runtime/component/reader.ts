import { CodedError } from '../error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Quotes text of the binary for a message: on one line, at most 80 characters. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return `\`${short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029`]/g, '?')}\``;
}

/** The error for bytes that break a rule of the format. `problem` has no offset: it is added here. */
export function malformed(offset: number, problem: string): CodedError {
  return new CodedError('component/malformed', `${problem} at byte ${offset}`, { data: { offset } });
}

/** The error for a valid binary that passes one of `DecodeLimits`; `limit` is that limit's name. */
export function tooLarge(offset: number, limit: string, max: number, what: string): CodedError {
  return new CodedError('component/too-large', `${what} at byte ${offset} pass the limit of ${max} (\`${limit}\`)`, {
    data: { offset, limit, max },
  });
}

/** The error for a feature of the format that this runtime does not read. */
export function unsupported(offset: number, what: string): CodedError {
  return new CodedError('component/unsupported', `${what} at byte ${offset} is not supported`, { data: { offset } });
}

/**
 * Reads a range of a binary, front to back. No method reads past the range's end, and none allocates more than the
 * range has bytes. All offsets count from the start of the whole binary, also in a reader of one section.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;
  readonly nameBytesMax: number;

  constructor(bytes: Uint8Array, start: number, end: number, nameBytesMax: number) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.nameBytesMax = nameBytesMax;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** The next byte without taking it; -1 at the end. */
  peek(): number {
    return this.position < this.end ? (this.bytes[this.position] as number) : -1; // in range, so defined
  }

  /** Takes one byte. Throws `component/malformed` naming `what` when there is none. */
  byte(what: string): number {
    if (this.position >= this.end) throw malformed(this.position, `expected ${what}, found the end`);
    return this.bytes[this.position++] as number; // in range, so defined
  }

  /** Takes one byte that must have this value. */
  expect(value: number, what: string): void {
    const offset = this.position;
    const found = this.byte(what);
    if (found !== value) throw malformed(offset, `expected ${what} (${hex(value)}), found ${hex(found)}`);
  }

  /** Takes a byte that must be 0 or 1. */
  flag(what: string): boolean {
    const offset = this.position;
    const found = this.byte(what);
    if (found > 1) throw malformed(offset, `expected ${what} (0x00 or 0x01), found ${hex(found)}`);
    return found === 1;
  }

  /**
   * Takes an unsigned LEB128 integer of 32 bits. Zero padding up to five bytes is the format's own allowance (linkers
   * use it); a sixth byte or bits beyond the 32nd are refused.
   */
  u32(what: string): number {
    const offset = this.position;
    let value = 0;
    for (let index = 0; index < 5; index++) {
      const byte = this.byte(what);
      if (index === 4 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw malformed(offset, `expected ${what} as an unsigned 32-bit LEB128 integer`);
  }

  /** Takes an unsigned LEB128 integer of 64 bits, as the nearest number. */
  u64(what: string): number {
    const offset = this.position;
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.byte(what);
      if (index === 9 && byte > 0x01) break;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw malformed(offset, `expected ${what} as an unsigned 64-bit LEB128 integer`);
  }

  /** Steps over a signed LEB128 integer of at most `bytesMax` bytes. */
  skipSigned(bytesMax: number, what: string): void {
    const offset = this.position;
    for (let index = 0; index < bytesMax; index++) if (this.byte(what) < 0x80) return;
    throw malformed(offset, `expected ${what} in at most ${bytesMax} bytes`);
  }

  /** Takes a type index where a negative number would be a type's opcode: a signed LEB128 integer of 33 bits, 0 or more. */
  typeIndex(what: string): number {
    const offset = this.position;
    const value = this.u32(what);
    const last = this.bytes[this.position - 1] as number; // `u32` took at least one byte
    if (this.position - offset < 5 && (last & 0x40) !== 0) throw malformed(offset, `expected ${what}, found a negative number`);
    return value;
  }

  /** Takes the length of a vector whose items have at least `itemBytesMin` bytes, so it can be no more than what is left. */
  count(what: string, itemBytesMin = 1): number {
    const offset = this.position;
    const count = this.u32(`the number of ${what}`);
    if (count * itemBytesMin > this.remaining) {
      throw malformed(offset, `expected ${count} ${what}, found ${this.remaining} bytes for them`);
    }
    return count;
  }

  /** Takes a length-prefixed UTF-8 name. */
  name(what: string): string {
    const offset = this.position;
    const length = this.u32(`the length of ${what}`);
    if (length > this.remaining) {
      throw malformed(offset, `expected ${what} of ${length} bytes, found ${this.remaining}`);
    }
    if (length > this.nameBytesMax) throw tooLarge(offset, 'nameBytesMax', this.nameBytesMax, `the bytes of ${what}`);
    const start = this.position;
    this.position += length;
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw malformed(start, `expected ${what} in UTF-8`);
    }
  }

  /** A reader of its own from a place that this one has passed. */
  from(position: number): ByteReader {
    return new ByteReader(this.bytes, position, this.end, this.nameBytesMax);
  }

  /** Takes the next `length` bytes as a reader of their own; offsets keep counting from the start of the binary. */
  range(length: number, what: string): ByteReader {
    if (length > this.remaining) {
      throw malformed(this.position, `expected ${what} of ${length} bytes, found ${this.remaining}`);
    }
    const start = this.position;
    this.position += length;
    return new ByteReader(this.bytes, start, start + length, this.nameBytesMax);
  }

  /** Checks that every byte was taken. */
  finish(what: string): void {
    if (this.position !== this.end) {
      throw malformed(this.position, `expected the end of ${what}, found ${this.remaining} more bytes`);
    }
  }
}

/** A byte as messages show it. */
export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

/** A word with its article: `a type`, `an instance`. */
export function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}
