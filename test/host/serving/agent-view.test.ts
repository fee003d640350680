import { CODES, type Code } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../host/receipt.ts';
import { agentOutcome } from '../../../host/serving/agent-view.ts';

const RECEIPT: Outcome['receipt'] = {
  grants: ['log', 'http {"requests":[{"hostname":"vault.internal"}]}'],
  policy: { digest: 'sha256:aa', rules: ['agents.triage.tools[0] (cellblock.yaml:12)'] },
  uses: [{ capability: 'http', act: 'GET https://vault.internal/x', result: '200' }],
  logOnly: [{ effect: 'deny', rules: ['rules[0] (cellblock.yaml:40)'] }],
  fuel: '5',
  costModel: { name: 'region', version: 1, digest: 'sha256:bb' },
  memoryBytesPeak: 1,
  wallMs: 1,
  hostCalls: 1,
  phases: { instantiateMs: 0, lowerMs: 0, guestMs: 0, liftMs: 0 },
  audit: '2ac8692c-0000-4000-8000-000000000000',
};

const refused = (code: string, message = 'm', rest: object = {}): Outcome => ({
  kind: 'refused',
  error: { code, message, ...rest },
  receipt: RECEIPT,
});

describe("an agent's view of an outcome", () => {
  it('has no rules, scopes, uses or log-only findings, and the names of grants', () => {
    const { receipt } = agentOutcome({ kind: 'ok', receipt: RECEIPT });
    expect(receipt).toMatchObject({ grants: ['log', 'http'], policy: 'sha256:aa', fuel: '5', audit: RECEIPT.audit });
    expect(JSON.stringify(receipt)).not.toMatch(/cellblock\.yaml|vault/);
  });

  it('says nothing that tells a tool that is there from one that is not', () => {
    const views = ['denied/no-policy-for-tool', 'denied/tool-not-granted', 'denied/function-not-listed'].map((code) =>
      agentOutcome(refused(code, `about ${code} in cellblock.yaml:3`, { help: 'add `x` to agents.triage (cellblock.yaml:3)' })),
    );
    expect(new Set(views.map((view) => JSON.stringify(view))).size).toBe(1);
  });

  it.each(Object.keys(CODES) as Code[])('of %s names no file, line or path of the policy', (code) => {
    const secret = '/etc/cells/cellblock.yaml:12 and sekret';
    const isTold =
      /^(?:params|limit|trap|tool|cancelled)\/|^denied\/(?:approval-|parameters$|outside-hours$|justification-required$|source-required$)/;
    const { error } = agentOutcome(
      refused(code, isTold.test(code) ? 'about the request' : secret, {
        help: /^params\/|^denied\/approval-/.test(code) ? 'do so' : secret,
        data: { rules: [secret], missing: [{ import: 'x', grantedBy: secret }] },
      }),
    );
    expect(error?.help).toBeTruthy();
    expect(error?.message).not.toBe('');
    expect(JSON.stringify(error)).not.toMatch(/sekret|cellblock\.yaml/);
  });

  it('keeps what the agent can act on: path, condition, time to come back', () => {
    const { error } = agentOutcome(
      refused('denied/parameters', 'no rule allows this value', { data: { path: 'ns', condition: 'equals', rules: ['r'] } }),
    );
    expect(error).toEqual({
      code: 'denied/parameters',
      message: 'no rule allows this value',
      help: 'send other parameters, or ask the operator to allow these',
      data: { path: 'ns', condition: 'equals' },
    });
    const busy = refused('busy/overloaded', '3 calls of this agent already wait, 97 in all', {
      data: { waiting: 97, retryAfterMs: 12.5 },
    });
    expect(agentOutcome(busy).error).toEqual({
      code: 'busy/overloaded',
      message: 'the queue is full',
      help: 'try again after 13 ms',
      data: { retryAfterMs: 12.5 },
    });
  });
});
