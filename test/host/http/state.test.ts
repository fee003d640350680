import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as schemas from '../../../host/http/schemas.ts';
import { clientOf, POLICY, type Served, useServers } from './fixture.ts';

/* What the server says of itself: policy, health, readiness, figures. */

const servers = useServers();
let served: Served;
beforeAll(async () => {
  served = await servers.open();
});

describe('policy, health and readiness', () => {
  it('say which policy is in force, and that a file with a mistake is not', async () => {
    const own = await servers.open();
    const digest = own.live.policyState.digest;
    expect(await own.as('eve').get('/v1/policy')).toMatchObject({
      status: 200,
      json: { digest, state: 'current', mode: 'enforce' },
    });
    expect(await clientOf(own.url).get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' });
    expect(await clientOf(own.url).get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
    servers.place.rewrite(own.site, `${POLICY}nonsense: 1\n`);
    expect(await own.live.reload()).toBe(false);
    expect(await own.as('eve').get('/v1/policy')).toMatchObject({
      json: { digest, state: 'stale', problem: expect.stringMatching(/nonsense/) },
    });
    expect(await clientOf(own.url).get('/readyz')).toMatchObject({ status: 503, text: 'not ready\n' });
    const { status, json } = await own.as('eve').get('/readyz');
    expect({ status, json: schemas.readinessSchema.parse(json) }).toMatchObject({
      status: 503,
      json: { trail: { isWritable: true } },
    });
    expect(await own.as('a').get('/readyz')).toMatchObject({ status: 503, text: 'not ready\n' }); // agents read no policy
    expect(schemas.healthSchema.parse((await own.as('ann').get('/healthz')).json).status).toBe('ok');
  });

  it('are not ready once the trail cannot be written', async () => {
    const own = await servers.open();
    const trail = join(own.site, '.cellblock');
    if (process.getuid?.() === 0)
      await own.live.close(); // for root everything can be written
    else chmodSync(trail, 0o500);
    expect(await own.as('ann').get('/readyz')).toMatchObject({
      status: 503,
      json: { status: 'not ready', trail: { isWritable: false } },
    });
    chmodSync(trail, 0o700);
  });

  it('give metrics to operators where there are any', async () => {
    expect(await served.as('ann').get('/metrics')).toMatchObject({ status: 404 });
    const own = await servers.open(undefined, { metrics: async () => 'up 1\n' });
    expect(await own.as('ann').get('/metrics')).toMatchObject({ status: 200, text: 'up 1\n' });
  });
});
