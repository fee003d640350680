import { CodedError } from '../../../runtime/index.ts';

/** One section of a core module. */
export interface Section {
  readonly id: number;
  /** A view of the module, not a copy. */
  readonly body: Uint8Array;
}

/** Ids of the sections that matter here, by the core specification's names. */
export const SECTION = { memory: 5, global: 6, export: 7, start: 8, data: 11, dataCount: 12 } as const;

/** Magic number and version 1. */
const HEADER_BYTES = 8;

/** Reads LEB128 numbers and names from one section or module, from the start. */
export class SectionReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new CodedError('internal/invariant', 'the core module of the engine ends too early');
    this.at += 1;
    return byte;
  }

  /** An unsigned LEB128 number below 2^32. */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  /** Passes over one LEB128 number of any size. */
  skipLeb(): void {
    while (this.byte() >= 128);
  }

  /** @returns a view of the next bytes. */
  take(length: number): Uint8Array {
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  name(): string {
    return Buffer.from(this.take(this.u32())).toString('utf8');
  }
}

/** @returns the sections of a core module that compiled, in its order. */
export function readSections(module: Uint8Array): Section[] {
  const sections: Section[] = [];
  const reader = new SectionReader(module, HEADER_BYTES);
  while (!reader.done) sections.push({ id: reader.byte(), body: reader.take(reader.u32()) });
  return sections;
}

/** @returns a core module of these sections. */
export function writeModule(sections: readonly Section[]): Uint8Array {
  const parts = sections.flatMap(({ id, body }) => [Uint8Array.of(id), leb(body.length), body]);
  return Buffer.concat([Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), ...parts]);
}

/** @param value - a whole number, 0 to 2^53-1. @returns unsigned LEB128. */
export function leb(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** @param value - any number that a constant of 32 or 64 bits holds. @returns signed LEB128. */
export function signedLeb(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 127n);
    if (rest >> 6n === 0n || rest >> 6n === -1n) return Uint8Array.from([...bytes, low]);
    bytes.push(low | 128);
  }
}

/** @returns a text with its length before it, as names stand in a module. */
export function nameBytes(name: string): Uint8Array {
  const text = Buffer.from(name, 'utf8');
  return Buffer.concat([leb(text.length), text]);
}
