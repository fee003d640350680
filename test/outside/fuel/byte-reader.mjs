const utf8 = new TextDecoder();

/** Reads the binary format's smallest parts, one after the other. */
export class ByteReader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    const value = this.bytes[this.at];
    this.at += 1;
    return value;
  }

  u32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** Passes a LEB128 number of any size and sign. */
  skipLeb() {
    while (this.byte() >= 0x80);
  }

  /** Calls `read` as often as the vector has items. */
  each(read) {
    for (let left = this.u32(); left > 0; left -= 1) read();
  }

  name() {
    const length = this.u32();
    this.at += length;
    return utf8.decode(this.bytes.subarray(this.at - length, this.at));
  }
}
