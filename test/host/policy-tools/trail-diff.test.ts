import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type AnyRecord,
  pairRequests,
  type RecordedRequest,
  readRequests,
} from '../../../host/policy-tools/recorded-requests.ts';
import { isRedacted } from '../../../host/policy-tools/redaction.ts';
import { diffTrail, redecide, trailDiffLines } from '../../../host/policy-tools/trail-diff.ts';
import { decided, requested, T0, writeTrail } from '../../support/trails.ts';
import { componentOf, NOON_MS, policyOf, STRING } from './fixture.ts';

const COMPONENTS = new Map([['shell', componentOf({ run: { command: STRING, token: STRING, size: { kind: 'u64' } } })]]);
const REDACTED = { redacted: `hmac-sha256:${'0'.repeat(64)}`, bytes: 9 };

function side(entry: unknown, rules: readonly object[] = []) {
  const policy = policyOf({
    tools: { shell: { component: 's.wasm', functions: ['run'] } },
    agents: { triage: { tools: [entry] } },
    rules,
  });
  return { policy, components: COMPONENTS };
}

function request(more: Partial<RecordedRequest> = {}): RecordedRequest {
  return {
    audit: 'a1',
    agent: 'triage',
    tool: 'shell',
    parameters: { command: 'ls', token: 'x', size: '18446744073709551615' },
    at: NOON_MS,
    recorded: { effect: 'allow', policy: 'sha256:x' },
    ...more,
  };
}

async function* stream<Item>(items: readonly Item[]): AsyncGenerator<Item, void, void> {
  yield* items;
}

const FORBID = { id: 'no-rm', effect: 'forbid', agents: 'any', tools: 'any', parameters: { command: { pattern: 'rm .*' } } };

describe('redecide', () => {
  it('decides by types, at the instant of the record', () => {
    const huge = side({ tool: 'shell', parameters: { size: { min: '18446744073709551615' } } });
    expect(redecide(huge, request())).toMatchObject({ effect: 'allow', isTyped: true });
    const hours = side({ tool: 'shell', during: { from: '11:00', to: '12:00', zone: 'UTC' } });
    expect(redecide(hours, request())).toMatchObject({ effect: 'deny', code: 'denied/outside-hours' });
    expect(redecide(hours, request({ at: NOON_MS - 1 }))).toMatchObject({ effect: 'allow' });
  });

  it.each<[string, object, Partial<RecordedRequest>]>([
    [
      'parameter `token` was redacted, and r ',
      { parameters: { token: { lengthMin: 3 } } },
      { parameters: { command: 'ls', token: REDACTED, size: 1 } },
    ],
    [
      'parameter `token` was redacted, and r ',
      { when: 'parameters.size > 1' },
      { parameters: { command: 'ls', token: `a [redacted hmac-sha256:00]`, size: 1 } },
    ],
    ['its parameters were not kept, and r ', { parameters: { token: { equals: 'x' } } }, {}],
    [
      'its justification was redacted, and r ',
      { justification: { pattern: '.*x' } },
      { justification: 'k [redacted hmac-sha256:00]' },
    ],
    ['its source was redacted, and r ', { when: 'source != null' }, { source: '[redacted hmac-sha256:00]' }],
  ])('is unknown: %s', (reason, conditions, more) => {
    const { parameters: _, ...bare } = request();
    const recorded = 'parameters' in more || !('parameters' in conditions) ? request(more) : bare;
    expect(redecide(side({ tool: 'shell', id: 'r', ...conditions }), recorded)).toEqual({
      effect: 'unknown',
      reason: expect.stringContaining(reason),
    });
  });

  it('knows what does not depend on a secret', () => {
    const hidden = request({
      parameters: { command: 'rm x', token: REDACTED, size: 1 },
      justification: '[redacted hmac-sha256:00]',
    });
    expect(redecide(side({ tool: 'shell', justification: 'required' }, [FORBID]), hidden)).toMatchObject({
      effect: 'deny',
      code: 'denied/forbidden',
    });
    expect(
      redecide(side('shell'), request({ parameters: { command: REDACTED, token: REDACTED, size: REDACTED } })),
    ).toMatchObject({ effect: 'allow' });
    expect(redecide(side('shell'), request({ agent: 'nobody' }))).toMatchObject({
      effect: 'deny',
      code: 'denied/no-policy-for-agent',
    });
  });

  it('takes parameters that are not of the types for what the warden would: refused', () => {
    expect(redecide(side('shell'), request({ parameters: { command: 1 } }))).toMatchObject({
      effect: 'deny',
      code: 'params/invalid',
    });
  });
});

it.each([REDACTED, [1, { a: [REDACTED] }], { '[redacted hmac-sha256:00]': 1 }, 'x [redacted hmac-sha256:00] y'])(
  'sees that %j was redacted',
  (json) => {
    expect(isRedacted(json)).toBe(true);
  },
);

it.each([null, 1, 'redacted', { redacted: 1 }, [[{ a: 'hmac-sha256:' }]]])('sees that %j was not', (json) => {
  expect(isRedacted(json)).toBe(false);
});

describe('diffTrail', () => {
  it('counts what changes, from what to what, by which rules', async () => {
    const requests = [
      request(),
      request({ audit: 'a2', parameters: { command: 'rm -r /', token: 'x', size: 1 } }),
      request({ audit: 'a3', agent: 'x' }),
      request({ audit: 'a4', parameters: { command: REDACTED, token: 'x', size: 1 } }),
    ];
    const diff = await diffTrail(side('shell'), side('shell', [FORBID]), stream(requests));
    expect(diff).toMatchObject({
      requests: 4,
      same: 2,
      changed: 1,
      unknown: 1,
      untyped: 0,
      counts: { 'allow -> deny [denied/forbidden]': 1 },
    });
    expect(diff.changes).toMatchObject([
      { audit: 'a2', old: { effect: 'allow' }, new: { effect: 'deny', rules: [expect.stringContaining('no-rm')] } },
    ]);
    const lines = trailDiffLines(diff);
    expect(lines.slice(0, 4)).toEqual([
      'a2  triage shell at 2026-01-28T12:00:00.000Z (recorded: allow)',
      expect.stringMatching(/^ {2}- allow {2}by agents\.triage\.tools\[0\]/),
      expect.stringMatching(/^ {2}\+ deny \[denied\/forbidden\] {2}by no-rm/),
      expect.stringMatching(/^a4 {2}triage shell: unknown: parameter `command` was redacted, and no-rm/),
    ]);
    expect(lines).toContain('4 requests: 2 the same, 1 changed, 1 unknown');
    expect(lines.some((line) => line.startsWith('note: budgets are taken as unused'))).toBe(true);
  });

  it('finds no change between a policy and itself', async () => {
    const diff = await diffTrail(side('shell', [FORBID]), side('shell', [FORBID]), stream([request(), request({ agent: 'x' })]));
    expect(diff).toMatchObject({ requests: 2, same: 2, changed: 0, unknown: 0 });
  });
});

describe('requests of a trail', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('brings a request and its decision together, with the instant of the decision', async () => {
    writeTrail(folder, [
      [requested('a1', { session: 's' }), requested('a2'), decided('a2', 'deny')],
      [decided('a1', 'allow'), decided('a9', 'allow'), decided('a1', 'deny'), requested('a3')],
    ]);
    const found: RecordedRequest[] = [];
    for await (const one of readRequests(folder)) found.push(one);
    expect(found.map(({ audit, at, recorded, session }) => [audit, at - T0, recorded.effect, session])).toEqual([
      ['a2', 4000, 'deny', undefined],
      ['a1', 6000, 'allow', 's'],
    ]);
    const later: RecordedRequest[] = [];
    for await (const one of readRequests(folder, T0 + 3000)) later.push(one);
    expect(later.map(({ audit }) => audit)).toEqual(['a2']);
  });

  it('forgets requests that were never decided', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({ ...requested(`r${index}`), at: index }) as AnyRecord);
    const last = { ...decided('r0', 'allow'), at: 1 } as AnyRecord;
    const found: RecordedRequest[] = [];
    for await (const one of pairRequests(stream([...many, last]))) found.push(one);
    expect(found).toEqual([]);
  });
});
