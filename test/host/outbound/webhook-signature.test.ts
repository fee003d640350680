import { describe, expect, it } from 'vitest';
import { webhookHeaders, webhookKey } from '../../../host/outbound/index.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

describe('the signature', () => {
  it('is the one of the reference vector of Standard Webhooks', () => {
    const key = webhookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(webhookHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_999, '{"test": 2432232314}', key)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('takes secrets of 24 bytes or more in base64, and nothing that would be read in part', () => {
    const bytes = Buffer.alloc(24, 7).toString('base64');
    expect(webhookKey(bytes)).toEqual(Buffer.alloc(24, 7));
    expect(webhookKey(SECRET)).toHaveLength(32);
    for (const secret of [
      '',
      'whsec_',
      'hunter2',
      Buffer.alloc(23, 7).toString('base64'),
      `${bytes}!`,
      `${bytes} `,
      `x y ${bytes}`,
      'short',
      'x'.repeat(23),
      'whsec_AAAA',
      `whsec_${'*'.repeat(40)}`,
      'a secret of the operator, long enough',
    ]) {
      expect(webhookKey(secret)).toBeUndefined();
    }
  });
});
