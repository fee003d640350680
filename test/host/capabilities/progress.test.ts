import { expect, it } from 'vitest';
import type { CapabilityCall, CapabilityHost, Grant, Progress } from '../../../host/capabilities/capability.ts';
import { progressCapability } from '../../../host/capabilities/progress.ts';
import type { HostCallContext, WitValue } from '../../../runtime/index.ts';

function setUp() {
  const clock = { ms: 0 };
  const reports: Progress[] = [];
  const end = new AbortController();
  const states = new Map<object, unknown>();
  const call: CapabilityCall = {
    audit: 'a1',
    agent: 'triage',
    tool: 'restart',
    endsMs: 1000,
    signal: end.signal,
    state: (key, make) => {
      if (!states.has(key)) states.set(key, make());
      return states.get(key) as ReturnType<typeof make>;
    },
    note: () => undefined,
  };
  const report = (progress: Progress): void => void reports.push(progress);
  const host: CapabilityHost = {
    policyFolder: '/',
    stateFolder: undefined,
    state: (_key, make) => make(),
    secret: () => '',
    report,
  };
  const grant: Grant<unknown> = { tool: 'restart', scope: undefined, host, callOf: () => call, scopesFor: () => [undefined] };
  const entry = progressCapability(() => clock.ms);
  const [capability] = entry.open!(grant);
  const functions = (capability as { functions: Record<string, (args: WitValue[], context: HostCallContext) => unknown> })
    .functions;
  return { clock, reports, end, entry, use: (...args: WitValue[]) => functions.report!(args, {} as HostCallContext) };
}

it('tells ten reports a second, and drops the rest', () => {
  const { clock, reports, use } = setUp();
  for (; clock.ms < 1000; clock.ms += 1) expect(use(BigInt(clock.ms), { some: 1000n }, 'step')).toBeUndefined();
  expect(reports).toHaveLength(10);
  expect(reports.at(-1)).toEqual({ done: 900n, total: 1000n, message: 'step' });
});

it('shows messages as one short line of text', () => {
  const { reports, use } = setUp();
  use(1n, null, `\u001b[2Ja\n\u202eb${'x'.repeat(1_000_000)}`);
  expect(reports).toHaveLength(1);
  expect(reports[0]).not.toHaveProperty('total');
  expect(reports[0]!.message).toMatch(/^\\u\{1b\}\[2Ja\\u\{a\}\\u\{202e\}bx+\.\.\.$/);
  expect(reports[0]!.message.length).toBeLessThan(250);
});

it('tells nothing of a call that has ended', () => {
  const { reports, use, end } = setUp();
  end.abort();
  use(1n, null, 'late');
  expect(reports).toEqual([]);
});

it('has no scope', () => expect(setUp().entry.scope).toBeUndefined());
