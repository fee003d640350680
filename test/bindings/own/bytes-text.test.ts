import { describe, expect, it } from 'vitest';
import { bytesCodec } from '../../../runtime/bindings/own/bytes-codec.ts';
import type { CoreValue } from '../../../runtime/bindings/own/codec.ts';
import type { StringEncoding } from '../../../runtime/component/definitions.ts';
import { ByteReader } from '../../../runtime/value/byte-reader.ts';
import { ByteWriter } from '../../../runtime/value/byte-writer.ts';
import { encodeValue } from '../../../runtime/value/index.ts';
import { FakeGuest } from './bytes-guest.ts';

const text = bytesCodec({ kind: 'string' });

function lowered(guest: FakeGuest, value: string): CoreValue[] {
  const flat = { values: [] as CoreValue[], at: 0 };
  text.lower(guest.abi, flat, new ByteReader(encodeValue(value, { kind: 'string' }), 0));
  return flat.values;
}

function lifted(guest: FakeGuest, values: CoreValue[]): Uint8Array {
  const out = new ByteWriter();
  out.reset(2 ** 24, 0);
  text.lift(guest.abi, { values, at: 0 }, out);
  return out.finish();
}

/** What a guest finds where the core values point to. */
function found(guest: FakeGuest, [pointer, tagged]: CoreValue[]): string {
  const wide = guest.abi.encoding === 'utf16' || (guest.abi.encoding === 'latin1+utf16' && Number(tagged) >= 2 ** 31);
  const units = Number(tagged) % 2 ** 31;
  const bytes = Buffer.from(guest.memory.buffer, Number(pointer), wide ? 2 * units : units);
  if (wide) return bytes.toString('utf16le');
  return bytes.toString(guest.abi.encoding === 'utf8' ? 'utf8' : 'latin1');
}

const UNITS = ['a', '\0', 'é', 'ÿ', 'Ā', '漢', '😀', '\u{10ffff}', '\ufeff', '\ufffd'];
// Around each length from which another way is taken.
const LENGTHS = [0, 1, 3, 4, 5, 15, 16, 17, 24, 25, 31, 32, 33, 170, 255, 256, 257, 511, 512, 513, 1023, 1025, 5000];

describe('text', () => {
  for (const encoding of ['utf8', 'utf16', 'latin1+utf16'] satisfies StringEncoding[]) {
    it(`arrives at a guest that has ${encoding}, and comes back, whatever its length`, () => {
      for (const unit of UNITS) {
        for (const length of LENGTHS) {
          for (const value of [unit.repeat(length), `${'a'.repeat(length)}${unit}`, `${unit}${'a'.repeat(length)}`]) {
            const guest = new FakeGuest(encoding);
            const values = lowered(guest, value);
            const at = `${JSON.stringify(unit)} of ${length}`;
            expect(found(guest, values) === value, at).toBe(true);
            expect(Buffer.compare(lifted(guest, values), encodeValue(value, { kind: 'string' })), at).toBe(0);
          }
        }
      }
    });

    it(`takes one allocation of its size from a guest that has ${encoding}`, () => {
      for (const [value, bytes] of SIZES[encoding]) {
        for (const times of [1, 1000]) {
          const guest = new FakeGuest(encoding);
          lowered(guest, value.repeat(times));
          expect(guest.asked).toEqual([[0, 0, encoding === 'utf8' ? 1 : 2, bytes * times]]);
        }
      }
    });
  }

  it('takes no bytes over the limit, in any encoding', () => {
    for (const encoding of ['utf8', 'utf16', 'latin1+utf16'] as const) {
      for (const value of ['é'.repeat(10), 'é'.repeat(1000), '漢'.repeat(10), '漢'.repeat(1000)]) {
        const guest = new FakeGuest(encoding);
        const values = lowered(guest, value);
        const size = 4 + Buffer.byteLength(value);
        const out = new ByteWriter();
        out.reset(size - 1, 0);
        const lift = () => text.lift(guest.abi, { values, at: 0 }, out);
        expect(lift).toThrow(`the value takes more than ${size - 1} bytes`);
        out.reset(size, 0);
        lift();
        expect(out.finish().length).toBe(size);
      }
    }
  });
});

const SIZES: Readonly<Record<StringEncoding, readonly (readonly [string, number])[]>> = {
  utf8: [
    ['', 0],
    ['ab', 2],
    ['é', 2],
    ['漢', 3],
  ],
  utf16: [
    ['', 0],
    ['ab', 4],
    ['é', 2],
    ['漢', 2],
    ['😀', 4],
  ],
  'latin1+utf16': [
    ['', 0],
    ['ab', 2],
    ['é', 1],
    ['漢a', 4],
    ['😀', 4],
  ],
};
