import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  answerEntries,
  checkSlackCallback,
  SeenCallbacks,
  type SlackCallback,
  slackAnswer,
  slackMessage,
} from '../../../host/approvals/index.ts';
import { codeOf, FoldedTrail, T0 } from './fixture.ts';

const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const DIGEST = `sha256:${'ab'.repeat(32)}`;

function payloadWith(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'block_actions',
    user: { id: 'U123ABC', username: 'ann', name: 'ann' },
    actions: [
      { type: 'button', action_id: 'cellblock.approve', block_id: 'cellblock.k7q2m-9xw4d', value: `k7q2m-9xw4d ${DIGEST}` },
    ],
    ...changes,
  };
}

function bodyOf(payload: unknown): string {
  return `payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

function signed(body: string, timestamp: string | number, secret = SECRET): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

function callback(changes: Partial<SlackCallback> = {}, body = bodyOf(payloadWith()), timestamp = T0 / 1000): SlackCallback {
  return {
    rawBody: Buffer.from(body),
    headers: { 'X-Slack-Request-Timestamp': String(timestamp), 'X-Slack-Signature': signed(body, timestamp) },
    signingSecret: SECRET,
    nowMs: T0,
    seen: new SeenCallbacks(),
    ...changes,
  };
}

describe('AP-04: a callback that Slack did not send is refused, without an exception', () => {
  it('takes one that is signed, now, for the first time', () => {
    expect(checkSlackCallback(callback())).toEqual({
      ok: { approval: 'k7q2m-9xw4d', digest: DIGEST, answer: 'approved', userId: 'U123ABC', userName: 'ann' },
    });
  });

  it("takes the example of Slack's documentation up to the signature", () => {
    // https://docs.slack.dev/authentication/verifying-requests-from-slack: a slash command, so no press of a button.
    const rawBody = Buffer.from(
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    );
    const headers = {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    };
    const nowMs = 1_531_420_618_000;
    expect(checkSlackCallback(callback({ rawBody, headers, nowMs }))).toMatchObject({ status: 400 });
    expect(checkSlackCallback(callback({ rawBody: rawBody.subarray(1), headers, nowMs }))).toMatchObject({ status: 401 });
  });

  it('refuses signatures that are bad, missing, of another length or version, or there twice', () => {
    const good = callback().headers['X-Slack-Signature'] as string;
    for (const signature of [
      undefined,
      '',
      'v0=',
      good.slice(0, -1),
      `${good}0`,
      good.toUpperCase(),
      `v1${good.slice(2)}`,
      good.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      'é'.repeat(good.length),
      '\ud800'.repeat(good.length),
      'x'.repeat(1_000_000),
      [good, good],
    ]) {
      const headers = { 'x-slack-request-timestamp': String(T0 / 1000), 'x-slack-signature': signature };
      expect(checkSlackCallback(callback({ headers }))).toMatchObject({ status: 401 });
    }
    const twice = { ...callback().headers, 'x-slack-signature': good };
    expect(checkSlackCallback(callback({ headers: twice }))).toMatchObject({ status: 401 });
    expect(checkSlackCallback(callback({ headers: {} }))).toMatchObject({ status: 401 });
  });

  it('refuses timestamps 301 seconds away, and takes 300', () => {
    for (const seconds of [-300, 300]) expect(checkSlackCallback(callback({ nowMs: T0 + seconds * 1000 }))).toHaveProperty('ok');
    for (const seconds of [-301, 301, -300.001, 300.001, 1e9, Number.NaN]) {
      expect(checkSlackCallback(callback({ nowMs: T0 + seconds * 1000 }))).toMatchObject({ status: 401 });
    }
  });

  it('refuses timestamps that are none, even signed', () => {
    const body = bodyOf(payloadWith());
    for (const timestamp of [
      '',
      'now',
      '-1',
      `${T0 / 1000}.5`,
      ` ${T0 / 1000}`,
      '1e9',
      '0x6',
      '9'.repeat(400),
      `${T0 / 1000}\n`,
    ]) {
      const headers = { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signed(body, timestamp) };
      expect(checkSlackCallback(callback({ headers })), timestamp.slice(0, 20)).toMatchObject({ status: 401 });
    }
  });

  it('refuses another secret, and none at all', () => {
    expect(checkSlackCallback(callback({ signingSecret: 'other' }))).toMatchObject({ status: 401 });
    const body = bodyOf(payloadWith());
    const headers = { 'x-slack-request-timestamp': String(T0 / 1000), 'x-slack-signature': signed(body, T0 / 1000, '') };
    expect(checkSlackCallback(callback({ signingSecret: '', headers }))).toMatchObject({ status: 401 });
  });

  it('refuses a changed body', () => {
    expect(checkSlackCallback(callback({ rawBody: Buffer.from(`${bodyOf(payloadWith())}&`) }))).toMatchObject({ status: 401 });
    expect(checkSlackCallback(callback({ rawBody: new Uint8Array() }))).toMatchObject({ status: 401 });
  });

  it('takes each callback once', () => {
    const seen = new SeenCallbacks();
    expect(checkSlackCallback(callback({ seen }))).toHaveProperty('ok');
    expect(checkSlackCallback(callback({ seen }))).toEqual({ status: 401, reason: 'the callback was here before' });
    expect(checkSlackCallback(callback({ seen, nowMs: T0 + 300_000 }))).toMatchObject({ status: 401 });
  });

  it('remembers within bounds, and refuses what it could not remember', () => {
    const seen = new SeenCallbacks();
    const added = Array.from({ length: 10_000 }, (_, count) => seen.add(String(count), T0 + 100, T0));
    expect(added.every((isNew) => isNew)).toBe(true);
    expect(seen.add('one more', T0 + 100, T0)).toBe(false);
    expect(seen.add('one more', T0 + 200, T0 + 100)).toBe(false);
    expect(seen.add('one more', T0 + 200, T0 + 101)).toBe(true);
    expect(seen.add('one more', T0 + 200, T0 + 101)).toBe(false);
  });
});

describe('what a signed callback must say', () => {
  it('refuses payloads that are no press of our buttons', () => {
    const [action] = payloadWith().actions as Record<string, unknown>[];
    for (const payload of [
      null,
      1,
      [],
      {},
      payloadWith({ type: 'view_submission' }),
      payloadWith({ user: undefined }),
      payloadWith({ user: { id: '' } }),
      payloadWith({ user: { id: 'ann' } }),
      payloadWith({ user: { id: ['U123ABC'] } }),
      payloadWith({ actions: [] }),
      payloadWith({ actions: [action, action] }),
      payloadWith({ actions: { 0: action, length: 1 } }),
      payloadWith({ actions: [{ ...action, action_id: 'other' }] }),
      payloadWith({ actions: [{ ...action, value: 'k7q2m-9xw4d' }] }),
      payloadWith({ actions: [{ ...action, value: `k7q2 ${DIGEST}` }] }),
      payloadWith({ actions: [{ ...action, value: `k7q2m-9xw4d ${DIGEST} ` }] }),
      payloadWith({ actions: [{ ...action, value: `k7q2m-9xw4d ${DIGEST.toUpperCase()}` }] }),
      payloadWith({ actions: [{ ...action, value: null }] }),
    ]) {
      expect(checkSlackCallback(callback({}, bodyOf(payload)))).toMatchObject({ status: 400 });
    }
    for (const body of [
      '',
      'payload=',
      'payload=%7B',
      '{"type":"block_actions"}',
      `${bodyOf(payloadWith())}&${bodyOf(payloadWith())}`,
      'payload=%ff',
    ]) {
      expect(checkSlackCallback(callback({}, body)), body.slice(0, 30)).toMatchObject({ status: 400 });
    }
    const large = bodyOf(payloadWith({ message: 'x'.repeat(256 * 1024) }));
    expect(checkSlackCallback(callback({}, large))).toMatchObject({ status: 400 });
  });

  it('looks at what the payload itself has, not at prototypes', () => {
    const body = `payload=${encodeURIComponent('{"__proto__":{"type":"block_actions"},"constructor":1}')}`;
    expect(checkSlackCallback(callback({}, body))).toMatchObject({ status: 400 });
  });
});

describe('from a press to an answer', () => {
  const users = new Map([
    ['U123ABC', 'ann'],
    ['U666', 'triage'],
    ['U777', 'carl'],
  ]);

  function press(userId: string, changes: { digest?: string; username?: string } = {}) {
    const trail = new FoldedTrail();
    const asked = trail.ask(T0);
    const message = slackMessage(asked, { nowMs: T0 });
    const actions = message.blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
    const [approve] = actions.map(({ action_id, value }) => ({
      action_id,
      value: value.replace(asked.digest, changes.digest ?? asked.digest),
    }));
    const body = bodyOf({ type: 'block_actions', user: { id: userId, username: changes.username ?? 'x' }, actions: [approve] });
    const checked = checkSlackCallback(callback({}, body));
    if (!('ok' in checked)) throw new Error('the callback should be good');
    return answerEntries(trail.book, slackAnswer(checked.ok, 'slack:team', users), T0);
  }

  it('records the yes of a named approver under the name of the policy', () => {
    expect(press('U123ABC')).toMatchObject([{ event: 'approved', by: 'ann', channel: 'slack:team' }]);
  });

  it('goes by the id of the user, never by a name that the user chose', () => {
    expect(codeOf(() => press('U999', { username: 'ann' }))).toBe('denied/not-an-approver');
    expect(codeOf(() => press('U777', { username: 'ann' }))).toBe('denied/not-an-approver');
  });

  it('never takes the yes of the one who asks', () => {
    expect(codeOf(() => press('U666'))).toBe('denied/not-an-approver');
  });

  it('refuses a button with another digest than the one asked', () => {
    expect(codeOf(() => press('U123ABC', { digest: DIGEST }))).toBe('denied/approval-mismatch');
  });
});
