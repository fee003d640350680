import { describe, expect, it, test } from 'vitest';
import { LOG } from '../../../host/capabilities/log.ts';
import type { LogLine } from '../../../runtime/index.ts';
import { type Asker, fakeTool, issuesOf } from './kv/fake-grant.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'];

async function written(scope: unknown, lines: readonly (readonly [string, string])[], asker: Asker = {}) {
  const tool = fakeTool(LOG, scope, {}, asker);
  for (const [level, message] of lines) expect(await tool.call('write', level, message)).toBeUndefined();
  await tool.end();
  return tool;
}

const one = (count: number, message = 'x') => Array.from({ length: count }, () => ['info', message] as const);
const messages = ({ lines }: { readonly lines: readonly LogLine[] }) => lines.map((line) => line.message);

describe('log', () => {
  it('keeps every line for the bare name, and notes nothing', async () => {
    const tool = await written(
      undefined,
      LEVELS.map((level) => [level, `a ${level}`]),
    );
    expect(tool.lines).toEqual(LEVELS.map((level) => ({ level, message: `a ${level}` })));
    expect(tool.notes).toEqual([]);
  });

  test.each(LEVELS)('keeps from %s upwards', async (level) => {
    const tool = await written(
      { level },
      LEVELS.map((other) => [other, other]),
    );
    expect(messages(tool)).toEqual(LEVELS.slice(LEVELS.indexOf(level)));
    expect(tool.notes).toEqual([]); // nobody wanted them
  });

  it('keeps so many lines, and counts the rest', async () => {
    expect((await written({ lines: 3 }, one(3))).notes).toEqual([]);
    const tool = await written({ lines: 3 }, one(5));
    expect(messages(tool)).toEqual(['x', 'x', 'x']);
    expect(tool.notes).toEqual([
      { capability: 'log', act: 'write', result: 'dropped: past the caps of the grant', data: { lines: 2 } },
    ]);
  });

  it('keeps so many bytes of text, of whatever script; a shorter line may still fit', async () => {
    const tool = await written({ bytes: '10B' }, [...one(1, 'üüü'), ...one(1, 'xxxxx'), ...one(1, 'yyyy'), ...one(1, 'z')]);
    expect(messages(tool)).toEqual(['üüü', 'yyyy']);
    expect(tool.notes).toMatchObject([{ data: { lines: 2 } }]);
  });

  it('cuts a long line', async () => {
    const [line] = messages(await written(undefined, one(1, 'x'.repeat(5000))));
    expect(line).toHaveLength(4096);
  });

  it('counts for each call alone', async () => {
    for (let n = 0; n < 2; n++) expect(messages(await written({ lines: 1 }, one(1)))).toHaveLength(1);
  });

  test.each<[string, unknown, number]>([
    ['lines', { lines: 2 }, 2],
    ['bytes', { bytes: '3B' }, 3],
    ['level', { level: 'error' }, 0],
    ['more', { lines: 100 }, 4],
  ])('keeps no more than a grant above does: %s', async (_, above, kept) => {
    expect(messages(await written({ lines: 4 }, one(6), { above: [above] }))).toHaveLength(kept);
  });

  test.each<[string, unknown, string[]]>([
    ['another level', { level: 'fatal' }, ['level: expected `debug`, `info`, `warn` or `error`, got text `fatal`']],
    ['no lines', { lines: 0 }, ['lines: expected a whole number from 1 to 2048, got 0']],
    ['too many lines', { lines: 2049 }, ['lines: expected a whole number from 1 to 2048, got 2049']],
    ['too many bytes', { bytes: '65KiB' }, ['bytes: expected a size of at most 64KiB, got `65KiB`']],
    ['another field', { file: 'x' }, ['the fields here are `level`, `lines`, `bytes`']],
    ['nothing, written out', null, ['expected a mapping of the fields of `log`, got nothing']],
  ])('refuses %s', (_, scope, issues) => expect(issuesOf(LOG, scope)).toEqual(issues));

  it('takes all fields, and none', () => {
    for (const scope of [undefined, {}, { level: 'info', lines: 1, bytes: '64KiB' }]) expect(issuesOf(LOG, scope)).toEqual([]);
  });
});
