import { describe, expect, it } from 'vitest';
import { instrument, MODULE_LIMITS } from '../../../runtime/instrument/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { MODELS, validInstrumented, wat } from './guest.ts';

describe('modules that would cost too much to compile are refused quickly', () => {
  const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
  const section = (id: number, content: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([id, ...leb(content.length)]), content]);
  const vector = (count: number, item: readonly number[]): Buffer =>
    Buffer.concat([Buffer.from(leb(count)), Buffer.alloc(count * item.length, Buffer.from(item))]);
  const header = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const withBodies = (count: number, body: readonly number[]): Uint8Array =>
    Buffer.concat([
      header,
      section(1, Buffer.from([1, 0x60, 0, 0])),
      section(3, vector(count, [0])),
      section(10, vector(count, [...leb(body.length), ...body])),
    ]);

  it.each([
    ['200,000 functions with 50,000 locals', withBodies(200_000, [1, ...leb(50_000), 0x7f, 0x0b]), 'functionsMax'],
    ['1,000 functions with 50,000 locals', withBodies(1000, [1, ...leb(50_000), 0x7f, 0x0b]), 'localsMax'],
    ['one function with 50,001 locals', withBodies(1, [1, ...leb(50_001), 0x7f, 0x0b]), 'functionLocalsMax'],
    ['100 memories', Buffer.concat([header, section(5, vector(100, [0, 0]))]), 'memoriesMax'],
    ['200 tables', Buffer.concat([header, section(4, vector(200, [0x70, 0, 0]))]), 'tablesMax'],
    ['100,000 globals', Buffer.concat([header, section(6, vector(100_000, [0x7f, 0, 0x41, 0, 0x0b]))]), 'globalsMax'],
    ['100,000 types', Buffer.concat([header, section(1, vector(100_000, [0x60, 0, 0]))]), 'typesMax'],
    ['100,001 data segments', Buffer.concat([header, section(11, vector(100_001, [1, 0]))]), 'dataSegmentsMax'],
    [
      '30,000 blocks inside one another',
      withBodies(1, [0, ...new Array(30_000).fill([2, 0x40]).flat(), ...new Array(30_001).fill(0x0b)]),
      'nestingMax',
    ],
    [
      '50,000 locals and 10,000 blocks',
      withBodies(1, [1, ...leb(50_000), 0x7f, ...new Array(10_000).fill([2, 0x40, 0x0b]).flat(), 0x0b]),
      'compileValuesMax',
    ],
    [
      '100,000 operands and 1,000 blocks',
      withBodies(1, [
        0,
        ...new Array(100_000).fill([0x41, 0]).flat(),
        ...new Array(1000).fill([2, 0x40, 0x0b]).flat(),
        ...new Array(100_000).fill(0x1a),
        0x0b,
      ]),
      'compileValuesMax',
    ],
    ['a body beyond 7,654,321 bytes', withBodies(1, [0, ...new Array(7_654_320).fill(1), 0x0b]), 'functionBytesMax'],
  ])('%s', (_, bytes, limitName) => {
    const began = performance.now();
    const error = thrownBy(() => instrument(bytes));
    expect(performance.now() - began).toBeLessThan(500);
    expect([error.code, error.data.limitName]).toEqual(['component/too-large', limitName]);
    expect(error.data.limit).toBe(MODULE_LIMITS[limitName as keyof typeof MODULE_LIMITS]); // the names are in the table
    expect(error.data.used).toBeGreaterThan(error.data.limit as number); // a number, as the line above shows
  });

  it.each(MODELS)('a function that only its charges make too large, in %s', (model) => {
    const body = [0, ...new Array(300_000).fill([0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b]).flat(), 0x0b]; // loops of one branch
    expect(validInstrumented(withBodies(1, body.slice(0, 7001).concat(0x0b)), { model }).bytes.length).toBeGreaterThan(7001);
    const error = thrownBy(() => instrument(withBodies(1, body), { model }));
    expect([error.code, error.data.limitName]).toEqual(['component/too-large', 'functionBytesMax']);
    expect(error.message).toContain('function 0 with its charges');
  });

  it('65,536 initial pages, or tables that only together pass the cap', () => {
    const pages = thrownBy(() => instrument(wat('(module (memory 65536))'), { memoryPagesMax: 1024 }));
    expect([pages.code, pages.data]).toEqual(['limit/memory', { limit: 1024, used: 65_536, unit: '64 KiB pages' }]);
    const tables = thrownBy(() => instrument(wat('(module (table 60 funcref) (table 60 funcref))'), { tableElementsMax: 100 }));
    expect([tables.code, tables.data]).toEqual(['limit/table', { limit: 100, used: 120, unit: 'elements' }]);
    const imported = thrownBy(() => instrument(wat('(module (import "a" "m" (memory 2000)))'), { memoryPagesMax: 1024 }));
    expect(imported.code).toBe('limit/memory');
  });
});
