import { describe, expect, it } from 'vitest';
import {
  type Answer,
  answerEntries,
  askEntry,
  expiryEntries,
  randomId,
  useEntries,
  wholeId,
} from '../../../host/approvals/index.ts';
import type { ApprovalEntry, ShapeEntry } from '../../../host/audit/entries.ts';
import { codeOf, DEMAND, FoldedTrail, idsInARow, MINUTE, PARAMETERS, SUBJECT, subjectWith, T0, thrownBy } from './fixture.ts';

function setUp() {
  const trail = new FoldedTrail();
  const asked = trail.ask(T0);
  const answer = (changes: Partial<Answer> = {}, at = T0 + MINUTE) => {
    const entries = answerEntries(
      trail.book,
      { approval: asked.approval, event: 'approved', by: 'ann', channel: 'cli', ...changes },
      at,
      trail.newId,
    );
    trail.add(entries, at);
    return entries;
  };
  const use = (changes: { approval?: string; subject?: typeof SUBJECT; parameters?: object } = {}, at = T0 + 2 * MINUTE) => {
    const { approval, subject = SUBJECT, parameters = PARAMETERS } = changes;
    const call = { audit: 'a-9', subject, parameters: parameters as typeof PARAMETERS, approval };
    const found = useEntries(trail.book, call, at);
    if (found !== undefined && 'use' in found) trail.add(found.use, at);
    return found;
  };
  return { trail, asked, answer, use };
}

describe('asking', () => {
  it('writes down everything that is shown and bound, with an end', () => {
    const { asked } = setUp();
    expect(asked).toMatchObject({
      kind: 'approval',
      event: 'asked',
      approval: '00000-00001',
      at: T0,
      expiresAt: T0 + 15 * MINUTE,
      useWithinMs: 60 * MINUTE,
      subject: SUBJECT,
      parameters: PARAMETERS,
      approvers: ['ann', 'bob'],
      channels: ['terminal', 'slack:team'],
    });
    expect(asked.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('takes ids that a person can type, and never one that is there', () => {
    const ids = Array.from({ length: 500 }, randomId);
    expect(new Set(ids).size).toBe(500);
    for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/);
    expect(wholeId('K7Q2M9XW4D')).toBe('k7q2m-9xw4d');
    expect(wholeId('k7q2')).toBeUndefined();
    const { trail, asked } = setUp();
    const given = [asked.approval, asked.approval, '00000-0000z'];
    const next = askEntry(trail.book, { audit: 'a', subject: SUBJECT, parameters: {} }, DEMAND, T0, () => given.shift()!);
    expect(next.approval).toBe('00000-0000z');
    const stuck = () => askEntry(trail.book, { audit: 'a', subject: SUBJECT, parameters: {} }, DEMAND, T0, () => asked.approval);
    expect(codeOf(stuck)).toBe('internal/invariant');
  });

  it('lets 50 questions of one agent wait, and another agent still ask', () => {
    const trail = new FoldedTrail();
    for (let count = 0; count < 50; count++) trail.ask(T0 + count, subjectWith({ source: String(count) }));
    const error = thrownBy(() => trail.ask(T0 + 100, subjectWith({ source: 'one more' })));
    expect(error.code).toBe('busy/overloaded');
    expect(error.data.retryAfterMs).toBe(15 * MINUTE - 100);
    trail.ask(T0 + 100, subjectWith({ agent: 'on-call' }));
    trail.ask(T0 + 15 * MINUTE, subjectWith({ source: 'one more' })); // one has lapsed
  });

  it('refuses what nobody can judge, and a demand without an end', () => {
    const trail = new FoldedTrail();
    expect(codeOf(() => trail.ask(T0, SUBJECT, { text: 'x'.repeat(256 * 1024) }))).toBe('params/too-large');
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1.5]) {
      expect(codeOf(() => trail.ask(T0, SUBJECT, {}, { ...DEMAND, expiresMs: bad }))).toBe('internal/invariant');
      expect(codeOf(() => trail.ask(T0, SUBJECT, {}, { ...DEMAND, useWithinMs: bad }))).toBe('internal/invariant');
    }
  });

  it('writes down what time has ended, once', () => {
    const { trail, asked, answer } = setUp();
    const other = trail.ask(T0 + 1, subjectWith({ source: 'other' }));
    answer();
    expect(expiryEntries(trail.book, other.expiresAt - 1)).toEqual([]);
    const entries = expiryEntries(trail.book, other.expiresAt);
    expect(entries).toEqual([{ kind: 'approval', event: 'expired', approval: other.approval, at: other.expiresAt }]);
    trail.add(entries, other.expiresAt);
    expect(expiryEntries(trail.book, other.expiresAt)).toEqual([]);
    expect(expiryEntries(trail.book, T0 + MINUTE + DEMAND.useWithinMs)).toMatchObject([{ approval: asked.approval }]);
  });
});

describe('answering', () => {
  it('records who said what through which channel', () => {
    const { asked, answer } = setUp();
    expect(answer({ approval: '0000', reason: 'looks right' })).toEqual([
      {
        kind: 'approval',
        event: 'approved',
        approval: asked.approval,
        at: T0 + MINUTE,
        by: 'ann',
        channel: 'cli',
        reason: 'looks right',
      },
    ]);
  });

  it('says what it does not find, and what it finds twice', () => {
    const { trail, answer } = setUp();
    expect(codeOf(() => answer({ approval: 'zzzz' }))).toBe('usage/not-found');
    expect(codeOf(() => answer({ approval: '000' }))).toBe('usage/not-found');
    trail.ask(T0, subjectWith({ source: 'other' }));
    const error = thrownBy(() => answer({ approval: '0000' }));
    expect(error.code).toBe('usage/ambiguous');
    expect(error.help).toContain('`00000-00001`, `00000-00002`');
  });

  it('never takes an answer of the agent that asks, under whatever spelling', () => {
    const { trail } = setUp();
    const open = trail.ask(T0, subjectWith({ source: 'any' }), PARAMETERS, { ...DEMAND, approvers: [] }).approval;
    for (const by of ['triage', 'agent:triage', 'agent:other', 'Triage', 'TRIAGE', '\uff54riage', 'Agent:Triage']) {
      for (const event of ['approved', 'denied', 'revoked'] as const) {
        const attempt = () => answerEntries(trail.book, { approval: open, event, by, channel: 'cli' }, T0);
        expect(codeOf(attempt), by).toBe('denied/not-an-approver');
      }
    }
    expect(answerEntries(trail.book, { approval: open, event: 'approved', by: 'triage-lead', channel: 'cli' }, T0)).toHaveLength(
      1,
    );
    const listed = trail.ask(T0, SUBJECT, { n: 1 }, { ...DEMAND, approvers: ['triage'] }).approval;
    const attempt = () => answerEntries(trail.book, { approval: listed, event: 'approved', by: 'triage', channel: 'cli' }, T0);
    expect(codeOf(attempt)).toBe('denied/not-an-approver');
  });

  it('takes answers of named approvers only, exactly as they are named', () => {
    const { answer } = setUp();
    for (const by of ['carl', 'Ann', 'ann2', 'an']) {
      expect(codeOf(() => answer({ by }))).toBe('denied/not-an-approver');
      expect(codeOf(() => answer({ by, event: 'denied' }))).toBe('denied/not-an-approver');
    }
    answer({ by: 'bob' });
  });

  it('takes answers through the channels of the question, and from the operator', () => {
    for (const channel of ['cli', 'library', 'terminal', 'slack:team']) expect(setUp().answer({ channel })).toHaveLength(1);
    for (const channel of ['slack', 'slack:other', 'webhook:ops', 'agent']) {
      for (const event of ['approved', 'denied', 'revoked'] as const) {
        expect(codeOf(() => setUp().answer({ channel, event }))).toBe('denied/not-an-approver');
      }
    }
  });

  it('lets the operator take back whoever the approvers are, and others not', () => {
    expect(setUp().answer({ by: 'root', event: 'revoked' })).toHaveLength(1);
    expect(codeOf(() => setUp().answer({ by: 'root', event: 'revoked', channel: 'slack:team' }))).toBe('denied/not-an-approver');
  });

  it('refuses names, reasons and channels that are none', () => {
    for (const by of ['', ' ', ' ann', 'ann\n', 'a\u202enn', 'x'.repeat(101)]) {
      expect(codeOf(() => setUp().answer({ by }))).toBe('usage/invalid-argument');
    }
    expect(codeOf(() => setUp().answer({ reason: 'x'.repeat(1001) }))).toBe('usage/invalid-argument');
    expect(codeOf(() => setUp().answer({ channel: '' }))).toBe('usage/invalid-argument');
  });

  it('takes the first answer and no second one', () => {
    const { answer } = setUp();
    answer();
    const error = thrownBy(() => answer({ by: 'bob', event: 'denied' }));
    expect(error.code).toBe('usage/invalid-argument');
    expect(error.message).toBe('the approval `00000-00001` was already given by `ann`');
    expect(codeOf(() => answer({ by: 'bob' }))).toBe('usage/invalid-argument');
    const { answer: other } = setUp();
    other({ event: 'denied' });
    for (const event of ['approved', 'denied', 'revoked'] as const)
      expect(codeOf(() => other({ event }))).toBe('denied/approval-denied');
  });

  it('says for each end why it is too late', () => {
    const late = setUp();
    expect(codeOf(() => late.answer({}, late.asked.expiresAt))).toBe('denied/approval-expired');
    expect(late.answer({}, late.asked.expiresAt - 1)).toHaveLength(1);
    const used = setUp();
    used.answer();
    used.use();
    for (const event of ['approved', 'denied', 'revoked'] as const)
      expect(codeOf(() => used.answer({ event }))).toBe('denied/approval-used');
    const revoked = setUp();
    revoked.answer({ event: 'revoked' });
    expect(codeOf(() => revoked.answer())).toBe('denied/approval-revoked');
  });

  it('is for what was shown: another digest, or a subject that is not the one of the digest, is refused', () => {
    const { asked, answer } = setUp();
    expect(codeOf(() => answer({ digest: `sha256:${'0'.repeat(64)}` }))).toBe('denied/approval-mismatch');
    expect(codeOf(() => answer({ digest: '' }))).toBe('denied/approval-mismatch');
    expect(answer({ digest: asked.digest })).toHaveLength(1);
    const forged = new FoldedTrail();
    forged.add([{ ...asked, subject: subjectWith({ tool: 'something-else' }) }], T0);
    const attempt = () =>
      answerEntries(forged.book, { approval: asked.approval, event: 'approved', by: 'ann', channel: 'cli' }, T0);
    expect(codeOf(attempt)).toBe('denied/approval-mismatch');
  });
});

describe('AP-01: an approval is for exactly one call', () => {
  it('runs the call that was approved, named or not', () => {
    const { asked, answer, use } = setUp();
    answer();
    const entry = { kind: 'approval', event: 'used', approval: asked.approval, at: T0 + 2 * MINUTE, audit: 'a-9' };
    expect(use({ approval: asked.approval })).toEqual({ use: [entry], approval: asked.approval });
    const other = setUp();
    other.answer();
    expect(other.use()).toEqual({ use: [entry], approval: asked.approval });
  });

  it('refuses every other call under its id, and does not use it up by that', () => {
    const { asked, answer, use } = setUp();
    answer();
    for (const changes of [
      { parametersDigest: `sha256:${'bb'.repeat(32)}` },
      { tool: 'kubectl2' },
      { function: 'delete' },
      { component: 'sha256:other' },
      { session: 'incident-8' },
      { grants: ['log', 'http'] },
      { limits: {} },
      { policy: 'sha256:newer' },
      { justification: 'other words' },
      { source: '' },
    ]) {
      const subject = subjectWith(changes);
      expect(codeOf(() => use({ approval: asked.approval, subject }))).toBe('denied/approval-mismatch');
      expect(use({ subject })).toBeUndefined();
    }
    const { session: _none, ...without } = SUBJECT;
    expect(codeOf(() => use({ approval: asked.approval, subject: without }))).toBe('denied/approval-mismatch');
    expect(use({ approval: asked.approval })).toMatchObject({ approval: asked.approval });
  });

  it('tells another agent nothing about it', () => {
    const { asked, answer, use } = setUp();
    answer();
    const subject = subjectWith({ agent: 'on-call' });
    expect(codeOf(() => use({ approval: asked.approval, subject }))).toBe('denied/approval-unknown');
    expect(codeOf(() => use({ approval: 'zzzzz-zzzzz', subject }))).toBe('denied/approval-unknown');
    expect(use({ subject })).toBeUndefined();
  });

  it('is not found by the beginning of its id', () => {
    const { answer, use } = setUp();
    answer();
    for (const approval of ['0000', '00000-0000', '', '__proto__', '00000-000011']) {
      expect(codeOf(() => use({ approval }))).toBe('denied/approval-unknown');
    }
  });

  it('waits while nobody answered, and asks nobody twice', () => {
    const { asked, use } = setUp();
    expect(use()).toMatchObject({ pending: { asked } });
    expect(use({ approval: asked.approval })).toMatchObject({ pending: { asked } });
    expect(use({}, asked.expiresAt)).toBeUndefined();
  });
});

describe('AP-03: an approval is used once, in time, and not after it was taken back', () => {
  it('refuses a second use', () => {
    const { asked, answer, use } = setUp();
    answer();
    use();
    expect(codeOf(() => use({ approval: asked.approval }))).toBe('denied/approval-used');
    expect(use()).toBeUndefined();
  });

  it('refuses a use after expiry, at the exact instant', () => {
    const { asked, answer, use } = setUp();
    answer();
    const end = T0 + MINUTE + DEMAND.useWithinMs;
    expect(codeOf(() => use({ approval: asked.approval }, end))).toBe('denied/approval-expired');
    expect(use({}, end)).toBeUndefined();
    expect(use({ approval: asked.approval }, end - 1)).toMatchObject({ approval: asked.approval });
    const silent = setUp();
    expect(codeOf(() => silent.use({ approval: asked.approval }, asked.expiresAt))).toBe('denied/approval-expired');
  });

  it('refuses a use after a no, and after the yes was taken back', () => {
    const denied = setUp();
    denied.answer({ event: 'denied' });
    expect(codeOf(() => denied.use({ approval: denied.asked.approval }))).toBe('denied/approval-denied');
    expect(codeOf(() => denied.use())).toBe('denied/approval-denied');
    const revoked = setUp();
    revoked.answer();
    revoked.answer({ event: 'revoked', by: 'bob' });
    expect(codeOf(() => revoked.use({ approval: revoked.asked.approval }))).toBe('denied/approval-revoked');
    expect(codeOf(() => revoked.use())).toBe('denied/approval-revoked');
  });
});

describe('a no to a call', () => {
  it('holds without its id until the question would have expired, and not a millisecond longer', () => {
    const { asked, answer, use, trail } = setUp();
    answer({ event: 'denied', reason: 'not during the freeze' });
    const error = thrownBy(() => use({}, asked.expiresAt - 1));
    expect(error).toMatchObject({
      code: 'denied/approval-denied',
      message: 'the approval `00000-00001` was denied',
      help: 'a human said no to this request; nobody is asked about it again before 2026-11-02 10:15:00Z',
      data: { approval: asked.approval, until: asked.expiresAt },
    });
    expect(use({}, asked.expiresAt)).toBeUndefined();
    trail.ask(asked.expiresAt); // and so it is asked again
    expect(use({}, asked.expiresAt)).toMatchObject({ pending: {} });
  });

  it('is for exactly that call of that agent', () => {
    const { answer, use } = setUp();
    answer({ event: 'denied' });
    for (const changes of [
      { agent: 'on-call' },
      { parametersDigest: 'another' },
      { justification: 'other words' },
      { policy: 'a newer one' },
    ]) {
      expect(use({ subject: subjectWith(changes) })).toBeUndefined();
    }
  });

  it('does not come about by silence, by a use or by an answer that counted for nothing', () => {
    const silent = setUp();
    silent.trail.add(expiryEntries(silent.trail.book, silent.asked.expiresAt), silent.asked.expiresAt);
    expect(silent.use({}, silent.asked.expiresAt)).toBeUndefined();
    const used = setUp();
    used.answer();
    used.use();
    const late = { kind: 'approval', approval: used.asked.approval, at: T0 + 3 * MINUTE, by: 'ann', channel: 'cli' } as const;
    used.trail.add(
      [
        { ...late, event: 'denied' },
        { ...late, event: 'revoked' },
      ],
      T0 + 3 * MINUTE,
    );
    expect(used.use({}, T0 + 3 * MINUTE)).toBeUndefined();
  });

  it('holds after a yes that was taken back for as long as that yes would have, and after a question that was for as long as it', () => {
    const { answer, use } = setUp();
    answer();
    answer({ event: 'revoked' }, T0 + 20 * MINUTE); // when the question itself would have expired
    const end = T0 + MINUTE + DEMAND.useWithinMs;
    expect(codeOf(() => use({}, end - 1))).toBe('denied/approval-revoked');
    expect(use({}, end)).toBeUndefined();
    const unanswered = setUp();
    unanswered.answer({ event: 'revoked' });
    expect(codeOf(() => unanswered.use({}, unanswered.asked.expiresAt - 1))).toBe('denied/approval-revoked');
    expect(unanswered.use({}, unanswered.asked.expiresAt)).toBeUndefined();
  });

  it('comes before a shape that covers the call, while other calls of the shape run', () => {
    const { trail, answer, use } = setUp();
    const other = trail.ask(T0, subjectWith({ source: 'other' }));
    answer({ approval: other.approval, shape: { free: ['replicas'], minutes: 30, usesMax: 5 } });
    expect(use()).toMatchObject({ shape: expect.any(String) });
    answer({ event: 'denied' });
    expect(codeOf(() => use())).toBe('denied/approval-denied');
    expect(use({ subject: subjectWith({ justification: 'again' }) })).toMatchObject({ shape: expect.any(String) });
  });

  it('gives way to a yes that came after it', () => {
    const { trail, asked, answer, use } = setUp();
    answer({ event: 'denied' });
    trail.add([{ ...asked, approval: '00000-0000a' }], T0 + MINUTE); // written by a version that asked again
    answer({ approval: '00000-0000a' });
    expect(use()).toMatchObject({ approval: '00000-0000a' });
    expect(codeOf(() => use())).toBe('denied/approval-denied');
  });
});

describe('shapes', () => {
  const shape = { free: ['replicas'], minutes: 30, usesMax: 2 };
  const scaled = {
    subject: subjectWith({ parametersDigest: 'another', justification: 'again' }),
    parameters: { ...PARAMETERS, replicas: 5 },
  };

  it('let calls of the shape run until they are used up, beside the call itself', () => {
    const { answer, use, trail } = setUp();
    const [, added] = answer({ shape }) as readonly [ApprovalEntry, ShapeEntry];
    expect(added).toMatchObject({ event: 'added', by: 'ann', free: ['replicas'], usesMax: 2, expiresAt: T0 + 31 * MINUTE });
    expect(use()).toMatchObject({ approval: '00000-00001' });
    expect(use(scaled)).toMatchObject({ shape: added.shape, use: [{ kind: 'shape', event: 'used', audit: 'a-9' }] });
    expect(use({ ...scaled, parameters: { ...PARAMETERS, verb: 'delete' } })).toBeUndefined();
    expect(use({ ...scaled, parameters: { ...PARAMETERS, extra: 1 } })).toBeUndefined();
    expect(use({ ...scaled, subject: subjectWith({ agent: 'on-call' }) })).toBeUndefined();
    expect(use(scaled)).toMatchObject({ shape: added.shape });
    expect(use(scaled)).toBeUndefined();
    expect(trail.book.listShapes(undefined, T0 + MINUTE)).toMatchObject([{ uses: 2, ended: { status: 'used' } }]);
  });

  it('end at their instant', () => {
    const { answer, use } = setUp();
    answer({ shape });
    expect(use(scaled, T0 + 31 * MINUTE)).toBeUndefined();
    expect(use(scaled, T0 + 31 * MINUTE - 1)).toBeDefined();
  });

  it('are revoked by the operator, once', () => {
    const { answer, use } = setUp();
    const [, added] = answer({ shape }) as readonly [ApprovalEntry, ShapeEntry];
    const revoke = { approval: added.shape, event: 'revoked' } as const;
    expect(codeOf(() => answer({ ...revoke, by: 'triage' }))).toBe('denied/not-an-approver');
    expect(codeOf(() => answer({ ...revoke, channel: 'slack:team' }))).toBe('denied/not-an-approver');
    expect(codeOf(() => answer({ ...revoke, event: 'denied' }))).toBe('usage/not-found');
    expect(answer({ ...revoke, by: 'root', reason: 'enough' })).toMatchObject([
      { kind: 'shape', event: 'revoked', reason: 'enough' },
    ]);
    expect(use(scaled)).toBeUndefined();
    expect(codeOf(() => answer(revoke))).toBe('denied/approval-revoked');
  });

  it('need names of parameters, an end in time and in uses, and a yes', () => {
    for (const bad of [
      { ...shape, free: ['nothing'] },
      { ...shape, free: ['replicas', 'replicas'] },
      { ...shape, free: ['__proto__'] },
      { ...shape, minutes: 0 },
      { ...shape, minutes: 10_081 },
      { ...shape, minutes: 1.5 },
      { ...shape, minutes: Number.NaN },
      { ...shape, usesMax: 0 },
      { ...shape, usesMax: 1001 },
      { ...shape, usesMax: Number.POSITIVE_INFINITY },
    ]) {
      expect(codeOf(() => setUp().answer({ shape: bad }))).toBe('usage/invalid-argument');
    }
    expect(codeOf(() => setUp().answer({ event: 'denied', shape }))).toBe('usage/invalid-argument');
  });

  it('are at most 100 for an agent', () => {
    const trail = new FoldedTrail();
    const approveNext = (count: number) => {
      const { approval } = trail.ask(T0, subjectWith({ source: String(count) }));
      trail.add(
        answerEntries(trail.book, { approval, event: 'approved', by: 'ann', channel: 'cli', shape }, T0, trail.newId),
        T0,
      );
    };
    for (let count = 0; count < 100; count++) approveNext(count);
    expect(codeOf(() => approveNext(100))).toBe('usage/invalid-argument');
  });

  it('have ids of their own', () => {
    const ids = idsInARow();
    expect(ids()).not.toBe(ids());
  });
});
