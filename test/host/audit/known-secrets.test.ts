import { describe, expect, it } from 'vitest';
import { KnownSecrets } from '../../../host/audit/known-secrets.ts';

describe('secrets that are known', () => {
  it('are found in each of their forms after they are told again, however many came between', () => {
    const known = new KnownSecrets();
    const secret = 'key/one+two "three"';
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64url').slice(0, 25),
    ];
    known.add(secret);
    for (let at = 0; at < 1000; at += 1) {
      known.add(`another secret ${at}`);
      known.add(secret);
      expect(forms.filter((form) => known.find(`- ${form} -`).length === 0)).toEqual([]);
    }
  });
});
