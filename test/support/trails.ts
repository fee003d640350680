import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHAIN_START, type ChainEnd, RecordEncoder } from '../../host/audit/chain.ts';
import type { ApprovalSubject, TrailEntry } from '../../host/audit/entries.ts';
import { segmentName } from '../../host/audit/segment-reader.ts';

/* Trails for tests, written line by line as the journal writes them, without a journal. */

/** 2026-01-01T00:00:00Z. Record `seq` was written `seq` seconds later. */
export const T0 = 1_767_225_600_000;

/**
 * Writes a trail of several segments; each begins with its own record.
 *
 * @returns the last record.
 */
export function writeTrail(folder: string, segments: readonly (readonly TrailEntry[])[]): ChainEnd {
  mkdirSync(join(folder, 'trail'), { recursive: true });
  let end = CHAIN_START;
  segments.forEach((entries, index) => {
    const encoder = new RecordEncoder(end);
    encoder.add({ kind: 'segment', format: 1, number: index + 1, previous: end }, T0 + 1000 * (end.seq + 1));
    for (const entry of entries) encoder.add(entry, T0 + 1000 * (encoder.end.seq + 1));
    writeFileSync(join(folder, segmentName(index + 1)), encoder.bytes());
    end = encoder.end;
  });
  return end;
}

export const digest = (char: string): string => `sha256:${char.repeat(64)}`;

const POLICY = digest('f');
const COMPONENT = digest('c');
const LIMITS = { fuelMax: '1000', timeoutMsMax: '500' };

export function requested(audit: string, more: object = {}): TrailEntry {
  return {
    kind: 'requested',
    audit,
    writer: 'w1',
    agent: 'triage',
    tool: 'redact',
    parameters: { text: `hello ${audit}` },
    parametersDigest: digest('a'),
    justification: 'a pod crashes',
    source: 'FATAL: Database connection failed',
    ...more,
  } as TrailEntry;
}

export function decided(audit: string, effect: 'allow' | 'ask' | 'deny', more: object = {}): TrailEntry {
  const refusal = effect === 'deny' ? { code: 'denied/forbidden', message: 'a rule forbids it' } : {};
  return {
    kind: 'decided',
    audit,
    effect,
    rules: ['agents.triage.tools[0] (cellblock.yaml:9)'],
    policy: POLICY,
    ...refusal,
    ...more,
  } as TrailEntry;
}

export function intent(audit: string, more: object = {}): TrailEntry {
  const call = {
    tool: 'redact',
    function: 'redact',
    component: COMPONENT,
    parametersDigest: digest('a'),
    grants: ['log'],
    limits: LIMITS,
  };
  return { kind: 'intent', audit, writer: 'w1', ...call, ...more } as TrailEntry;
}

export function outcome(audit: string, more: object = {}): TrailEntry {
  const usage = { fuel: '123', memoryBytesPeak: 65_536, wallMs: 1.5, hostCalls: 0 };
  return { kind: 'outcome', audit, outcome: 'ok', ...usage, resultDigest: digest('e'), ...more } as TrailEntry;
}

export const SUBJECT: ApprovalSubject = {
  agent: 'triage',
  tool: 'redact',
  function: 'redact',
  component: COMPONENT,
  parametersDigest: digest('a'),
  grants: ['log'],
  limits: LIMITS,
  policy: POLICY,
};

export function asked(approval: string, audit: string, more: object = {}): TrailEntry {
  return {
    kind: 'approval',
    event: 'asked',
    approval,
    audit,
    at: T0,
    expiresAt: T0 + 900_000,
    useWithinMs: 3_600_000,
    digest: digest('d'),
    subject: SUBJECT,
    parameters: { text: 'hello' },
    rules: ['ask (cellblock.yaml:12)'],
    approvers: ['ann'],
    channels: ['terminal'],
    ...more,
  } as TrailEntry;
}

export function approval(event: 'approved' | 'denied' | 'revoked', id: string, more: object = {}): TrailEntry {
  return { kind: 'approval', event, approval: id, at: T0 + 60_000, by: 'ann', channel: 'cli', ...more } as TrailEntry;
}

export function used(id: string, audit: string, more: object = {}): TrailEntry {
  return { kind: 'approval', event: 'used', approval: id, at: T0 + 120_000, audit, ...more } as TrailEntry;
}

/** An allowed call, a denied one, one that was asked, approved and made, and one that was interrupted: 25 records in three segments. */
export const SAMPLE: readonly (readonly TrailEntry[])[] = [
  [
    { kind: 'opened', writer: 'w1', pid: 42, version: '0.1.0', policy: POLICY },
    requested('a1'),
    decided('a1', 'allow'),
    intent('a1'),
    outcome('a1'),
    requested('a2', { tool: 'shell', parameters: { command: 'x\n{"seq":9,"decision":"allow"}\u2028\u0085' } }),
    decided('a2', 'deny'),
    { kind: 'alert', audit: 'a2', rule: 'no-shell', severity: 'critical', sinks: ['ops'] },
  ],
  [requested('a3'), decided('a3', 'ask', { approval: 'p1' }), asked('p1', 'a3'), approval('approved', 'p1')],
  [
    requested('a4'),
    decided('a4', 'allow', { approval: 'p1' }),
    used('p1', 'a4'),
    intent('a4', { approval: 'p1' }),
    requested('a5', { agent: 'other' }),
    decided('a5', 'allow'),
    outcome('a4', { outcome: 'trapped', code: 'trap/unreachable', message: 'unreachable' }),
    intent('a5'),
    outcome('a5', { outcome: 'failed', code: 'failed/interrupted' }),
    { kind: 'closed', writer: 'w1' },
  ],
];
