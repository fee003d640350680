import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { demangle, oneLine } from '../../runtime/symbols/demangle.ts';
import { findLines } from '../../runtime/symbols/dwarf-lines.ts';

/* Debug information that somebody made to hurt whoever asks where a guest trapped. */

const u32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** One unit of version 4 with a file `a.c`: lines by opcodes, so that special ones begin at 13. */
function unit(program: readonly number[] | Uint8Array): Uint8Array {
  const table = [0, ...Buffer.from('a.c'), 0, 0, 0, 0, 0];
  const rest = [1, 1, 1, 0xfb, 14, 13, ...[0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1], ...table];
  const size = 2 + 4 + rest.length + program.length;
  return Buffer.concat([Uint8Array.from([...u32(size), 4, 0, ...u32(rest.length), ...rest]), Uint8Array.from(program)]);
}

const setAddress = (address: number): number[] => [0, 5, 2, ...u32(address)];
const END = [0, 1, 1];
const ADVANCE_4 = [2, 4];
/** 7 bits in each byte but the last: far above 2^53. */
const HUGE = [...Array<number>(12).fill(0xff), 0x3f];

describe('a hostile `.debug_line`', () => {
  it('is read as long as it is in order', () => {
    const lines = unit([...setAddress(16), 3, 6, 1, ...ADVANCE_4, 3, 2, 5, 7, 1, ...ADVANCE_4, ...END]);
    expect(findLines(lines, {}, [15, 16, 19, 20, 24])).toEqual(
      new Map([
        [16, { file: 'a.c', line: 7 }],
        [19, { file: 'a.c', line: 7 }],
        [20, { file: 'a.c', line: 9, column: 7 }],
      ]),
    );
  });

  it.each([
    ['a line above 2^53', [3, ...HUGE]],
    ['a line below 1', [3, 0x40]],
  ])('gives no line for %s: what is told of it crosses to the trusted side as a count', (_, advance) => {
    const lines = unit([...setAddress(16), ...advance, 1, ...ADVANCE_4, ...END]);
    expect(findLines(lines, {}, [16])).toEqual(new Map());
  });

  it('gives a line without a column above 2^53', () => {
    const lines = unit([...setAddress(16), 5, ...HUGE, 1, ...ADVANCE_4, ...END]);
    expect(findLines(lines, {}, [16])).toEqual(new Map([[16, { file: 'a.c', line: 1 }]]));
  });

  it('has numbers of no more than some bytes, and what follows in other units is read', () => {
    const endless = unit([...setAddress(16), 2, ...Array<number>(1000).fill(0x80), 0, 1, ...END]);
    const fine = unit([...setAddress(16), 1, ...ADVANCE_4, ...END]);
    expect(findLines(endless, {}, [16])).toEqual(new Map());
    expect(findLines(Buffer.concat([endless, fine]), {}, [16])).toEqual(new Map([[16, { file: 'a.c', line: 1 }]]));
  });

  it('has no room of ours for a row a byte', async () => {
    const rows = new Uint8Array(8_000_000).fill(1);
    const lines = unit(Buffer.concat([Uint8Array.from(setAddress(16)), rows, Uint8Array.from([...ADVANCE_4, ...END])]));
    const code = `import { parentPort, workerData } from 'node:worker_threads';
      import { findLines } from ${JSON.stringify(new URL('../../dist/runtime/symbols/dwarf-lines.js', import.meta.url).href)};
      parentPort.postMessage([...findLines(workerData, {}, [17])]);`;
    const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };
    const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const worker = new Worker(url, { workerData: new Uint8Array(lines), resourceLimits });
    expect(await once(worker, 'message')).toEqual([[[17, { file: 'a.c', line: 1 }]]]);
    await worker.terminate();
  });

  it('has files of no bytes in no more than some units', () => {
    // Version 5: no forms, so that its files by the hundred thousand take nothing.
    const empty = [...u32(22), 5, 0, 4, 0, ...u32(14), 1, 1, 1, 0xfb, 14, 1, ...[0, 0], ...[0, 0xff, 0xff, 0xff, 0xff, 0x0f]];
    const lines = Buffer.concat(Array.from({ length: 100_000 }, () => Uint8Array.from(empty)));
    expect(findLines(lines, {}, [16])).toEqual(new Map());
  });
});

describe('a hostile name of a function', () => {
  it.each([
    'plain\u001b[31m\u202e\nsecond line',
    '_ZN4$u1b$17h0123456789abcdefE',
    `_ZN8$u202e$x17h0123456789abcdefE`,
    `${'x'.repeat(239)}\u{1f600}`,
    `_R${'NvB0_'.repeat(180)}`,
    `_RIC1a${'B_'.repeat(400)}E`,
    '__proto__',
  ])('is one line without control characters, and the same when it is made so again: %j', (name) => {
    const shown = demangle(name);
    expect(shown.length).toBeLessThanOrEqual(240);
    expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    expect(oneLine(shown)).toBe(shown);
  });
});
