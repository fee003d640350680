import { describe, expect, it } from 'vitest';
import type { TrailEntry } from '../../../host/audit/entries.ts';
import { IdSet } from '../../../host/audit/id-set.ts';
import { TrailLogic } from '../../../host/audit/trail-logic.ts';
import { approval, asked, decided, digest, intent, outcome, requested, SAMPLE, SUBJECT, T0, used } from '../../support/trails.ts';

/** The first entry that breaks a rule, by its place from 0, and the rule. */
function firstBad(entries: readonly TrailEntry[], partial = false): readonly [number, string] | undefined {
  const logic = new TrailLogic(partial);
  for (const [index, entry] of entries.entries()) {
    const why = logic.apply({ at: T0, ...entry, seq: index + 1 });
    if (why !== undefined) return [index, why];
  }
  return undefined;
}

const yes = [requested('a'), decided('a', 'ask'), asked('p', 'a'), approval('approved', 'p')];
const shape = (more: object = {}): TrailEntry =>
  ({
    kind: 'shape',
    event: 'added',
    shape: 's',
    at: T0,
    by: 'ann',
    channel: 'cli',
    approval: 'p',
    subject: SUBJECT,
    parameters: {},
    free: [],
    digest: '',
    expiresAt: T0 + 1000,
    usesMax: 1,
    ...more,
  }) as TrailEntry;
const shapeUse = (audit: string, at = T0 + 1): TrailEntry => ({ kind: 'shape', event: 'used', shape: 's', at, audit });

describe('what a writer may write', () => {
  it.each<readonly [string, readonly TrailEntry[]]>([
    ['calls, denials, approvals and interruptions', SAMPLE.flat()],
    ['an approved call under the audit id that asked', [...yes, used('p', 'a'), intent('a', { approval: 'p' }), outcome('a')]],
    ['a call that failed before it began', [requested('a'), decided('a', 'allow'), outcome('a', { outcome: 'failed' })]],
    [
      'a call by a shape',
      [...yes, shape(), requested('b'), decided('b', 'allow'), shapeUse('b'), intent('b', { shape: 's' }), outcome('b')],
    ],
    [
      'an approval that expires, or is taken back',
      [
        ...yes,
        approval('revoked', 'p'),
        requested('b'),
        decided('b', 'ask'),
        asked('q', 'b'),
        { kind: 'approval', event: 'expired', approval: 'q', at: T0 },
      ],
    ],
    ['a kind that is not known', [{ kind: 'later' } as never]],
  ])('%s', (_, entries) => {
    expect(firstBad(entries)).toBeUndefined();
  });
});

describe('what it may not', () => {
  const call = [requested('a'), decided('a', 'allow'), intent('a'), outcome('a')];
  const second = [requested('b'), decided('b', 'allow', { approval: 'p' })];
  it.each<readonly [string, readonly TrailEntry[]]>([
    ['is a second request under one audit id', [...call, requested('a')]],
    ['is a decision without a request, or after its end', [decided('a', 'allow')]],
    ['is a decision without a request, or after its end', [...call, decided('a', 'allow')]],
    ['is a second decision on one request', [requested('a'), decided('a', 'allow'), decided('a', 'allow')]],
    ['begins a call without a request, or after its end', [intent('a')]],
    ['begins a call without a request, or after its end', [requested('a'), decided('a', 'deny'), intent('a')]],
    ['begins a call without a request, or after its end', [...call, intent('a')]],
    ['begins a call before its decision', [requested('a'), intent('a')]],
    ['begins one call a second time', [requested('a'), decided('a', 'allow'), intent('a'), intent('a')]],
    ['begins a call that waits for a human', [...yes, intent('a')]],
    [
      'begins a call with other parameters',
      [requested('a'), decided('a', 'allow'), intent('a', { parametersDigest: digest('9') })],
    ],
    ['ends a call that was not asked for, was denied, or has ended', [outcome('a')]],
    ['ends a call that was not asked for, was denied, or has ended', [requested('a'), decided('a', 'deny'), outcome('a')]],
    ['ends a call that was not asked for, was denied, or has ended', [...call, outcome('a')]],
    ['ends a call before its decision', [requested('a'), outcome('a')]],
    ['ends well what never began', [requested('a'), decided('a', 'allow'), outcome('a')]],
    ['is an alert for a request that is not there', [{ kind: 'alert', audit: 'x', rule: 'r', severity: 'info', sinks: [] }]],
    ['asks a second time under one approval id', [...yes.slice(0, 3), asked('p', 'a')]],
    ['asks for a request that is not there', [asked('p', 'a')]],
    ['is about an approval that nobody asked for, or that has ended (`approved`)', [approval('approved', 'p')]],
    ['is about an approval that nobody asked for, or that has ended (`used`)', [...yes, used('p', 'a'), used('p', 'a')]],
    [
      'is about an approval that nobody asked for, or that has ended (`used`)',
      [...yes, approval('revoked', 'p'), ...second, used('p', 'b')],
    ],
    ['uses an approval that nobody gave', [...yes.slice(0, 3), used('p', 'a')]],
    ['uses an approval after its time', [...yes, used('p', 'a', { at: T0 + 60_000 + 3_600_001 })]],
    ['uses an approval for a request that is not open', [...yes, used('p', 'b')]],
    ["uses another agent's approval", [...yes, requested('b', { agent: 'other' }), decided('b', 'allow'), used('p', 'b')]],
    ['denies what was approved', [...yes, approval('denied', 'p')]],
    ['approves a second time', [...yes, approval('approved', 'p')]],
    ['approves after the time for it', [...yes.slice(0, 3), approval('approved', 'p', { at: T0 + 900_001 })]],
    [
      'is an approval by the agent that asked',
      [...yes.slice(0, 2), asked('p', 'a', { approvers: [] }), approval('approved', 'p', { by: 'triage' })],
    ],
    ['is an approval by somebody who may not', [...yes.slice(0, 3), approval('approved', 'p', { by: 'bob' })]],
    ['begins a call with an approval that it has not used', [...yes, ...second, intent('b', { approval: 'p' })]],
    ['begins a call with an approval that it has not used', [...yes, used('p', 'a'), intent('a', { approval: 'q' })]],
    ['begins a call with an approval that it has not used', [...yes, used('p', 'a'), intent('a')]],
    [
      'begins another call than the approved one',
      [...yes, used('p', 'a'), intent('a', { approval: 'p', component: digest('9') })],
    ],
    [
      'begins another call than the approved one',
      [...yes, used('p', 'a'), intent('a', { approval: 'p', grants: ['log', 'http'] })],
    ],
    ['begins another call than the approved one', [...yes, used('p', 'a'), intent('a', { approval: 'p', limits: {} })]],
    ['adds a second shape under one id', [...yes, shape(), shape()]],
    ['is about a shape that nobody made, or that was revoked', [requested('b'), decided('b', 'allow'), shapeUse('b')]],
    ['uses a shape after its time', [shape(), requested('b'), decided('b', 'allow'), shapeUse('b', T0 + 1001)]],
    ['uses a shape more often than it allows', [shape(), requested('b'), decided('b', 'allow'), shapeUse('b'), shapeUse('b')]],
    [
      'begins a call with a shape that it has not used',
      [shape(), requested('b'), decided('b', 'allow'), intent('b', { shape: 's' })],
    ],
  ])('%s', (why, entries) => {
    expect(firstBad(entries)).toEqual([entries.length - 1, why]);
  });

  it('is not known where the beginning is elsewhere', () => {
    expect(
      firstBad([intent('a'), outcome('a'), decided('b', 'deny'), used('p', 'c'), shapeUse('c'), approval('denied', 'q')], true),
    ).toBeUndefined();
    expect(firstBad([requested('a'), requested('a')], true)).toEqual([1, 'is a second request under one audit id']);
  });
});

describe('IdSet', () => {
  it('knows what was added, among many', () => {
    const ids = new IdSet();
    for (let index = 0; index < 5000; index++) expect(ids.add(`id-${index}`)).toBe(true);
    for (let index = 0; index < 5000; index++) expect(ids.has(`id-${index}`)).toBe(true);
    expect(ids.add('id-0')).toBe(false);
    expect(ids.has('id-5000')).toBe(false);
  });
});
