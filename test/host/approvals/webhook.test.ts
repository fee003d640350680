import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Post, type WebhookOptions, WebhookSender, webhookRequest, webhookUrl } from '../../../host/approvals/index.ts';
import { askedWith, codeOf, T0 } from './fixture.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const URL = 'https://ops.example.com/hook?x=1';

/** As the standard has a receiver check it. */
function isSignedFor({ body, headers }: ReturnType<typeof webhookRequest>, key: Buffer | string): boolean {
  const signedText = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signedText).digest('base64')}`;
}

describe('webhookRequest', () => {
  const asked = askedWith({});

  it('is signed as Standard Webhooks have it, over id, instant and body', () => {
    const request = webhookRequest(asked, { secret: SECRET, nowMs: T0 + 1999 });
    expect(isSignedFor(request, Buffer.from('0123456789abcdef0123456789abcdef'))).toBe(true);
    expect(isSignedFor({ ...request, body: `${request.body} ` }, Buffer.from('0123456789abcdef0123456789abcdef'))).toBe(false);
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'approval_k7q2m-9xw4d',
      'webhook-timestamp': String(T0 / 1000 + 1),
    });
    const { kind: _kind, event: _event, ...data } = asked;
    expect(JSON.parse(request.body)).toEqual({ type: 'approval.asked', timestamp: '2026-11-02T10:00:00.000Z', data });
  });

  it('gives the example of the standard its signature', () => {
    // The vector of the reference libraries, of which we make every part but the body: the same key over the same form.
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const text = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
    expect(createHmac('sha256', key).update(text).digest('base64')).toBe('g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    const request = webhookRequest(asked, { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', nowMs: T0 });
    expect(isSignedFor(request, key)).toBe(true);
  });

  it('takes a secret that is plain text, and refuses one that is short or broken', () => {
    const plain = 'a secret of the operator, long enough';
    expect(isSignedFor(webhookRequest(asked, { secret: plain, nowMs: T0 }), plain)).toBe(true);
    for (const secret of ['', 'short', 'x'.repeat(23), 'whsec_', 'whsec_AAAA', `whsec_${'*'.repeat(40)}`]) {
      expect(
        codeOf(() => webhookRequest(asked, { secret, nowMs: T0 })),
        secret,
      ).toBe('usage/invalid-argument');
    }
  });
});

describe('webhookUrl', () => {
  it('goes over https, or to this machine', () => {
    for (const url of [URL, 'http://localhost:8080/x', 'http://127.0.0.1/', 'http://[::1]:99/', 'https://10.0.0.1/']) {
      expect(webhookUrl(url).href, url).toBeTruthy();
    }
    for (const url of [
      'http://ops.example.com/',
      'http://127.0.0.1.evil.example/',
      'http://localhost.evil.example/',
      'http://10.0.0.1/',
      'https://user:pass@ops.example.com/',
      'https://user@ops.example.com/',
      'ftp://localhost/',
      'file:///etc/passwd',
      'javascript:1',
      '',
      'ops.example.com',
    ]) {
      expect(
        codeOf(() => webhookUrl(url)),
        url,
      ).toBe('usage/invalid-argument');
    }
  });
});

describe('WebhookSender', () => {
  function setUp(answers: readonly (number | Error | 'never')[], changes: Partial<WebhookOptions> = {}) {
    const sent: { url: string; timestamp: string | undefined; id: string | undefined; signal: AbortSignal }[] = [];
    const waits: number[] = [];
    const errors: string[] = [];
    let now = T0;
    const left = [...answers];
    const timeouts: AbortController[] = [];
    const post: Post = async (url, _body, headers, signal) => {
      sent.push({ url, timestamp: headers['webhook-timestamp'], id: headers['webhook-id'], signal });
      const answer = left.shift() ?? 200;
      if (answer === 'never') return new Promise(() => undefined);
      if (answer instanceof Error) throw answer;
      return { status: answer };
    };
    const sender = new WebhookSender({
      url: URL,
      secret: SECRET,
      post,
      now: () => now,
      wait: async (ms) => {
        waits.push(ms);
        now += ms;
      },
      timeout: () => {
        const timeout = new AbortController();
        timeouts.push(timeout);
        return timeout.signal;
      },
      onError: (error, { approval }) => void errors.push(`${approval}: ${error.message}`),
      ...changes,
    });
    return { sender, sent, waits, errors, timeouts };
  }

  /** Lets everything happen that waits for nothing from outside. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  it('sends once where the receiver takes it', async () => {
    const { sender, sent, errors } = setUp([204]);
    sender.send(askedWith({}));
    await settle();
    expect(sent).toMatchObject([{ url: URL, id: 'approval_k7q2m-9xw4d' }]);
    expect(errors).toEqual([]);
  });

  it('tries three times, with longer and longer waits, under one id and a new instant', async () => {
    const { sender, sent, waits, errors } = setUp([500, new Error('refused'), 429, 200]);
    sender.send(askedWith({}));
    await settle();
    expect(waits).toEqual([1000, 5000]);
    expect(sent.map(({ timestamp }) => Number(timestamp) - T0 / 1000)).toEqual([0, 1, 6]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    expect(errors).toEqual(['k7q2m-9xw4d: the webhook answered 429']);
  });

  it('does not repeat what the receiver refuses, and follows nothing', async () => {
    for (const status of [301, 302, 400, 401, 404]) {
      const { sender, sent, errors } = setUp([status]);
      sender.send(askedWith({}));
      await settle();
      expect(sent).toHaveLength(1);
      expect(errors).toEqual([`k7q2m-9xw4d: the webhook answered ${status}`]);
    }
  });

  it('lets go of a receiver that does not answer in time, even of a post that does not heed its signal', async () => {
    const { sender, sent, errors, timeouts } = setUp(['never', 'never', 'never']);
    sender.send(askedWith({}));
    for (let attempt = 0; attempt < 3; attempt++) {
      await settle();
      timeouts[attempt]?.abort();
    }
    await settle();
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true, true]);
    expect(errors).toEqual(['k7q2m-9xw4d: the webhook did not answer in time']);
  });

  it('holds no more than 100 deliveries, and says which it dropped', async () => {
    const { sender, sent, errors } = setUp(Array(101).fill('never'));
    for (let count = 0; count < 101; count++)
      sender.send(askedWith({}, {}, { approval: `00000-${String(count).padStart(5, '0')}` }));
    await settle();
    expect(sent).toHaveLength(100);
    expect(errors).toEqual(['00000-00100: too many deliveries are under way']);
    await sender.close();
    expect(errors).toHaveLength(101);
    sender.send(askedWith({}));
    expect(errors.at(-1)).toBe('k7q2m-9xw4d: the webhook was closed');
  });

  it('survives a callback that throws, and refuses a bad URL or secret before it sends anything', async () => {
    const { sender, sent } = setUp([400, 200], {
      onError: () => {
        throw new Error('in the callback');
      },
    });
    sender.send(askedWith({}));
    await settle();
    sender.send(askedWith({}));
    await settle();
    expect(sent).toHaveLength(2);
    expect(codeOf(() => setUp([], { url: 'http://ops.example.com/' }))).toBe('usage/invalid-argument');
    expect(codeOf(() => setUp([], { secret: 'short' }))).toBe('usage/invalid-argument');
  });
});
