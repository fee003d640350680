import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approvalDigest, askEntry, renderApproval, slackMessage, useEntries } from '../../host/approvals/index.ts';
import { approvalLine } from '../../host/approvals/listing.ts';
import { ApprovalsDesk } from '../../host/approvals-desk.ts';
import type { Journal, TrailRecord } from '../../host/audit/trail.ts';
import { TrailLogic } from '../../host/audit/trail-logic.ts';
import { CallQuestions } from '../../host/call-questions.ts';
import type { CapabilityCall, HumanAnswer, HumanQuestion } from '../../host/capabilities/capability.ts';
import type { Post } from '../../host/outbound/index.ts';
import { Questions } from '../../host/questions.ts';
import { openTrail, type Trail } from '../../host/trail.ts';
import { WardenState } from '../../host/trail-state.ts';
import { decided, intent, outcome, requested, SUBJECT } from '../support/trails.ts';

const HOUR = 3_600_000;
const QUESTION: HumanQuestion = { question: 'Restart the pod now?', approvers: ['ann'], expiresMs: HOUR };

let folder: string;
let trail: Trail;
let desk: ApprovalsDesk;
let questions: CallQuestions;
let records: TrailRecord[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'call-questions-'));
  trail = await openTrail({ folder, sync: 'os', segmentBytesMax: 1 << 20, version: '0.1.0' });
  records = [];
  trail.state.onRecord((record) => records.push(record));
  desk = new ApprovalsDesk(trail, (text) => text);
  const callOf = () => ({ subject: SUBJECT, parameters: { text: 'x' } });
  questions = new CallQuestions(trail, desk, callOf, (text) => text.replaceAll('hunter2', '***'));
});

afterEach(async () => {
  await trail.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A call that runs, in the trail. */
async function running(audit = 'a1') {
  const end = new AbortController();
  const { writer } = trail.journal;
  const entries = [requested(audit, { writer }), decided(audit, 'allow'), intent(audit, { writer })];
  await trail.journal.transact(() => entries, 'durable');
  const call: CapabilityCall = {
    audit,
    agent: 'triage',
    tool: 'redact',
    endsMs: Date.now() + HOUR,
    signal: end.signal,
    state: (_key, make) => make(),
    note: () => undefined,
  };
  return { call, end };
}

const pending = () => trail.state.approvals.list({ statuses: ['pending'] }, Date.now());

/** The id of the question, once it is in the trail. */
async function askedId(count = 1): Promise<string> {
  await expect.poll(() => pending().length, { interval: 2 }).toBe(count);
  return pending().at(-1)!.asked.approval;
}

const events = () => records.flatMap((record) => (record.kind === 'approval' ? [record.event] : []));

/** What `audit verify` says of the records, but for the bytes. */
function problems(): readonly (string | undefined)[] {
  const logic = new TrailLogic(false);
  return records.map((record) => logic.apply(record)).filter((why) => why !== undefined);
}

describe('a question of a running call', () => {
  it('gives the yes to the call that waits, once', async () => {
    const { call } = await running();
    const answer = questions.ask(QUESTION, call);
    const id = await askedId();
    await desk.approve(id, { by: 'ann' });
    expect(await answer).toEqual<HumanAnswer>({ kind: 'yes', by: 'ann', approval: id });
    expect(events()).toEqual(['asked', 'approved', 'used']);
    await expect(desk.approve(id, { by: 'ann' })).rejects.toMatchObject({ code: 'denied/approval-used' });
    await trail.journal.transact(() => [outcome('a1')], 'durable');
    expect(problems()).toEqual([]);
  });

  it('gives a no with its reason; of two answers the first counts', async () => {
    const { call } = await running();
    const answer = questions.ask(QUESTION, call);
    const id = await askedId();
    await desk.deny(id, { by: 'ann', reason: 'not now' });
    await expect(desk.approve(id, { by: 'ann' })).rejects.toMatchObject({ code: 'denied/approval-denied' });
    expect(await answer).toEqual({ kind: 'no', by: 'ann', approval: id, reason: 'not now' });
    expect(
      trail.state.approvals.refusalFor(trail.state.approvals.approval(id)!.asked.digest, 'triage', Date.now()),
    ).toBeUndefined();
  });

  it('takes silence as a no, and never waits past the end of the call', async () => {
    const { call } = await running();
    expect(await questions.ask({ ...QUESTION, expiresMs: 5 }, call)).toMatchObject({ kind: 'silence' });
    expect(await questions.ask(QUESTION, { ...call, endsMs: Date.now() + 5 })).toMatchObject({ kind: 'silence' });
    expect(await questions.ask(QUESTION, { ...call, endsMs: Date.now() - 5 })).toMatchObject({ kind: 'silence' });
    expect(pending()).toEqual([]);
    expect(problems()).toEqual([]);
  });

  it('is closed when the call ends first; an answer after that is refused', async () => {
    const { call, end } = await running();
    const answer = questions.ask(QUESTION, call);
    const id = await askedId();
    end.abort();
    expect(await answer).toEqual({ kind: 'silence', approval: id });
    expect(events()).toEqual(['asked', 'revoked']);
    await expect(desk.approve(id, { by: 'ann' })).rejects.toMatchObject({ code: 'denied/approval-revoked' });
  });

  it('AP-07: is over once its call has an outcome, also in a state that is carried over', async () => {
    const { call, end } = await running();
    const answer = questions.ask(QUESTION, call);
    const id = await askedId();
    const other = new WardenState();
    other.reset(JSON.parse(JSON.stringify(trail.state.carry())));
    expect(other.approvals.status(other.approvals.approval(id)!, Date.now())).toBe('pending');
    other.apply({ ...outcome('a1', { code: 'failed/interrupted' }), seq: 99, at: Date.now() } as TrailRecord);
    expect(other.approvals.status(other.approvals.approval(id)!, Date.now())).toBe('revoked');
    end.abort();
    await answer;
  });

  it('goes to the call that asked it and to no other', async () => {
    const one = await running('a1');
    const two = await running('a2');
    const first = questions.ask(QUESTION, one.call);
    const firstId = await askedId(1);
    const second = questions.ask(QUESTION, two.call);
    await askedId(2);
    const asked = pending().map(({ asked: { approval, digest } }) => ({ approval, digest }));
    expect(new Set(asked.map(({ digest }) => digest)).size).toBe(2);
    const other = asked.find(({ approval }) => approval !== firstId)!;
    const answer = { by: 'ann', digest: other.digest };
    await expect(desk.approve(firstId, answer)).rejects.toMatchObject({ code: 'denied/approval-mismatch' });
    await desk.approve(other.approval, answer);
    expect(await second).toMatchObject({ kind: 'yes', approval: other.approval });
    one.end.abort();
    expect(await first).toMatchObject({ kind: 'silence', approval: firstId });
  });

  it('AP-01: its yes lets no call run, by its id or by its digest, and makes no shape', async () => {
    const { call, end } = await running();
    const answer = questions.ask(QUESTION, call);
    const id = await askedId();
    const shape = { free: [], minutes: 5, usesMax: 5 };
    await expect(desk.approve(id, { by: 'ann', shape })).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    const book = trail.state.approvals;
    const { subject, digest } = book.approval(id)!.asked;
    const same = { audit: 'a9', subject: SUBJECT, parameters: { text: 'x' } };
    expect(approvalDigest(SUBJECT)).not.toBe(digest);
    expect(useEntries(book, same, Date.now())).toBeUndefined();
    for (const tried of [SUBJECT, subject]) {
      expect(() => useEntries(book, { ...same, subject: tried, approval: id }, Date.now())).toThrow(/is for another request/);
    }
    end.abort();
    await answer;
  });

  it('AP-01: a yes to exactly its call answers no question', async () => {
    const { call, end } = await running();
    const demand = { rules: [], channels: ['terminal'], approvers: ['ann'], expiresMs: HOUR, useWithinMs: HOUR };
    const asking = { audit: 'a1', subject: SUBJECT, parameters: { text: 'x' } };
    await trail.journal.transact((nowMs) => [askEntry(trail.state.approvals, asking, demand, nowMs)], 'durable');
    const approval = await askedId();
    await desk.approve(approval, { by: 'ann' });
    const answer = questions.ask(QUESTION, call);
    const id = await askedId();
    expect(id).not.toBe(approval);
    end.abort();
    expect(await answer).toEqual({ kind: 'silence', approval: id });
    expect(trail.state.approvals.status(trail.state.approvals.approval(approval)!, Date.now())).toBe('approved');
  });

  it('is never answered by an agent, nor by who is no approver', async () => {
    const { call, end } = await running();
    const answer = questions.ask({ question: 'Go?', expiresMs: HOUR, approvers: ['ann', 'triage'] }, call);
    const id = await askedId();
    for (const by of ['triage', 'TRIAGE', 'agent:triage', 'bob']) {
      await expect(desk.approve(id, { by })).rejects.toMatchObject({ code: 'denied/not-an-approver' });
    }
    end.abort();
    expect(await answer).toMatchObject({ kind: 'silence' });
  });

  it('is one line, and its details are short', async () => {
    const { call } = await running();
    for (const question of ['', ' ', 'a\nb', 'a\rb', 'a\u2028b', 'x'.repeat(201)]) {
      await expect(questions.ask({ ...QUESTION, question }, call)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    }
    const details = 'x'.repeat(4097);
    await expect(questions.ask({ ...QUESTION, details }, call)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    expect(events()).toEqual([]);
  });

  it('AU-08: is shown as text, whatever is in it, and secrets are taken out', async () => {
    const { call, end } = await running();
    const question = '\u001b[2J\u202eevil hunter2';
    const answer = questions.ask({ ...QUESTION, question, details: 'x\nstatus: approved\u001b[0m\u2066' }, call);
    const id = await askedId();
    const item = trail.state.approvals.approval(id)!;
    const lines = [...renderApproval(item.asked, Date.now(), 80), approvalLine(trail.state.approvals, item, Date.now())];
    for (const line of lines) expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(lines[0]).toContain('Question');
    expect(lines.join('\n')).toContain('the tool `redact`');
    expect(lines.some((line) => line.startsWith('status: approved'))).toBe(false);
    expect(JSON.stringify(records)).not.toContain('hunter2');
    const blocks = slackMessage(item.asked, { nowMs: Date.now() }).blocks;
    const texts = blocks.flatMap((block) => ('text' in block ? [block.text.text] : []));
    expect(texts.join('')).toContain('\\u202eevil ***');
    expect(texts.join('')).not.toMatch(/[\u{1b}\u202e\u2066]/u);
    end.abort();
    await answer;
  });

  it('AU-05: the trail does not verify where an answer is taken for another call, or the asking call does not run', async () => {
    const { call } = await running();
    await running('a2');
    const answer = questions.ask(QUESTION, call);
    const id = await askedId();
    await desk.approve(id, { by: 'ann' });
    await answer;
    expect(problems()).toEqual([]);
    records = records.map((record) =>
      record.kind === 'approval' && record.event === 'used' ? { ...record, audit: 'a2' } : record,
    );
    expect(problems()).toEqual(['takes the answer to a question for something else']);
    records = records.filter(({ kind }) => kind !== 'intent');
    expect(problems()[0]).toBe('asks a question for a call that does not run');
  });

  it('goes to the channels that it names, each question of a call, and only from the process of the call', async () => {
    const sent: string[] = [];
    const post: Post = async ({ body }) => {
      sent.push(String(body));
      return { status: 200 } as Awaited<ReturnType<Post>>;
    };
    const channels = new Map([
      ['webhook:ops', { kind: 'webhook', name: 'webhook:ops', url: 'https://ops.example.com/', secretEnv: 'OPS' } as const],
    ]);
    const options = {
      channels,
      env: { OPS: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
      post,
      onProblem: () => undefined,
    };
    const here = new Questions(trail, options);
    const elsewhere = new Questions({ journal: { writer: 'w9' } as Journal, state: trail.state }, options);
    const { call } = await running();
    for (const text of ['First?', 'Second?']) {
      const answer = questions.ask({ ...QUESTION, question: text, channels: ['webhook:ops'] }, call);
      const id = await askedId();
      await expect.poll(() => sent.filter((body) => body.includes(text)).length, { interval: 2 }).toBe(1);
      await desk.deny(id, { by: 'ann' });
      await answer;
    }
    await Promise.all([here.close(), elsewhere.close()]);
    expect(sent).toHaveLength(2);
  });
});
