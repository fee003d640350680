import { describe, expect, it } from 'vitest';
import { diagnosticText, doesNotCompile } from '../../../authoring/build/diagnostic.ts';

const PROJECT = { folder: '/tools/count', name: 'count' };

describe('doesNotCompile', () => {
  it('has the first diagnostic as its message, with a path in the folder, and says how many follow', () => {
    const error = doesNotCompile(
      PROJECT,
      [{ message: 'expected a number', file: '/tools/count/src/lib.rs', line: 3, column: 7 }, { message: 'unused' }],
      'all of it',
    );
    expect(error.code).toBe('author/does-not-compile');
    expect(error.message).toBe('src/lib.rs:3:7: expected a number (and 1 more)');
    expect(error.help).toBeUndefined();
    expect(error.data).toMatchObject({ diagnostics: [{ file: 'src/lib.rs' }, { message: 'unused' }], output: 'all of it' });
  });

  it('has the other side as its help', () => {
    expect(doesNotCompile(PROJECT, [{ message: 'no', notes: ['the WIT says: a', 'the source has: b'] }], '').help).toBe(
      'the WIT says: a\nthe source has: b',
    );
  });

  it('speaks of the tool where the compiler was not understood', () => {
    expect(doesNotCompile(PROJECT, [], 'Segmentation fault').message).toBe('the source of `count` does not compile');
  });

  it('keeps the end of a long output, and a few of many diagnostics', () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ message: `${index}` }));
    const { data } = doesNotCompile(PROJECT, many, `${'x'.repeat(200_000)}end`);
    expect(data.output).toHaveLength(100_000);
    expect(data.output).toMatch(/end$/);
    expect(data.diagnostics).toHaveLength(20);
  });
});

it.each([
  [{ message: 'no' }, 'no'],
  [{ message: 'no', file: 'a.c' }, 'a.c: no'],
  [{ message: 'no', file: 'a.c', line: 1 }, 'a.c:1: no'],
  [{ message: 'no', file: 'a.c', line: 1, column: 2 }, 'a.c:1:2: no'],
])('writes a place as far as it is known: %j', (diagnostic, text) => {
  expect(diagnosticText(diagnostic)).toBe(text);
});
