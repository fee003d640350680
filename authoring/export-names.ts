import { CodedError } from '../runtime/index.ts';
import { leb128 } from './wit/docs-sections.ts';

/** How export names begin that stand for names which a language cannot spell. */
const PREFIX = 'cm$';
const EXPORT_SECTION = 7;

/**
 * Spells an export name of the component model with letters, digits and `$` only: every other character is `$` and two
 * hexadecimal digits, so `a:b/c#d` is `cm$a$3ab$2fc$23d`. `renameExports` turns it back.
 */
export function spellExport(name: string): string {
  return PREFIX + name.replace(/[^A-Za-z0-9]/g, (char) => `$${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * Gives the exports of a core module that begin with `cm$` the names that they stand for.
 *
 * @param core - core module, not changed.
 * @returns new bytes, or the same when there is no such export.
 * @throws CodedError `author/mismatch` for something that is no core module.
 */
export function renameExports(core: Uint8Array): Uint8Array {
  const reader = new Reader(core);
  if (reader.u32() !== 0x6d736100 || reader.u32() !== 1)
    throw new CodedError('author/mismatch', 'this is not a core WebAssembly module', {
      help: 'give the module that the compiler wrote, not a component and not text',
    });
  while (!reader.isAtEnd) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.leb();
    const end = reader.at + size;
    if (id !== EXPORT_SECTION) reader.at = end;
    else {
      const body = renamedSection(reader, end);
      return Buffer.concat([core.subarray(0, start), Uint8Array.of(id), leb128(body.length), body, core.subarray(end)]);
    }
  }
  return core;
}

/** The body of an export section: a count, then for each its name, its kind and its index. */
function renamedSection(reader: Reader, end: number): Uint8Array {
  const count = reader.leb();
  const parts: Uint8Array[] = [leb128(count)];
  while (reader.at < end) {
    const name = meaning(reader.text(reader.leb()));
    const start = reader.at;
    reader.byte();
    reader.leb();
    parts.push(leb128(Buffer.byteLength(name)), Buffer.from(name), reader.bytes.subarray(start, reader.at));
  }
  return Buffer.concat(parts);
}

function meaning(name: string): string {
  if (!name.startsWith(PREFIX)) return name;
  return name.slice(PREFIX.length).replace(/\$([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Reads a core module that a compiler wrote; what runs off its end reads as 0 and ends. */
class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.at++] ?? 0;
  }

  u32(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  leb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(length: number): string {
    const start = this.at;
    this.at += length;
    return Buffer.from(this.bytes.subarray(start, this.at)).toString('utf8');
  }
}
