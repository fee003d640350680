import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../runtime/value/byte-reader.ts';
import { ByteWriter } from '../../../runtime/value/byte-writer.ts';

const ascending = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at % 251);

describe('a byte writer', () => {
  it('appends parts of other bytes, of any length', () => {
    const source = ascending(5000);
    for (const length of [0, 1, 23, 24, 25, 100, 4000]) {
      const out = new ByteWriter();
      out.reset(10_000, 0);
      out.u8(9);
      out.rawFrom(source, 500, length);
      out.u8(9);
      expect(out.finish()).toEqual(Uint8Array.from([9, ...source.subarray(500, 500 + length), 9]));
    }
  });

  it('gives what it wrote to one owner, small or large', () => {
    const out = new ByteWriter();
    for (const length of [10, 60_000, 70_000, 3_000_000]) {
      out.reset(2 ** 24, 0);
      out.raw(ascending(length));
      const first = out.finish();
      out.reset(2 ** 24, 0);
      out.raw(new Uint8Array(length).fill(0xee));
      out.finish();
      expect(Buffer.compare(first, ascending(length))).toBe(0);
      expect(first.byteOffset).toBe(0);
    }
  });

  it('leaves nothing of an earlier value in a buffer that it gives away', () => {
    const out = new ByteWriter();
    out.reset(2 ** 24, 0);
    out.raw(new Uint8Array(200_000).fill(0xee));
    expect(out.finish().length).toBe(200_000);
    let given = 0;
    for (let length = 65_000; length < 200_000; length += 777) {
      const again = new ByteWriter();
      again.reset(2 ** 24, 0);
      again.raw(new Uint8Array(length).fill(0xee)); // and is not finished
      again.reset(2 ** 24, 0);
      const shorter = length - (length % 2 === 0 ? 0 : 500);
      again.raw(new Uint8Array(shorter).fill(0xcc));
      const bytes = again.finish();
      expect(Buffer.compare(bytes, new Uint8Array(shorter).fill(0xcc))).toBe(0);
      const rest = new Uint8Array(bytes.buffer, bytes.length);
      expect(rest.length).toBeLessThanOrEqual(1024);
      expect(Buffer.compare(rest, new Uint8Array(rest.length))).toBe(0);
      if (rest.length > 0) given++;
    }
    expect(given).toBeGreaterThan(0);
  });

  it('refuses what it expects to be too large, without growing', () => {
    const out = new ByteWriter();
    out.reset(100, 0);
    out.u32(1);
    out.expect(96);
    expect(() => out.expect(97)).toThrow('the value takes more than 100 bytes');
    expect(() => out.expect(2 ** 40)).toThrow('the value takes more than 100 bytes');
    expect(() => out.rawFrom(new Uint8Array(200), 0, 97)).toThrow('the value takes more than 100 bytes');
    expect(() => out.room(97)).toThrow('the value takes more than 100 bytes');
    expect(out.finish()).toEqual(Uint8Array.from([1, 0, 0, 0]));
  });

  it('writes again over what was written', () => {
    const out = new ByteWriter();
    out.reset(100, 0);
    out.u8(1);
    const mark = out.mark();
    out.room(4).fill(7);
    out.u8(2);
    out.u32At(mark, 0x0403_0201);
    expect([...out.finish()]).toEqual([1, 1, 2, 3, 4, 2]);
  });
});

describe('a byte reader', () => {
  it('copies its bytes to another place, of any length, and no more than it has', () => {
    const source = ascending(5000);
    for (const length of [0, 1, 24, 25, 4000]) {
      const input = new ByteReader(source.subarray(10), 0);
      input.u8();
      const target = new Uint8Array(5000);
      input.copyTo(target, 3, length);
      expect(target.subarray(3, 3 + length)).toEqual(source.slice(11, 11 + length));
      expect(target[3 + length]).toBe(0);
      expect(() => input.copyTo(target, 0, 4990 - length)).toThrow('too few bytes');
      expect(() => input.rawView(4990 - length)).toThrow('too few bytes');
      expect(input.rawView(4989 - length).byteOffset).toBe(11 + length);
    }
  });

  it('reads numbers of every width, wherever they are', () => {
    const bytes = new Uint8Array(40);
    const view = new DataView(bytes.buffer, 3);
    view.setUint16(0, 0xfedc, true);
    view.setUint32(2, 0xfedc_ba98, true);
    view.setBigUint64(6, 0xfedc_ba98_7654_3210n, true);
    view.setFloat32(14, -1.5, true);
    view.setFloat64(18, Math.PI, true);
    const input = new ByteReader(bytes.subarray(3, 29), 0);
    expect([input.u16(), input.u32(), input.u64(), input.f32(), input.f64()]).toEqual([
      0xfedc,
      0xfedc_ba98,
      0xfedc_ba98_7654_3210n,
      -1.5,
      Math.PI,
    ]);
    expect([input.u32From(2), input.u64From(6)]).toEqual([0xfedc_ba98, 0xfedc_ba98_7654_3210n]);
    input.finish();
    expect(() => input.u8()).toThrow('too few bytes');
  });
});
