import { describe, expect, it } from 'vitest';
import { callDigest, counts, QuestionSeal, questionForm, saidIn } from '../../../host/mcp/question.ts';
import { askedWith, T0 } from '../approvals/fixture.ts';

describe('saidIn', () => {
  it('takes a yes only from an accepted form that says so', () => {
    expect(saidIn({ action: 'accept', content: { decision: 'approve' } })).toEqual({ event: 'approved' });
    expect(saidIn({ action: 'accept', content: { decision: 'approve', reason: 'fine' } })).toEqual({
      event: 'approved',
      reason: 'fine',
    });
  });

  it('takes a no from a form that says so, and from one that was declined', () => {
    expect(saidIn({ action: 'accept', content: { decision: 'deny', reason: 'no' } })).toEqual({ event: 'denied', reason: 'no' });
    expect(saidIn({ action: 'decline', content: { decision: 'approve' } })).toEqual({ event: 'denied' });
  });

  it.each([
    [{ action: 'cancel', content: { decision: 'approve' } }],
    [{ action: 'accept' }],
    [{ action: 'accept', content: {} }],
    [{ action: 'accept', content: { decision: 'Approve' } }],
    [{ action: 'accept', content: { decision: ['approve'] } }],
    [{ action: 'accept', content: { decision: true } }],
    [{ action: 'accept', content: [] }],
    [{ action: ['accept'], content: { decision: 'approve' } }],
    [{ action: undefined, content: { decision: 'approve' } }],
  ])('takes nothing from %j', (result) => {
    expect(saidIn(result)).toBeUndefined();
  });

  it('cuts a reason that is longer than one may be', () => {
    expect(saidIn({ action: 'accept', content: { decision: 'deny', reason: '😀'.repeat(600) } })?.reason).toHaveLength(1000);
  });
});

describe('a question of which the form shows a part', () => {
  const choices = (parameters: Parameters<typeof askedWith>[1]) => {
    const asked = askedWith({}, parameters);
    const { message, requestedSchema } = questionForm(asked, T0);
    const { decision } = requestedSchema.properties;
    return { asked, message, choices: (decision as { readonly enum: readonly string[] }).enum };
  };

  it.each([
    ['a parameter that is longer than what is shown', { path: `${'a'.repeat(4000)}; and the rest` }],
    ['more parameters than are shown', Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`p${at}`, at]))],
    ['parameters that are no longer kept', null],
  ])('%s: can be denied, and a yes to it does not count', (_, parameters) => {
    const { asked, message, choices: shown } = choices(parameters);
    expect(shown).toEqual(['deny']);
    expect(message).toContain(`approvals show ${asked.approval} --json`);
    expect(counts({ event: 'approved' }, asked)).toBe(false);
    expect(counts({ event: 'denied' }, asked)).toBe(true);
  });

  it('what is shown in full can be approved', () => {
    const { asked, message, choices: shown } = choices({ path: 'a'.repeat(3900) });
    expect(shown).toEqual(['approve', 'deny']);
    expect(message).not.toContain('--json');
    expect(counts({ event: 'approved' }, asked)).toBe(true);
  });
});

describe('QuestionSeal', () => {
  const seal = new QuestionSeal();
  const call = callDigest('plain_work', '{"turns":1}');

  it('gives back the approval for the agent and the call it was sealed for', async () => {
    expect(await seal.open(await seal.seal('triage', 'k7q2m-9xw4d', call), 'triage', call)).toBe('k7q2m-9xw4d');
  });

  it('gives nothing to another agent, for another call, or by the key of another process', async () => {
    const state = await seal.seal('triage', 'k7q2m-9xw4d', call);
    expect(await seal.open(state, 'other', call)).toBeUndefined();
    expect(await seal.open(state, 'triage', callDigest('plain_work', '{"turns":2}'))).toBeUndefined();
    expect(await seal.open(state, 'triage', callDigest('plain_take', '{"turns":1}'))).toBeUndefined();
    expect(await new QuestionSeal().open(state, 'triage', call)).toBeUndefined();
  });

  it('gives nothing for a state that was changed in any character', async () => {
    const state = await seal.seal('triage', 'k7q2m-9xw4d', call);
    for (let at = 0; at < state.length; at += 1) {
      const other = `${state.slice(0, at)}${state[at] === 'A' ? 'B' : 'A'}${state.slice(at + 1)}`;
      // The last character of base64 has bits that say nothing.
      if (
        Buffer.from(other.slice(other.lastIndexOf('.') + 1), 'base64url').equals(
          Buffer.from(state.slice(state.lastIndexOf('.') + 1), 'base64url'),
        ) &&
        at > state.lastIndexOf('.')
      )
        continue;
      expect(await seal.open(other, 'triage', call)).toBeUndefined();
    }
    expect(await seal.open('', 'triage', call)).toBeUndefined();
    expect(await seal.open('v1..', 'triage', call)).toBeUndefined();
  });
});
