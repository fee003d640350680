/**
 * 1,020 hostile snippets: each ends typed, and in time, and none reaches a tool that is not granted.
 *
 * They run in cells whose `tools` refuses as a warden does, and one in twelve behind each wall with a real warden and its trail. One in
 * three runs by default; `HOSTILE_SNIPPETS=all` runs all of them in each of these ways, which takes a minute and more.
 */

import type { CellOutcome, HostFunction, PreparedCall } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { useCells } from '../support/cells.ts';
import { expectWholeTrail, recordsOf } from '../support/wardens.ts';
import { readTool } from '../tools/callers.ts';
import { useInterpreter } from '../tools/interpreter.ts';
import { hostileSnippets, type Snippet } from './snippet-settings.ts';

/** Less fuel than the policy of the sample has: what goes on for ever shows it sooner. */
const FUEL_MAX = 60_000_000n;
const TIMEOUT_MS_MAX = 30_000;
const AT_ONCE = 4;
const ALL = process.env.HOSTILE_SNIPPETS === 'all';
const SNIPPETS = hostileSnippets(12);
const IN_CELLS = ALL ? SNIPPETS : SNIPPETS.filter((_, index) => index % 3 === 0);
const WITH_WARDEN = ALL ? SNIPPETS : SNIPPETS.filter((_, index) => index % 12 === 0);

/** Ends that the interface names: `problem` of the WIT. */
const PROBLEMS =
  /^(empty|too-long|syntax|uncaught|tool|too-many-tool-calls|out-of-memory|stack-overflow|too-many-jobs|never-settles|not-json|result-too-large)$/;

/** Ends that are the cell's. No trap is among them: none would be a mistake of the snippet's. */
const LIMITED = /^limit\/(fuel|stack|host-calls)$/;

/** What outcomes of a cell and of a warden have in common. */
interface End {
  readonly kind: string;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** The name of an end, and whether it is one that may be. */
function endOf({ kind, value, error }: End): { readonly name: string; readonly isExpected: boolean } {
  if (kind === 'ok') return { name: 'ok', isExpected: true };
  if (kind === 'tool-error') {
    const { tag } = (value as { problem: { tag: string } }).problem; // the type of the WIT
    return { name: tag, isExpected: PROBLEMS.test(tag) };
  }
  const name = `${kind} ${error?.code}: ${error?.message}`;
  return kind === 'limited' && LIMITED.test(error?.code ?? '')
    ? { name: error!.code, isExpected: true }
    : { name, isExpected: false };
}

/** Runs snippets, a few at a time, and good ones between. @returns how many had each end. */
async function runAll(snippets: readonly Snippet[], run: (source: string) => Promise<End>): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  const waiting = snippets.entries();
  const good = async () => expect(await run('40 + 2')).toMatchObject({ kind: 'ok', value: { 'tool-calls': 0 } });
  const work = async () => {
    for (const [index, { name, source }] of waiting) {
      const end = endOf(await run(source));
      if (!end.isExpected) wrong.push(`${name}: ${end.name}`);
      ends.set(end.name, (ends.get(end.name) ?? 0) + 1);
      if (index % 50 === 0) await good();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(wrong).toEqual([]);
  await good();
  return ends;
}

/** `call` of `tools`, as a warden answers whose policy has `redact` and nothing else. */
const callTool: HostFunction = async ([name]) =>
  name === 'redact'
    ? { ok: '{"text":"[email]","findings":[],"counts":[]}' }
    : { err: { outcome: 'refused', code: 'denied/scope', message: 'the grant does not have the tool', value: null } };

const TOOLS = { kind: 'bridged', name: 'tools', interface: 'cellblock:host/tools@0.1.0', functions: { call: callTool } } as const;

describe('hostile snippets', () => {
  const cells = useCells('thread');

  let prepared: Promise<PreparedCall> | undefined;
  const prepare = async () =>
    cells.runtime.prepare(await cells.load(await readTool('code-interpreter')), {
      function: 'run',
      capabilities: [TOOLS],
      limits: { fuelMax: FUEL_MAX, timeoutMsMax: TIMEOUT_MS_MAX },
    });

  /** In a cell, without a warden. */
  async function run(source: string): Promise<CellOutcome> {
    prepared ??= prepare();
    return cells.runtime.invoke(await prepared, [source, { input: null, now: null, seed: null }]);
  }

  it('are 1,000 and more, nearly all different, and the same each time', () => {
    expect(SNIPPETS.length).toBeGreaterThanOrEqual(1000);
    expect(new Set(SNIPPETS.map(({ source }) => source)).size).toBeGreaterThan(SNIPPETS.length * 0.9);
    expect(hostileSnippets(12)).toEqual(SNIPPETS);
  });

  it('end typed, each of them', { timeout: 300_000 }, async () => {
    const ends = await runAll(IN_CELLS, run);
    // They would be of no use if they all ended the same way.
    const often = [
      'ok',
      'limit/fuel',
      'syntax',
      'uncaught',
      'tool',
      'out-of-memory',
      'stack-overflow',
      'too-many-tool-calls',
      'not-json',
    ];
    for (const end of often)
      expect({ end, times: ends.get(end) ?? 0 }).toEqual({ end, times: expect.toSatisfy((n: number) => n >= 2) });
  });

  it('have the same end, and use the same fuel, each time', async () => {
    for (const { source } of SNIPPETS.filter((_, index) => index % 60 === 0)) {
      const [first, second] = [await run(source), await run(source)];
      expect([second.kind, second.usage.fuel, endOf(second)]).toEqual([first.kind, first.usage.fuel, endOf(first)]);
    }
  });
});

describe.each(['thread', 'process'] as const)('hostile snippets with a warden, in a %s', (isolation) => {
  const { site, request } = useInterpreter({ isolation }, `{ fuel: ${FUEL_MAX}, memory: 128MiB, timeout: ${TIMEOUT_MS_MAX}ms }`);

  it('end typed as well, and reach no tool that is not granted', { timeout: 600_000 }, async () => {
    await runAll(WITH_WARDEN, (source) => request(source));
    const asked = new Set(
      recordsOf(site).flatMap(({ kind, tool }) => (kind === 'requested' ? [String(tool).split('.')[0]] : [])),
    );
    expect([...asked].sort()).toEqual(['code-interpreter', 'redact']);
    await expectWholeTrail(site);
  });
});
