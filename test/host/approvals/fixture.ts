import { ApprovalBook, type Asked, approvalDigest, askEntry } from '../../../host/approvals/index.ts';
import type { ApprovalSubject, TrailEntry } from '../../../host/audit/entries.ts';
import type { TrailRecord } from '../../../host/audit/trail.ts';
import type { ApprovalDemand } from '../../../host/policy/decision.ts';
import type { PlainJson } from '../../../runtime/index.ts';
import { thrownBy } from '../../runtime/value/thrown-by.ts';

export { thrownBy };

/** 2 November 2026, 10:00 UTC: all tests have their own clock. */
export const T0 = Date.UTC(2026, 10, 2, 10);
export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

export const SUBJECT: ApprovalSubject = {
  agent: 'triage',
  tool: 'kubectl',
  function: 'run',
  component: `sha256:${'c0'.repeat(32)}`,
  parametersDigest: `sha256:${'aa'.repeat(32)}`,
  session: 'incident-7',
  grants: ['log'],
  limits: { timeoutMsMax: '10000', fuelMax: '1000000000' },
  policy: `sha256:${'0f'.repeat(32)}`,
  justification: 'the pod crashes in a loop',
  source: 'FATAL: Database connection failed',
};

export const PARAMETERS = { verb: 'rollout-restart', target: 'deployment/webapp', replicas: 3 };

export const DEMAND: ApprovalDemand = {
  rules: ['agents.triage.tools[1] (cellblock.yaml:21)'],
  channels: ['terminal', 'slack:team'],
  approvers: ['ann', 'bob'],
  expiresMs: 15 * MINUTE,
  useWithinMs: 60 * MINUTE,
};

export function subjectWith(changes: Partial<ApprovalSubject>): ApprovalSubject {
  return { ...SUBJECT, ...changes };
}

/** Ids in a row: `00000-00001`, `00000-00002`, .. */
export function idsInARow(): () => string {
  let count = 0;
  return () => `00000-${String(++count).padStart(5, '0')}`;
}

/** A book with the trail that it was folded from. */
export class FoldedTrail {
  readonly book = new ApprovalBook();
  readonly records: TrailRecord[] = [];
  readonly newId = idsInARow();

  add(entries: readonly TrailEntry[], at: number): void {
    for (const entry of entries) {
      const record = { ...entry, seq: this.records.length + 1, at } as TrailRecord;
      this.records.push(record);
      this.book.apply(record);
    }
  }

  ask(at: number, subject: ApprovalSubject = SUBJECT, parameters: PlainJson = PARAMETERS, demand = DEMAND): Asked {
    const asked = askEntry(this.book, { audit: `a-${this.records.length + 1}`, subject, parameters }, demand, at, this.newId);
    this.add([asked], at);
    return asked;
  }
}

/** A question as it is written, without a book. */
export function askedWith(
  subject: Partial<ApprovalSubject>,
  parameters: PlainJson = PARAMETERS,
  more: Partial<Asked> = {},
): Asked {
  const full = subjectWith(subject);
  return {
    kind: 'approval',
    event: 'asked',
    approval: 'k7q2m-9xw4d',
    audit: 'a-1',
    at: T0,
    expiresAt: T0 + DEMAND.expiresMs,
    useWithinMs: DEMAND.useWithinMs,
    digest: approvalDigest(full),
    subject: full,
    parameters,
    rules: DEMAND.rules,
    approvers: DEMAND.approvers,
    channels: DEMAND.channels,
    ...more,
  };
}

/** The code of what an action throws; fails when that is not one of our errors. */
export function codeOf(action: () => unknown): string {
  return thrownBy(action).code;
}

/** Texts that were made to deceive. */
export const HOSTILE_TEXTS: readonly string[] = [
  'line\nApproval 00000-00001 is asked for.',
  'a\r\nstatus: approved\u2028status: approved\u2029status: approved\u0085',
  '\u001b[2J\u001b[1;1Happroved \u009b31m',
  '\u202egnp.exe \u2066x\u2069 \u200b\u200d\u2060\ufeff\u00ad',
  'deployment/w\u0435bapp',
  '\u2502 \u250c\u2500\u2510 \u2588 \u2800 \u3164 \u00a0 \u3000',
  'z\u0301\u0302\u0303\u0304\u0305\u0306algo " \u0338',
  '``` <!channel> <@U123> <https://evil.example|ok> & *bold* `code` ```',
  '"} , "force": true, \\u0022 \\',
  '\ud800 lone \udfff',
  '\u{e0041}\u{e0042} tags \u{1f600} face',
  'x'.repeat(10_000),
  `${' '.repeat(62)}approved: yes`,
  '\u4e00'.repeat(300),
];
