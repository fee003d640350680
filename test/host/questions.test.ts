import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openWarden, type Warden } from 'cellblock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Asked, slackMessage, webhookRequest } from '../../host/approvals/index.ts';
import type { TrailEntry } from '../../host/audit/entries.ts';
import type { Journal, TrailRecord } from '../../host/audit/trail.ts';
import { webhookKey } from '../../host/outbound/index.ts';
import type { ApproverChannel } from '../../host/policy/index.ts';
import { Questions, type QuestionsOptions } from '../../host/questions.ts';
import { WardenState } from '../../host/trail-state.ts';
import { FakeServer, ManualTimers, settled } from './alerts/fixture.ts';
import { askedWith, MINUTE, PARAMETERS } from './approvals/fixture.ts';

const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
const SECRET = `whsec_${KEY.toString('base64')}`;
const HOOK = 'https://ops.example.com/SECRET-PATH?x=1';
const SLACK = 'https://hooks.slack.example/services/SECRET';

const OPS: ApproverChannel = { kind: 'webhook', name: 'webhook:ops', url: HOOK, secretEnv: 'OPS_SECRET' };
const TEAM: ApproverChannel = {
  kind: 'slack',
  name: 'slack:team',
  urlEnv: 'SLACK_URL',
  signingSecretEnv: 'SIGNING',
  users: new Map(),
};
const TERMINAL: ApproverChannel = { kind: 'terminal', name: 'terminal' };

/** Questions beside a trail that is a list of records: `ask` is what the warden writes in one step, `write` any entries. */
function setUp(options: Partial<QuestionsOptions> = {}, channels: readonly ApproverChannel[] = [TERMINAL, OPS, TEAM]) {
  const timers = new ManualTimers();
  const server = new FakeServer();
  const problems: string[] = [];
  const state = new WardenState();
  const questions = new Questions(
    { journal: { writer: 'w1' } as Journal, state },
    {
      channels: new Map(channels.map((channel) => [channel.name, channel])),
      env: { OPS_SECRET: SECRET, SLACK_URL: SLACK },
      now: () => timers.now,
      timers,
      post: server.post,
      random: () => 0,
      onProblem: (problem) => problems.push(problem),
      ...options,
    },
  );
  let count = 0;
  const write = (...entries: readonly TrailEntry[]): void => {
    for (const entry of entries) {
      const record = { ...entry, seq: ++count, at: timers.now } as TrailRecord;
      state.apply(record);
      state.committed([record]);
    }
  };
  const asked = (more: Partial<Asked> = {}): Asked => {
    const at = timers.now;
    return askedWith({}, PARAMETERS, { at, expiresAt: at + 15 * MINUTE, channels: ['terminal', 'webhook:ops'], ...more });
  };
  const ask = (more: Partial<Asked> = {}, writer = 'w1'): Asked => {
    const question = asked(more);
    const { audit } = question;
    write(
      { kind: 'requested', audit, writer, agent: 'triage', tool: 'kubectl' },
      { kind: 'decided', audit, effect: 'ask', rules: [], policy: 'p', approval: question.approval },
      { kind: 'approval', event: 'expired', approval: 'aaaaa-aaaaa', at: timers.now }, // of another question
      question,
    );
    return question;
  };
  return { timers, server, problems, questions, write, ask, asked };
}

describe('a question', () => {
  it('goes once to each channel that it names, signed for a webhook, as a message for Slack, to no other', async () => {
    const { timers, server, problems, ask } = setUp();
    const both = ask({ channels: ['webhook:ops', 'terminal', 'slack:team', 'webhook:ops'] });
    expect(server.requests).toEqual([]); // whoever files the request goes on first
    await settled();
    expect(server.requests.map(({ url }) => url)).toEqual([HOOK, SLACK]);
    const [hook, slack] = server.requests;
    const request = webhookRequest(both, { key: webhookKey(SECRET), nowMs: timers.now });
    expect(hook).toMatchObject({ body: request.body, headers: { ...request.headers, 'content-type': 'application/json' } });
    expect(JSON.parse(slack!.body)).toEqual(slackMessage(both, { nowMs: timers.now }));
    expect(slack!.headers).toEqual({ 'content-type': 'application/json' });
    ask({ approval: '00000-00002', channels: ['terminal'] });
    ask({ approval: '00000-00003', channels: ['slack:team'] });
    await settled();
    expect(server.requests.slice(2).map(({ url }) => url)).toEqual([SLACK]);
    expect(problems).toEqual([]);
  });

  it('is sent by the process that asks it, and by no other, nor from any record that only looks like it', async () => {
    const { server, ask, write, asked } = setUp();
    ask({}, 'w2');
    write(asked({ approval: '00000-00002' })); // without its request
    const mine = { kind: 'requested', audit: 'a-2', writer: 'w1', agent: 'triage', tool: 'kubectl' } as const;
    write(mine, asked({ approval: '00000-00003' })); // of another request
    write(mine, { ...mine, audit: 'a-1', writer: 'w2' }, asked({ approval: '00000-00004' }));
    await settled();
    expect(server.requests).toEqual([]);
    ask({ approval: '00000-00005' });
    write(asked({ approval: '00000-00005' })); // the same record, read again
    await settled();
    expect(server.requests).toHaveLength(1);
  });

  it('is never left out because another is like it', async () => {
    const { server, ask } = setUp();
    for (let count = 0; count < 60; count++) ask({ approval: `00000-${String(count).padStart(5, '0')}` });
    await settled();
    while (server.requests.length < 60) await settled();
    expect(new Set(server.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(60);
  });

  it('is tried three times, with longer and longer waits, under one id and a new instant', async () => {
    const { timers, server, problems, ask } = setUp();
    server.answers.push({ status: 500 }, new Error('refused'), { status: 429 }, { status: 200 });
    const start = Math.floor(timers.now / 1000);
    ask();
    await timers.advance(60_000);
    expect(server.requests.map(({ headers }) => Number(headers['webhook-timestamp']) - start)).toEqual([0, 0, 2]);
    expect(new Set(server.requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(['approval_k7q2m-9xw4d']));
    expect(problems).toEqual(['questions to `webhook:ops`: approval `k7q2m-9xw4d` was not delivered: status 429']);
  });

  it('is not repeated where the receiver refuses it', async () => {
    for (const status of [301, 302, 400, 401, 404]) {
      const { timers, server, problems, ask } = setUp();
      server.otherwise = { status };
      ask();
      await timers.advance(60_000);
      expect(server.requests).toHaveLength(1);
      expect(problems).toEqual([`questions to \`webhook:ops\`: approval \`k7q2m-9xw4d\` was not delivered: status ${status}`]);
    }
  });

  it('lets go of a receiver that does not answer in time, even of a post that does not heed its signal; others get theirs', async () => {
    const { timers, server, problems, ask } = setUp();
    server.answers.push('hang');
    server.otherwise = 'hang';
    ask({ channels: ['webhook:ops'] });
    await settled();
    server.otherwise = { status: 200 };
    ask({ approval: '00000-00002', channels: ['slack:team'] });
    await settled();
    expect(server.requests.map(({ url }) => url)).toEqual([HOOK, SLACK]);
    server.otherwise = 'hang';
    await timers.advance(10_000 + 500 + 10_000 + 2000 + 10_000);
    expect(server.requests.map(({ signal }) => signal.aborted)).toEqual([true, false, true, true]);
    expect(problems).toEqual(['questions to `webhook:ops`: approval `k7q2m-9xw4d` was not delivered: no answer within 10000 ms']);
  });

  it('is dropped and named where 100 wait already', async () => {
    const { server, problems, ask } = setUp();
    server.otherwise = 'hang';
    ask({ approval: 'zzzzz-zzzzz' });
    await settled(); // on its way
    for (let count = 0; count < 101; count++) ask({ approval: `00000-${String(count).padStart(5, '0')}` });
    expect(problems).toEqual(['questions to `webhook:ops`: approval `00000-00100` was not delivered: too many wait already']);
  });

  it('is not sent any more when it was answered or has expired meanwhile, of which only the second is told', async () => {
    const { timers, server, problems, ask, write } = setUp();
    server.otherwise = { status: 503 };
    const { approval } = ask();
    ask({ approval: '00000-00002', expiresAt: timers.now + 400 });
    await settled();
    write({ kind: 'approval', event: 'denied', approval, at: timers.now, by: 'ann', channel: 'cli' });
    await timers.advance(60_000);
    expect(server.requests).toHaveLength(1);
    expect(problems).toEqual(['questions to `webhook:ops`: approval `00000-00002` was not delivered: it has expired before']);
  });
});

describe('a channel', () => {
  it.each<[string, ApproverChannel, Record<string, string>, string]>([
    ['whose secret is not set', OPS, {}, 'the environment variable `OPS_SECRET` is not set'],
    ['whose secret is empty', OPS, { OPS_SECRET: '' }, 'the environment variable `OPS_SECRET` is not set'],
    [
      'whose secret is none',
      OPS,
      { OPS_SECRET: 'a secret of the operator, long enough' },
      'the environment variable `OPS_SECRET` is not base64 of 24 bytes or more, with or without `whsec_`',
    ],
    [
      'whose address is not https',
      { ...OPS, url: 'http://ops.example.com/SECRET-PATH' } as ApproverChannel,
      { OPS_SECRET: SECRET },
      'its address is not https, which only a loopback address need not be',
    ],
    ['without an address', TEAM, {}, 'the environment variable `SLACK_URL` is not set'],
    [
      'with an address that is none',
      TEAM,
      { SLACK_URL: 'ftp://hooks.slack.example/SECRET' },
      'its address is not an https URL; see the environment variable `SLACK_URL`',
    ],
  ])('%s is told at once, and for each question that it does not get', async (_, channel, env, problem) => {
    const { server, problems, ask } = setUp({ env }, [channel]);
    expect(problems).toEqual([`questions to \`${channel.name}\`: none can be sent: ${problem}`]);
    ask({ channels: [channel.name, 'webhook:unknown'] });
    await settled();
    expect(server.requests).toEqual([]);
    expect(problems.slice(1)).toEqual([
      `questions to \`${channel.name}\`: approval \`k7q2m-9xw4d\` was not delivered: ${problem}`,
      'questions to `webhook:unknown`: approval `k7q2m-9xw4d` was not delivered: the policy has no such channel',
    ]);
  });

  it('that fails harms nobody, though whoever is told throws', async () => {
    const onProblem = (): void => {
      throw new Error('in the callback');
    };
    const { server, ask } = setUp({ onProblem, env: { OPS_SECRET: SECRET } });
    server.answers.push({ status: 400 });
    ask({ channels: ['webhook:ops', 'slack:team'] });
    ask({ approval: '00000-00002' });
    await settled();
    expect(server.requests).toHaveLength(2);
  });
});

describe('closing', () => {
  it('waits for what is on its way', async () => {
    const { timers, server, problems, questions, ask } = setUp();
    server.answers.push({ status: 503 });
    ask();
    const closed = questions.close();
    await timers.advance(600); // the wait before the second attempt
    await closed;
    expect([server.requests.length, problems, timers.count]).toEqual([2, [], 0]);
  });

  it('waits two seconds at most, and names what did not arrive', async () => {
    const { timers, server, problems, questions, ask } = setUp();
    server.otherwise = 'hang';
    ask();
    ask({ approval: '00000-00002' });
    let isClosed = false;
    const closed = questions.close().then(() => {
      isClosed = true;
    });
    await timers.advance(1999);
    expect(isClosed).toBe(false);
    await timers.advance(1);
    await closed;
    expect(server.requests.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(problems).toEqual(
      ['k7q2m-9xw4d', '00000-00002'].map(
        (id) => `questions to \`webhook:ops\`: approval \`${id}\` was not delivered: the warden was closed before`,
      ),
    );
    ask({ approval: '00000-00003' }); // of nobody's interest any more
    await questions.close();
    expect([problems.length, timers.count]).toEqual([2, 0]);
  });
});

/* ---- through a whole warden, to a server that is there ---- */

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('a warden', () => {
  let folder: string;
  let server: Server;
  let received: Received[];
  /** Answers that are held back while this is set. */
  let held: (() => void)[] | undefined;
  const wardens: Warden[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellblock-questions-'));
    copyFileSync(new URL('../../tools/redact/redact.wasm', import.meta.url), join(folder, 'redact.wasm'));
    received = [];
    held = undefined;
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = (): void => void response.writeHead(200).end('ok');
      if (held === undefined) answer();
      else held.push(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv('TEST_OPS_SECRET', SECRET);
    vi.stubEnv('TEST_SLACK_URL', `${url}/slack`);
    writeFileSync(join(folder, 'cellblock.yaml'), policy(url));
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const warden of wardens.splice(0)) await warden.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  function policy(url: string): string {
    return `version: 1
approvers:
  people: [ann]
  webhooks: { ops: { url: "${url}/ops", secretEnv: TEST_OPS_SECRET } }
  slack: { team: { urlEnv: TEST_SLACK_URL, signingSecretEnv: TEST_SIGNING, users: { U123: ann } } }
tools:
  redact: { component: redact.wasm, functions: [redact], grants: [log] }
agents:
  triage:
    tools:
      - tool: redact
        ask: { channels: [terminal, "webhook:ops", "slack:team"], approvers: [ann] }
`;
  }

  async function open(problems: string[] = []): Promise<Warden> {
    const options = { cacheDirectory: false, threads: 1, isolation: 'thread' } as const;
    const onProblem = (problem: string): void => void problems.push(problem);
    const warden = await openWarden({ policy: join(folder, 'cellblock.yaml'), ...options, onProblem });
    wardens.push(warden);
    return warden;
  }

  const REQUEST = {
    agent: 'triage',
    tool_name: 'redact',
    parameters: { text: 'from ann@example.com <!channel>', options: { custom: [] } },
    justification: 'a log line',
  };

  it('tells its channels what it asks, so that each can check and show it, before it is closed', async () => {
    const problems: string[] = [];
    const warden = await open(problems);
    const outcome = await warden.request(REQUEST);
    expect(outcome).toMatchObject({ kind: 'pending', approval: { channels: ['terminal', 'webhook:ops', 'slack:team'] } });
    const { asked } = await warden.approvals.show(outcome.approval!.id);
    await warden.close();
    expect(received.map(({ path }) => path).sort()).toEqual(['/ops', '/slack']);
    const { headers, body } = received.find(({ path }) => path === '/ops')!;
    // As a receiver does it, by the words of the specification.
    const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', KEY).update(text).digest('base64')}`);
    expect(headers['content-type']).toBe('application/json');
    const { kind: _kind, event: _event, ...data } = asked;
    expect(JSON.parse(body)).toEqual({ type: 'approval.asked', timestamp: new Date(asked.at).toISOString(), data });
    const slack = received.find(({ path }) => path === '/slack')!;
    expect(slack.headers).not.toHaveProperty('webhook-signature');
    const message = JSON.parse(slack.body) as { blocks: { type: string; elements?: { value: string }[] }[] };
    expect(message).toMatchObject({ text: expect.stringContaining(asked.approval), unfurl_links: false });
    const buttons = message.blocks.find(({ type }) => type === 'actions')?.elements;
    expect(buttons?.map(({ value }) => value)).toEqual(Array(2).fill(`${asked.approval} ${asked.digest}`));
    expect(slack.body).not.toContain('<!channel>');
    expect(problems).toEqual([]);
  });

  it('answers its agent while a channel hangs', async () => {
    held = [];
    const warden = await open();
    const outcome = await warden.request(REQUEST);
    expect(outcome.kind).toBe('pending');
    await vi.waitFor(() => expect(held).toHaveLength(2)); // nobody was answered yet
    await warden.approvals.approve(outcome.approval!.id, { by: 'ann' });
    expect(await warden.request(REQUEST)).toMatchObject({ kind: 'ok', value: { text: 'from [email] <!channel>' } });
    for (const answer of held.splice(0)) answer();
    await warden.close();
  });

  it('says at once which secret is missing, and asks by the other channel', async () => {
    vi.stubEnv('TEST_OPS_SECRET', undefined);
    const problems: string[] = [];
    const warden = await open(problems);
    const missing = 'the environment variable `TEST_OPS_SECRET` is not set';
    expect(problems).toEqual([`questions to \`webhook:ops\`: none can be sent: ${missing}`]);
    const { approval } = await warden.request(REQUEST);
    await warden.close();
    expect(received.map(({ path }) => path)).toEqual(['/slack']);
    expect(problems.slice(1)).toEqual([
      `questions to \`webhook:ops\`: approval \`${approval!.id}\` was not delivered: ${missing}`,
    ]);
  });

  it('does not tell what another one on the same trail asked, nor when it is asked for the same', async () => {
    const [one, other] = [await open(), await open()];
    const { approval } = await one.request(REQUEST);
    expect((await other.approvals.list()).map(({ asked }) => asked.approval)).toEqual([approval!.id]);
    expect((await other.request(REQUEST)).approval?.id).toBe(approval!.id);
    expect((await one.request(REQUEST)).approval?.id).toBe(approval!.id);
    await other.close();
    await one.close();
    expect(received.map(({ path }) => path).sort()).toEqual(['/ops', '/slack']);
  });

  it('does not ask again about what was denied, until the question would have expired', async () => {
    const warden = await open();
    const waiting = warden.request(REQUEST, { waitMs: 60_000 });
    const { approval } = await warden.request(REQUEST);
    await warden.approvals.deny(approval!.id, { by: 'ann' });
    const refused = { kind: 'refused', error: { code: 'denied/approval-denied' } };
    expect(await waiting).toMatchObject(refused);
    expect(await warden.request(REQUEST)).toMatchObject(refused);
    expect(await (await open()).request(REQUEST)).toMatchObject(refused);
    expect(await warden.request({ ...REQUEST, justification: 'another' })).toMatchObject({ kind: 'pending' });
    await warden.close();
    expect(received).toHaveLength(4);
  });

  it('delivers before a command that only asks has ended', async () => {
    const cli = fileURLToPath(new URL('../../dist/host/cli/main.js', import.meta.url));
    const { agent, ...request } = REQUEST;
    const args = ['request', JSON.stringify(request), '--agent', agent, '--json'];
    const env = { ...process.env, CELLBLOCK_CACHE_DIR: join(folder, 'cache') };
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    expect(await once(child, 'close')).toEqual([6, null]);
    const { approval } = JSON.parse(stdout) as { approval: { id: string } };
    expect(received.map(({ path }) => path).sort()).toEqual(['/ops', '/slack']);
    expect(received.every(({ body }) => body.includes(approval.id))).toBe(true);
  });
});
