import { describe, expect, it } from 'vitest';
import { APPROVE, type ApproveScope } from '../../../host/capabilities/approve.ts';
import type { CapabilityCall, CapabilityHost, Grant, HumanAnswer, HumanQuestion } from '../../../host/capabilities/capability.ts';
import { CodedError, type HostCallContext, type WitValue } from '../../../runtime/index.ts';

function setUp(scopes: readonly [ApproveScope, ...ApproveScope[]], answer: HumanAnswer | CodedError | undefined) {
  const asked: HumanQuestion[] = [];
  const notes: string[] = [];
  const states = new Map<object, unknown>();
  const call: CapabilityCall = {
    audit: 'a1',
    agent: 'triage',
    tool: 'restart',
    endsMs: 1000,
    signal: new AbortController().signal,
    state: (key, make) => {
      if (!states.has(key)) states.set(key, make());
      return states.get(key) as ReturnType<typeof make>;
    },
    note: ({ act, result }) => notes.push(`${act}: ${result}`),
  };
  const ask = async (question: HumanQuestion) => {
    asked.push(question);
    if ('code' in answer!) throw answer;
    return answer!;
  };
  const host: CapabilityHost = {
    policyFolder: '/',
    stateFolder: undefined,
    state: (_key, make) => make(),
    secret: () => '',
    ...(answer === undefined ? {} : { ask }),
  };
  const grant: Grant<ApproveScope> = { tool: 'restart', scope: scopes[0], host, callOf: () => call, scopesFor: () => scopes };
  const [capability] = APPROVE.open!(grant as Grant<unknown>);
  const functions = (capability as { functions: Record<string, (args: WitValue[], context: HostCallContext) => unknown> })
    .functions;
  return { asked, notes, use: async (...args: WitValue[]) => functions.ask!(args, {} as HostCallContext) };
}

const YES: HumanAnswer = { kind: 'yes', by: 'ann', approval: 'k7q2m-9xw4d' };

describe('`approve`', () => {
  it('asks as the scope says, and tells each answer', async () => {
    const scope = { approvers: ['ann'], channels: ['slack:team'], expires: 5000 };
    const { use, asked, notes } = setUp([scope], YES);
    expect(await use('Go?', { some: 'all of it' })).toEqual({ ok: { tag: 'yes' } });
    expect(asked).toEqual([
      { question: 'Go?', details: 'all of it', approvers: ['ann'], channels: ['slack:team'], expiresMs: 5000 },
    ]);
    expect(notes).toEqual(['ask Go?: yes by ann']);
    const no = { ...YES, kind: 'no', reason: 'later' } as const;
    expect(await setUp([undefined], no).use('Go?', null)).toEqual({ ok: { tag: 'no', value: { some: 'later' } } });
    const silence = { kind: 'silence', approval: 'k7q2m-9xw4d' } as const;
    expect(await setUp([undefined], silence).use('Go?', null)).toEqual({ ok: { tag: 'silence' } });
  });

  it('asks as many questions as the scope with the fewest has, also at the same time', async () => {
    const { use, asked } = setUp([{ perCall: 5 }, { perCall: 2 }], YES);
    const answers = await Promise.all([1, 2, 3].map((n) => use(`Go ${n}?`, null)));
    expect(answers).toMatchObject([{ ok: { tag: 'yes' } }, { ok: { tag: 'yes' } }, { err: { tag: 'denied' } }]);
    expect(asked).toHaveLength(2);
  });

  it('PO-19: lets only those answer whom all callers name, for the shortest time', async () => {
    const both = setUp([{ approvers: ['ann', 'bob'] }, { approvers: ['bob'], expires: 7 }, undefined], YES);
    await both.use('Go?', null);
    expect(both.asked).toMatchObject([{ approvers: ['bob'], expiresMs: 7 }]);
    const none = setUp([{ approvers: ['ann'] }, { approvers: ['bob'] }], YES);
    expect(await none.use('Go?', null)).toMatchObject({ err: { tag: 'denied' } });
    expect(none.asked).toEqual([]);
  });

  it('refuses what is no line, or too long', async () => {
    const { use, asked, notes } = setUp([undefined], YES);
    for (const question of ['', ' ', 'a\nb', 'a\u2029b', 'x'.repeat(201)]) {
      expect(await use(question, null)).toMatchObject({ err: { tag: 'denied' } });
    }
    expect(await use('Go?', { some: '\u00e9'.repeat(2049) })).toMatchObject({ err: { tag: 'denied' } });
    expect(asked).toEqual([]);
    for (const note of notes) expect(note).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  });

  it('says that nobody can be asked; a trail that cannot be written ends the call', async () => {
    expect(await setUp([undefined], undefined).use('Go?', null)).toEqual({ err: { tag: 'unavailable' } });
    const busy = new CodedError('busy/overloaded', 'too many');
    expect(await setUp([undefined], busy).use('Go?', null)).toEqual({ err: { tag: 'unavailable' } });
    const broken = new CodedError('failed/audit-unavailable', 'no disk');
    await expect(setUp([undefined], broken).use('Go?', null)).rejects.toBe(broken);
  });

  it('WA-02: has no scope with empty lists or unknown fields', () => {
    for (const scope of [
      { approvers: [] },
      { channels: [] },
      { channels: ['mail'] },
      { perCall: 0 },
      { expires: '0s' },
      { all: 1 },
    ]) {
      expect(APPROVE.scope!.safeParse(scope).success).toBe(false);
    }
    expect(APPROVE.scope!.parse(undefined)).toBeUndefined();
    expect(APPROVE.scope!.parse({ expires: '5m' })).toEqual({ expires: 300_000 });
  });
});
