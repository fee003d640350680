import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAlerts } from '../../../host/alerts/index.ts';
import { httpPost } from '../../../host/outbound/index.ts';
import { alertOf, ManualTimers, settled } from './fixture.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

describe('a webhook on a server that is there', () => {
  let server: Server;
  let url: string;
  let requests: { path: string; method: string; headers: IncomingHttpHeaders; body: string }[];
  /** Status of each answer; `hang`: none. */
  let answers: (number | 'hang')[];
  /** Told when a request is there in whole. */
  let arrived: () => void;
  /** Connections that the client ended, or we. */
  let closed: Promise<unknown>[];

  beforeEach(async () => {
    requests = [];
    answers = [];
    closed = [];
    arrived = () => undefined;
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { url: path = '', method = '', headers } = request;
      closed.push(new Promise((resolve) => response.once('close', resolve)));
      requests.push({ path, method, headers, body: Buffer.concat(chunks).toString() });
      arrived();
      const answer = answers.shift() ?? 200;
      if (answer === 'hang') return;
      // A body without end, which nobody must wait for.
      response.writeHead(answer, { location: `${url}elsewhere`, 'retry-after': '7' });
      response.write('x');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const until = (): Promise<void> =>
    new Promise((resolve) => {
      arrived = resolve;
    });

  function hook(secret = true) {
    const timers = new ManualTimers();
    const problems: string[] = [];
    const alerts = createAlerts({
      sinks: [{ name: 'hook', kind: 'webhook', url: `${url}hook`, ...(secret ? { secretEnv: 'ALERT_SECRET' } : {}) }],
      env: { ALERT_SECRET: SECRET },
      now: () => timers.now,
      timers,
      random: () => 0,
      onProblem: ({ sink, message }) => problems.push(`${sink}: ${message}`),
    });
    return { timers, problems, alerts };
  }

  it('gets a signed body that its receiver can check', async () => {
    const { alerts, problems } = hook();
    const alert = alertOf({ justification: 'line\u2028break', source: 'späte & <Zeile>', parameters: { a: [1, null, 'x'] } });
    alerts.raise(alert, ['hook']);
    await alerts.flush(1);
    expect(problems).toEqual([]);
    expect(requests).toHaveLength(1);
    await closed[0]; // whose body never ends: nobody reads it
    const { method, path, headers, body } = requests[0]!;
    expect([method, path, headers['content-type']]).toEqual(['POST', '/hook', 'application/json']);
    // As a receiver does it, by the words of the specification.
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    expect(headers['webhook-timestamp']).toBe('1700000000');
    expect(JSON.parse(body)).toEqual({
      type: 'cellblock.alert',
      timestamp: '2023-11-14T22:13:20.000Z',
      data: { kind: 'alert', ...alert },
    });
    alerts.close();
  });

  it('gets the same id at each attempt, with the time of the attempt', async () => {
    const { alerts, timers } = hook();
    answers.push(503, 429);
    alerts.raise(alertOf(), ['hook']);
    for (let attempt = 0; attempt < 3; attempt++) {
      const there = until();
      await timers.advance(attempt === 0 ? 0 : 7_000); // what the server asked for
      await there;
      while (timers.count < 2 && attempt < 2) await settled(); // the window's timer and the wait
    }
    await alerts.flush(1);
    expect(requests.map(({ headers }) => headers['webhook-timestamp'])).toEqual(['1700000000', '1700000007', '1700000014']);
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(requests.map(({ headers }) => headers['webhook-signature'])).size).toBe(3);
    expect(alerts.counts().get('hook')).toMatchObject({ delivered: 1, dropped: 0, state: 'working' });
    alerts.close();
  });

  it('is not followed where it points elsewhere, and not asked again', async () => {
    const { alerts, problems } = hook(false);
    answers.push(307);
    alerts.raise(alertOf(), ['hook']);
    await alerts.flush(1);
    expect(requests.map(({ path }) => path)).toEqual(['/hook']);
    expect(requests[0]!.headers).not.toHaveProperty('webhook-signature');
    expect(problems).toEqual(['hook: alerts cannot be delivered: status 307']);
    alerts.close();
  });

  it('costs no more than its time limit where it never answers', async () => {
    const { alerts, timers, problems } = hook();
    answers.push('hang', 'hang', 'hang');
    let there = until();
    alerts.raise(alertOf(), ['hook']);
    for (let attempt = 0; attempt < 3; attempt++) {
      await there;
      there = until();
      await timers.advance(10_000); // the limit of one attempt
      await timers.advance(4_000); // the wait before the next
    }
    await settled();
    expect(problems).toEqual(['hook: alerts cannot be delivered: no answer within 10000 ms']);
    expect(alerts.counts().get('hook')).toMatchObject({ dropped: 1, state: 'failing' });
    alerts.close();
  });

  it('is reported without its address where nobody listens', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const abort = new AbortController();
    const refused = httpPost({ url, headers: {}, body: '{}', signal: abort.signal });
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    server.listen(0, '127.0.0.1');
  });
});
