/** Text that goes into a query or a line for people. */

const HEX: string = '0123456789ABCDEF';
const PERCENT: i32 = 0x25;
const QUOTE: i32 = 0x22;
const BACKSLASH: i32 = 0x5c;

/** Whether every surrogate in `text` has its other half. */
export function isWellFormed(text: string): bool {
  for (let at = 0; at < text.length; at++) {
    const kind = text.charCodeAt(at) & 0xfc00;
    if (kind == 0xdc00) return false;
    if (kind != 0xd800) continue;
    at++;
    if (at == text.length || (text.charCodeAt(at) & 0xfc00) != 0xdc00) return false;
  }
  return true;
}

/** A text that grows in place: strings joined one character at a time would take the square of their length, never freed. */
class Builder {
  private units: Uint16Array;
  private length: i32 = 0;

  constructor(unitsMax: i32) {
    this.units = new Uint16Array(unitsMax);
  }

  push(unit: i32): void {
    this.units[this.length++] = <u16>unit;
  }

  /** `value` in as many hexadecimal digits. */
  pushHex(value: i32, digits: i32): void {
    for (let shift = (digits - 1) << 2; shift >= 0; shift -= 4) this.push(HEX.charCodeAt((value >> shift) & 15));
  }

  toString(): string {
    return String.UTF16.decodeUnsafe(this.units.dataStart, this.length << 1);
  }
}

/** The UTF-8 of `text`, well-formed, with all but the unreserved characters of RFC 3986 percent-encoded. */
export function percentEncoded(text: string): string {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  const encoded = new Builder(bytes.length * 3);
  for (let at = 0; at < bytes.length; at++) {
    const byte = <i32>bytes[at];
    if (isUnreserved(byte)) {
      encoded.push(byte);
    } else {
      encoded.push(PERCENT);
      encoded.pushHex(byte, 2);
    }
  }
  return encoded.toString();
}

function isUnreserved(byte: i32): bool {
  const letter = byte | 0x20;
  if ((letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39)) return true;
  return byte == 0x2d || byte == 0x2e || byte == 0x5f || byte == 0x7e;
}

/** `words` as a JSON list in printable ASCII: nothing in it can end the line, or turn or hide what stands beside it. */
export function jsonList(words: string[]): string {
  return '[' + words.map<string>((word) => '"' + jsonEscaped(word) + '"').join(',') + ']';
}

function jsonEscaped(text: string): string {
  const escaped = new Builder(text.length * 6);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const plain = unit >= 0x20 && unit <= 0x7e;
    if (!plain || unit == QUOTE || unit == BACKSLASH) escaped.push(BACKSLASH);
    if (plain) {
      escaped.push(unit);
    } else {
      escaped.push(0x75);
      escaped.pushHex(unit, 4);
    }
  }
  return escaped.toString();
}
