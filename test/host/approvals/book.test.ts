import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ApprovalBook,
  type ApprovalStatus,
  type Asked,
  approvalDigest,
  type ShapeStatus,
  shapeDigest,
} from '../../../host/approvals/index.ts';
import type { ShapeEntry, TrailEntry } from '../../../host/audit/entries.ts';
import type { TrailRecord } from '../../../host/audit/trail.ts';
import { askedWith, DAY, DEMAND, FoldedTrail, MINUTE, PARAMETERS, SUBJECT, subjectWith, T0 } from './fixture.ts';

const said = { by: 'ann', channel: 'cli' };

/* ---- a naive model: looks at the whole list of records anew for each question ---- */

const AGENTS = ['triage', 'on-call'] as const;
const IDS = ['00000-00001', '00000-00002', '00000-00003', '0000z-00001'] as const;

function naiveStatus(records: readonly TrailRecord[], id: string, nowMs: number): ApprovalStatus | undefined {
  const mine = records.filter((record) => record.kind === 'approval' && record.approval === id);
  const start = mine.findIndex((record) => 'event' in record && record.event === 'asked');
  if (start === -1) return undefined;
  const asked = mine[start] as Asked;
  let until = asked.expiresAt;
  let isApproved = false;
  for (const record of mine.slice(start + 1)) {
    const event = 'event' in record ? record.event : '';
    const seen = Math.max(...records.slice(0, record.seq).map(({ at }) => at));
    if (event === 'approved' && !isApproved && seen < until) {
      isApproved = true;
      until = record.at + asked.useWithinMs;
    }
    if (['denied', 'revoked', 'expired', 'used'].includes(event)) return event as ApprovalStatus;
  }
  if (Math.max(nowMs, ...records.map(({ at }) => at)) >= until) return 'expired';
  return isApproved ? 'approved' : 'pending';
}

function naiveShape(records: readonly TrailRecord[], id: string, nowMs: number): ShapeStatus | undefined {
  const mine = records.filter((record) => record.kind === 'shape' && record.shape === id) as (ShapeEntry & TrailRecord)[];
  const start = mine.findIndex(({ event }) => event === 'added');
  if (start === -1) return undefined;
  const added = mine[start] as Extract<ShapeEntry, { event: 'added' }>;
  let uses = 0;
  for (const { event } of mine.slice(start + 1)) {
    if (event === 'revoked') return 'revoked';
    if (event === 'used' && ++uses >= added.usesMax) return 'used';
  }
  return Math.max(nowMs, ...records.map(({ at }) => at)) < added.expiresAt ? 'active' : 'expired';
}

/** Until when the last no to a call holds, however many came. */
function naiveRefusal(records: readonly TrailRecord[], agent: string, nowMs: number): string | undefined {
  const seen = Math.max(nowMs, ...records.map(({ at }) => at));
  let refusal: { readonly approval: string; readonly until: number } | undefined;
  records.forEach((record, index) => {
    if (record.kind !== 'approval' || (record.event !== 'denied' && record.event !== 'revoked')) return;
    const earlier = records.slice(0, index);
    const isOpen = earlier.filter((other) => other.kind === 'approval' && other.approval === record.approval);
    const asked = isOpen.find((other): other is Asked & TrailRecord => 'event' in other && other.event === 'asked');
    const ends = isOpen.slice(isOpen.indexOf(asked as TrailRecord)).map((other) => ('event' in other ? other.event : ''));
    if (asked?.subject.agent !== agent || ends.some((event) => ['denied', 'revoked', 'expired', 'used'].includes(event))) return;
    const from = records.indexOf(asked);
    const yes = earlier.find(
      (other, at) =>
        at > from &&
        other.kind === 'approval' &&
        other.event === 'approved' &&
        other.approval === record.approval &&
        Math.max(...records.slice(0, at + 1).map((each) => each.at)) < asked.expiresAt,
    );
    refusal = { approval: record.approval, until: yes === undefined ? asked.expiresAt : yes.at + asked.useWithinMs };
  });
  return refusal !== undefined && seen < refusal.until ? refusal.approval : undefined;
}

const step = fc.integer({ min: 0, max: 5 }).map((minutes) => minutes * MINUTE);
const id = fc.constantFrom(...IDS);

const entry: fc.Arbitrary<TrailEntry> = fc.oneof(
  fc
    .record({
      id,
      agent: fc.constantFrom(...AGENTS),
      minutes: fc.integer({ min: 1, max: 20 }),
      within: fc.integer({ min: 1, max: 20 }),
    })
    .map(({ id: approval, agent, minutes, within }) =>
      askedWith({ agent }, PARAMETERS, { approval, expiresAt: T0 + minutes * MINUTE, useWithinMs: within * MINUTE }),
    ),
  fc
    .record({ id, event: fc.constantFrom('approved', 'approved', 'approved', 'denied', 'revoked') })
    .map(({ id: approval, event }): TrailEntry => ({ kind: 'approval', event: event as 'approved', approval, at: 0, ...said })),
  id.map((approval): TrailEntry => ({ kind: 'approval', event: 'used', approval, at: 0, audit: 'a-9' })),
  id.map((approval): TrailEntry => ({ kind: 'approval', event: 'expired', approval, at: 0 })),
  fc
    .record({ id, minutes: fc.integer({ min: 1, max: 20 }), usesMax: fc.integer({ min: 1, max: 3 }) })
    .map(({ id: shape, minutes, usesMax }): TrailEntry => shapeAdded(shape, T0 + minutes * MINUTE, usesMax)),
  id.map((shape): TrailEntry => ({ kind: 'shape', event: 'used', shape, at: 0, audit: 'a-9' })),
  id.map((shape): TrailEntry => ({ kind: 'shape', event: 'revoked', shape, at: 0, ...said })),
  fc.constant<TrailEntry>({ kind: 'closed', writer: 'w' }),
);

/** Now and then the clock is set back. */
const history = fc.array(
  fc.tuple(entry, fc.oneof({ weight: 9, arbitrary: step }, { weight: 1, arbitrary: fc.constant(-7 * MINUTE) })),
  {
    maxLength: 40,
  },
);

function recordsOf(items: readonly (readonly [TrailEntry, number])[]): TrailRecord[] {
  let at = T0;
  return items.map(([item, ms], index) => {
    at += ms;
    return { ...item, seq: index + 1, at } as TrailRecord;
  });
}

function shapeAdded(shape: string, expiresAt: number, usesMax: number): Extract<ShapeEntry, { event: 'added' }> {
  const free = ['replicas'];
  const digest = shapeDigest(SUBJECT, PARAMETERS, free);
  const made = { approval: '00000-00001', subject: SUBJECT, parameters: PARAMETERS, free, digest };
  return { kind: 'shape', event: 'added', shape, at: T0, ...said, ...made, expiresAt, usesMax };
}

function folded(records: readonly TrailRecord[], book = new ApprovalBook()): ApprovalBook {
  for (const record of records) book.apply(record);
  return book;
}

describe('the fold, beside a naive model', () => {
  it('agrees on the status of everything after any sequence of events, in sense or not', () => {
    fc.assert(
      fc.property(history, step, (items, later) => {
        const records = recordsOf(items);
        const book = folded(records);
        const now = T0 + later;
        for (const each of IDS) {
          const approval = book.approval(each);
          expect(approval && book.status(approval, now)).toBe(naiveStatus(records, each, now));
          const shape = book.shape(each);
          expect(shape && book.shapeStatus(shape, now)).toBe(naiveShape(records, each, now));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('finds by digest what the model says is open, for the agent that asked and no other', () => {
    fc.assert(
      fc.property(history, step, (items, later) => {
        const records = recordsOf(items);
        const book = folded(records);
        const now = T0 + later;
        for (const agent of AGENTS) {
          const digest = approvalDigest(subjectWith({ agent }));
          for (const status of ['pending', 'approved'] as const) {
            const ids = IDS.filter((each) => book.approval(each)?.asked.subject.agent === agent);
            const expected = ids.filter((each) => naiveStatus(records, each, now) === status);
            const found = status === 'pending' ? book.pendingFor(digest, agent, now) : book.approvedFor(digest, agent, now);
            expect(found === undefined).toBe(expected.length === 0);
            if (found !== undefined) expect(expected).toContain(found.asked.approval);
            if (status === 'pending') expect(book.pendingCount(agent, now)).toBe(expected.length);
            expect(book.pendingFor(digest, 'another', now)).toBeUndefined();
          }
          expect(book.refusalFor(digest, agent, now)?.approval).toBe(naiveRefusal(records, agent, now));
          expect(book.refusalFor(digest, 'another', now)).toBeUndefined();
        }
        const isCovered = IDS.some((each) => naiveShape(records, each, now) === 'active');
        expect(book.shapeFor(SUBJECT, { ...PARAMETERS, replicas: 7 }, now) !== undefined).toBe(isCovered);
        expect(book.shapeFor(SUBJECT, { ...PARAMETERS, verb: 'delete' }, now)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('is the same when it is carried over anywhere, through JSON', () => {
    fc.assert(
      fc.property(history, fc.nat(40), step, (items, cut, later) => {
        const records = recordsOf(items);
        const whole = folded(records);
        const carried = JSON.parse(JSON.stringify(folded(records.slice(0, cut)).carry()));
        const book = new ApprovalBook();
        book.apply({ ...askedWith({ tool: 'other' }), seq: 1, at: T0 }); // what was there before is gone
        book.reset(carried);
        folded(records.slice(cut), book);
        expect(book.carry()).toEqual(whole.carry());
        const now = T0 + later;
        expect(book.list({}, now)).toEqual(whole.list({}, now));
        expect(book.lapsed(now)).toEqual(whole.lapsed(now));
        const digest = approvalDigest(SUBJECT);
        expect(book.approvedFor(digest, 'triage', now)?.asked.digest).toBe(
          whole.approvedFor(digest, 'triage', now)?.asked.digest,
        );
        expect(book.refusalFor(digest, 'triage', now)).toEqual(whole.refusalFor(digest, 'triage', now));
      }),
      { numRuns: 500 },
    );
  });
});

describe('time', () => {
  it('makes silence a no at the exact instant, and not one millisecond earlier', () => {
    const trail = new FoldedTrail();
    const asked = trail.ask(T0);
    const approval = trail.book.approval(asked.approval)!;
    expect(trail.book.status(approval, asked.expiresAt - 1)).toBe('pending');
    expect(trail.book.status(approval, asked.expiresAt)).toBe('expired');
    expect(trail.book.status(approval, Number.NaN)).toBe('expired');
  });

  it('ends an approval that was not used in time at the exact instant', () => {
    const trail = new FoldedTrail();
    const { approval: askedId, expiresAt } = trail.ask(T0);
    const at = expiresAt - 1;
    trail.add([{ kind: 'approval', event: 'approved', approval: askedId, at, ...said }], at);
    const approval = trail.book.approval(askedId)!;
    expect(trail.book.status(approval, at + DEMAND.useWithinMs - 1)).toBe('approved');
    expect(trail.book.status(approval, at + DEMAND.useWithinMs)).toBe('expired');
  });

  it('takes no yes that was written at or after the end', () => {
    const trail = new FoldedTrail();
    const { approval, expiresAt } = trail.ask(T0);
    trail.add([{ kind: 'approval', event: 'approved', approval, at: expiresAt, ...said }], expiresAt);
    expect(trail.book.approval(approval)?.approved).toBeUndefined();
  });

  it('does not run backwards: what a record has seen expire stays expired', () => {
    const trail = new FoldedTrail();
    const { approval, expiresAt } = trail.ask(T0);
    trail.add([{ kind: 'closed', writer: 'w' }], expiresAt);
    expect(trail.book.status(trail.book.approval(approval)!, T0 + 1)).toBe('expired');
    trail.add([{ kind: 'approval', event: 'approved', approval, at: T0 + 2, ...said }], T0 + 2);
    expect(trail.book.status(trail.book.approval(approval)!, T0 + 3)).toBe('expired');
  });

  it('ends a shape at its instant and at its last use', () => {
    const trail = new FoldedTrail();
    trail.add([shapeAdded('00000-0000a', T0 + MINUTE, 2)], T0);
    expect(trail.book.shapeFor(SUBJECT, PARAMETERS, T0 + MINUTE - 1)).toBeDefined();
    expect(trail.book.shapeFor(SUBJECT, PARAMETERS, T0 + MINUTE)).toBeUndefined();
    const use = { kind: 'shape', event: 'used', shape: '00000-0000a', at: T0, audit: 'a' } as const;
    trail.add([use], T0);
    expect(trail.book.shapeFor(SUBJECT, PARAMETERS, T0)).toBeDefined();
    trail.add([use], T0);
    expect(trail.book.shapeFor(SUBJECT, PARAMETERS, T0)).toBeUndefined();
  });
});

describe('memory', () => {
  it('forgets what ended or lapsed a day ago, and not a millisecond earlier', () => {
    const trail = new FoldedTrail();
    const denied = trail.ask(T0).approval;
    trail.add([{ kind: 'approval', event: 'denied', approval: denied, at: T0 + 1, ...said }], T0 + 1);
    const silent = trail.ask(T0 + 2, subjectWith({ source: 'other' }));
    trail.add([{ kind: 'closed', writer: 'w' }], T0 + DAY);
    expect(trail.book.approval(denied)).toBeDefined();
    trail.add([{ kind: 'closed', writer: 'w' }], T0 + 1 + DAY);
    expect(trail.book.approval(denied)).toBeUndefined();
    trail.add([{ kind: 'closed', writer: 'w' }], silent.expiresAt + DAY - 1);
    expect(trail.book.find(silent.approval)).toHaveLength(1);
    trail.add([{ kind: 'closed', writer: 'w' }], silent.expiresAt + DAY);
    expect(trail.book.find(silent.approval)).toEqual([]);
    expect(trail.book.carry()).toMatchObject({ approvals: [], shapes: [] });
  });

  it('keeps at most 1,000 that ended, and of them nothing large', () => {
    const trail = new FoldedTrail();
    for (let count = 0; count < 1200; count++) {
      const { approval } = trail.ask(T0, subjectWith({ source: `line ${count}` }), { text: 'x'.repeat(1000) });
      trail.add([{ kind: 'approval', event: 'denied', approval, at: T0, ...said }], T0);
    }
    const ended = trail.book.list({ statuses: ['denied'] }, T0);
    expect(ended).toHaveLength(1000);
    expect(ended[0]?.asked.approval).toBe('00000-00201');
    expect(JSON.stringify(trail.book.carry()).length).toBeLessThan(1000 * 1000);
    expect(JSON.stringify(trail.book.carry())).not.toContain('xxxx');
    expect(trail.book.approval('00000-00201')?.ended).toMatchObject({ status: 'denied', by: 'ann' });
  });

  it('keeps a no as long as it holds, though the approval is forgotten, and 500 of them at most', () => {
    const trail = new FoldedTrail();
    const { approval, digest, expiresAt } = trail.ask(T0, SUBJECT, PARAMETERS, { ...DEMAND, expiresMs: 3 * DAY });
    trail.add([{ kind: 'approval', event: 'denied', approval, at: T0, ...said }], T0);
    trail.add([{ kind: 'closed', writer: 'w' }], T0 + 2 * DAY);
    expect(trail.book.approval(approval)).toBeUndefined();
    const carried = JSON.parse(JSON.stringify(trail.book.carry()));
    const book = new ApprovalBook();
    book.reset(carried);
    for (const each of [trail.book, book]) {
      expect(each.refusalFor(digest, 'triage', expiresAt - 1)).toMatchObject({ approval, until: expiresAt });
      expect(each.refusalFor(digest, 'triage', expiresAt)).toBeUndefined();
    }
    for (let count = 0; count < 500; count++) {
      expect(trail.book.refusalFor(digest, 'triage', T0)).toBeDefined();
      const asked = trail.ask(T0 + 2 * DAY, subjectWith({ source: `line ${count}` }));
      trail.add([{ kind: 'approval', event: 'denied', approval: asked.approval, at: T0, ...said }], T0 + 2 * DAY);
    }
    expect(trail.book.refusalFor(digest, 'triage', T0)).toBeUndefined();
    trail.add([{ kind: 'closed', writer: 'w' }], expiresAt);
    expect(trail.book.carry()).toMatchObject({ refusals: [] });
    expect(book.carry()).toMatchObject({ refusals: [{ approval }] });
    book.reset({ ...carried, refusals: undefined });
    expect(book.refusalFor(digest, 'triage', T0)).toBeUndefined();
  });

  it('begins from nothing where what was carried is not known to be its own', () => {
    const good = new FoldedTrail();
    good.ask(T0);
    const carried = good.book.carry() as Record<string, unknown>;
    for (const foreign of [
      undefined,
      null,
      1,
      [],
      {},
      { ...carried, version: 2 },
      { ...carried, approvals: [{}] },
      { ...carried, approvals: [null] },
    ]) {
      const book = new ApprovalBook();
      book.reset(carried);
      expect(book.list({}, T0)).toHaveLength(1);
      book.reset(foreign);
      expect(book.list({}, T0)).toEqual([]);
      expect(book.pendingFor(approvalDigest(SUBJECT), 'triage', T0)).toBeUndefined();
    }
  });

  it('keeps what was shown under an id, whatever comes under it later', () => {
    const trail = new FoldedTrail();
    const asked = trail.ask(T0);
    trail.add([{ ...asked, subject: subjectWith({ tool: 'other' }) }], T0);
    expect(trail.book.approval(asked.approval)?.asked.subject.tool).toBe('kubectl');
  });

  it('throws nothing on records without what they should have', () => {
    const book = new ApprovalBook();
    for (const record of [
      { kind: 'approval', event: 'asked', approval: '00000-00001', seq: 1, at: T0 },
      { kind: 'approval', event: 'approved', approval: '00000-00001', seq: 2, at: T0 },
      { kind: 'approval', event: 'invented', approval: '00000-00001', seq: 3, at: T0 },
      { kind: 'shape', event: 'added', shape: '00000-00002', seq: 4, at: T0 },
      { kind: 'shape', event: 'used', shape: '00000-00002', seq: 5, at: T0 },
      { kind: 'later-version', seq: 6, at: T0 },
    ]) {
      book.apply(record as unknown as TrailRecord);
    }
    expect(book.list({}, T0)).toEqual([]);
  });
});

describe('find', () => {
  it('takes four characters or more, whatever their case, hyphens and look-alikes', () => {
    const book = folded([{ ...askedWith({}, PARAMETERS, { approval: 'k0q1m-9xw4d' }), seq: 1, at: T0 }]);
    for (const prefix of ['k0q1', 'K0Q1M', 'kOqLm', 'koqim-9', 'k0q1m9xw4d', 'K0Q1M-9XW4D'])
      expect(book.find(prefix), prefix).toHaveLength(1);
    for (const prefix of ['', 'k0q', 'k0-q', 'k0q2', 'k0q1m-9xw4dd', '*', 'k0q1 ', 'x'.repeat(1e6)])
      expect(book.find(prefix), prefix.slice(0, 20)).toEqual([]);
  });
});
