import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { webhookRequest } from '../../../host/approvals/index.ts';
import { webhookKey } from '../../../host/outbound/index.ts';
import { askedWith, T0 } from './fixture.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

/** As the standard has a receiver check it. */
function isSignedFor({ body, headers }: ReturnType<typeof webhookRequest>, key: Buffer | string): boolean {
  const signedText = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signedText).digest('base64')}`;
}

describe('webhookRequest', () => {
  const asked = askedWith({});

  it('is signed as Standard Webhooks have it, over id, instant and body', () => {
    const request = webhookRequest(asked, { key: webhookKey(SECRET), nowMs: T0 + 1999 });
    expect(isSignedFor(request, Buffer.from('0123456789abcdef0123456789abcdef'))).toBe(true);
    expect(isSignedFor({ ...request, body: `${request.body} ` }, Buffer.from('0123456789abcdef0123456789abcdef'))).toBe(false);
    expect(request.headers).toMatchObject({
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
    const request = webhookRequest(asked, { key: webhookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), nowMs: T0 });
    expect(isSignedFor(request, key)).toBe(true);
  });
});
