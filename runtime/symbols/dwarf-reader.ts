/** Sections that others point into, where a module has them. */
export interface DwarfStrings {
  readonly str?: Uint8Array | undefined;
  readonly lineStr?: Uint8Array | undefined;
}

/** Bytes of one number: 64 bits take 10, and compilers may fill up. */
const LEB_BYTES_MAX = 16;

/** Characters of one text. */
const TEXT_BYTES_MAX = 4_096;

const utf8 = new TextDecoder();

/** Reads what DWARF is written in: little endian, 32-bit offsets. Every method throws `RangeError` beyond the end. */
export class DwarfReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.position;
  }

  skip(bytes: number): void {
    if (bytes > this.remaining) throw new RangeError('beyond the end');
    this.position += bytes;
  }

  u8(): number {
    this.skip(1);
    return this.#view.getUint8(this.position - 1);
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    this.skip(2);
    return this.#view.getUint16(this.position - 2, true);
  }

  u32(): number {
    this.skip(4);
    return this.#view.getUint32(this.position - 4, true);
  }

  u64(): number {
    this.skip(8);
    return Number(this.#view.getBigUint64(this.position - 8, true));
  }

  leb(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < LEB_BYTES_MAX; read += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is too long');
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < LEB_BYTES_MAX; read += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale;
    }
    throw new RangeError('a number is too long');
  }

  /** A text that ends with a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.position);
    if (end < 0) throw new RangeError('beyond the end');
    const from = this.position;
    this.position = end + 1;
    return utf8.decode(this.#bytes.subarray(from, Math.min(end, from + TEXT_BYTES_MAX)));
  }

  /** A reader of the next bytes, which this one steps over. */
  sub(bytes: number): DwarfReader {
    this.skip(bytes);
    return new DwarfReader(this.#bytes.subarray(this.position - bytes, this.position));
  }

  /** A value in one of the forms that tables of files use: a text or a number. */
  form(form: number, { str, lineStr }: DwarfStrings): string | number {
    if (form === 0x08) return this.text();
    if (form === 0x0e) return textAt(str, this.u32());
    if (form === 0x1f) return textAt(lineStr, this.u32());
    if (form === 0x0b) return this.u8();
    if (form === 0x05) return this.u16();
    if (form === 0x06) return this.u32();
    if (form === 0x0f) return this.leb();
    if (form === 0x1e)
      this.skip(16); // a digest
    else if (form === 0x09) this.skip(this.leb());
    else throw new RangeError('an unknown form');
    return 0;
  }
}

function textAt(section: Uint8Array | undefined, offset: number): string {
  if (section === undefined) return '';
  const reader = new DwarfReader(section);
  reader.skip(offset);
  return reader.text();
}
