import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outcome, openWarden, verifyTrail, type Warden } from 'cellblock';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type KubeAnswer, type KubeApi, type KubeRequest, OTHER_CA, startKubeApi } from '../../tools/kube-api-fake.mjs';
import { policyFor, type RestartOptions, restart } from '../../tools/kubesleuth.mjs';
import { sendTool } from '../support/http-guests.ts';

/*
 * The second half of the story: what was approved runs as a component whose one capability is one PATCH below one path of one server, over TLS
 * with a private CA and a token that it never has. The server is real, and checks what it gets.
 */

const POD = { name: 'webapp-7d4b9c6f5-x2x9q', 'last-error': 'FATAL: Database connection failed' };
const PATH = '/apis/apps/v1/namespaces/web/deployments/webapp';
const BODY = '{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-03-14T02:15:00Z"}}}}}';
const MAIN = fileURLToPath(new URL('../../dist/host/cli/main.js', import.meta.url));

let folder: string;
let sites = 0;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-restart-'));
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Site {
  readonly folder: string;
  readonly api: KubeApi;
  readonly warden: Warden;
  /** Asks, and is approved. @returns the id of the approval. */
  approval(options?: RestartOptions): Promise<string>;
  /** Asks, is approved, and asks again with the approval. */
  approved(options?: RestartOptions): Promise<Outcome>;
  /** All that this host left behind or said: files, and what it wrote to the terminal. */
  left(): string;
}

interface Setting {
  readonly isolation: 'thread' | 'process';
  readonly intercept?: (request: KubeRequest) => KubeAnswer | undefined;
  /** Changes the policy: for tools and rules that let through more than ours. */
  readonly edit?: (policy: string) => string;
}

async function startApi(intercept?: Setting['intercept']): Promise<KubeApi> {
  const api = await startKubeApi(intercept === undefined ? {} : { intercept });
  closing.push(() => api.close());
  return api;
}

async function open({ isolation, intercept, edit = (policy) => policy }: Setting): Promise<Site> {
  const api = await startApi(intercept);
  vi.stubEnv('KUBE_TOKEN', api.token);
  const site = join(folder, `site-${++sites}`);
  mkdirSync(site);
  writeFileSync(join(site, 'cellblock.yaml'), edit(policyFor(api.url)));
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
  const problems: string[] = [];
  const warden = await openWarden({
    policy: join(site, 'cellblock.yaml'),
    cacheDirectory: join(folder, 'cache'),
    isolation,
    onProblem: (problem) => problems.push(problem),
  });
  closing.push(() => warden.close());
  const ask = (options: RestartOptions) => restart(warden, POD, { apiServer: api.url, ...options });
  const approval = async (options: RestartOptions = {}) => {
    const waiting = await ask(options);
    expect(waiting).toMatchObject({ kind: 'pending' });
    const { id } = waiting.approval!;
    await warden.approvals.approve(id, { by: 'ann', digest: (await warden.approvals.show(id)).asked.digest });
    return id;
  };
  return {
    folder: site,
    api,
    warden,
    approval,
    approved: async (options) => ask({ ...options, approval: await approval(options) }),
    left: () => [filesIn(site), ...written, ...problems].join('\n'),
  };
}

/** Every byte of every file, databases and journals of them too. */
function filesIn(site: string): string {
  return readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

/** The token as it stands, and as base64 would have it at each of the three offsets, without the characters that its neighbours change. */
function expectNoToken(text: string, token: string): void {
  const spellings = [token, Buffer.from(token).toString('hex')];
  for (const [offset, skip] of [
    [0, 0],
    [1, 2],
    [2, 3],
  ] as const) {
    const encoded = Buffer.from(' '.repeat(offset) + token).toString('base64');
    spellings.push(encoded.slice(skip, -4), encoded.slice(skip, -4).replaceAll('+', '-').replaceAll('/', '_'));
  }
  expect(spellings.filter((spelling) => text.includes(spelling))).toEqual([]);
}

/** What the processes of the runners were started with, where the system tells. */
function environmentsOfChildren(): readonly string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[1] === String(process.pid);
        return isOurs ? [readFileSync(`/proc/${pid}/environ`, 'latin1')] : [];
      } catch {
        return []; // it has ended
      }
    });
}

const told = (outcome: Outcome) => JSON.stringify(outcome);

describe.each(['thread', 'process'] as const)('the approved restart: %s', (isolation) => {
  it('runs once: the server gets one PATCH with the token, and nobody else gets the token', async () => {
    const { api, warden, approved, left, folder: site } = await open({ isolation });
    const done = await approved();
    expect(done).toMatchObject({
      kind: 'ok',
      value: {
        'resource-version': '4242',
        generation: 7,
        paused: false,
        summary: 'restarted deployment/webapp in namespace web',
      },
      receipt: { isolation, tool: 'kube-restart' },
    });
    expect(api.requests).toEqual([
      { method: 'PATCH', url: `${PATH}?fieldManager=kubectl-rollout`, headers: expect.anything(), body: BODY },
    ]);
    expect(api.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${api.token}`,
      'content-type': 'application/strategic-merge-patch+json',
      accept: 'application/json',
      host: new URL(api.url).host,
    });
    expect(done.receipt.uses).toEqual([
      expect.objectContaining({
        capability: 'http',
        act: expect.stringContaining(`PATCH ${api.url}${PATH}`),
        result: expect.stringContaining('200'),
      }),
    ]);

    const again = await restart(warden, POD, { apiServer: api.url, approval: done.receipt.approval! });
    expect(again).toMatchObject({ kind: 'refused', error: { code: 'denied/approval-used' } });
    expect(api.requests).toHaveLength(1);
    const environments = environmentsOfChildren();
    if (isolation === 'process' && process.platform === 'linux') expect(environments.length).toBeGreaterThan(0);
    expectNoToken(environments.join('\n'), api.token);
    const shown = told(done) + told(again) + JSON.stringify(await warden.audit.show(done.receipt.audit!));
    expectNoToken(shown + left(), api.token);
    expect(left()).toContain(PATH); // what is searched has the call in it
    expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
  });

  it('runs once even if it is asked for twice at the same time', async () => {
    const { api, warden, approval } = await open({ isolation });
    const options = { apiServer: api.url, approval: await approval() };
    const outcomes = await Promise.all([restart(warden, POD, options), restart(warden, POD, options)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['ok', 'refused']);
    expect(api.requests).toHaveLength(1);
  });

  it('is refused by the grant outside of its path and its server, even where a rule lets it through and a human said yes (NE-10)', async () => {
    const other = await startApi();
    const {
      api,
      approved,
      folder: site,
    } = await open({
      isolation,
      edit: (policy) =>
        policy
          .replace('namespaces/web/deployments/\n', 'namespaces/web/deployments/webapp\n')
          .replace(/api-server: \{ equals: ("[^"]+") \}/, `api-server: { oneOf: [$1, "${other.url}"] }`)
          .replace(/( +id: restart\n(?:.*\n)*? +)namespace: \{ equals: web \}/, '$1namespace: { oneOf: [web, kube-system] }'),
    });
    for (const options of [{ namespace: 'kube-system' }, { target: 'deployment/payments' }, { apiServer: other.url }]) {
      const outcome = await approved(options);
      expect(outcome).toMatchObject({ kind: 'tool-error', value: { tag: 'denied' } });
      expect(outcome.receipt.uses).toEqual([
        expect.objectContaining({ capability: 'http', result: expect.stringMatching(/^denied/) }),
      ]);
    }
    expect([...api.requests, ...other.requests]).toEqual([]);
    expect(await approved()).toMatchObject({ kind: 'ok' });
    expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
  });

  it('trusts no server of another CA, and shows it no token', async () => {
    const edit = (policy: string) => policy.replace(/ca: .*/, `ca: ${JSON.stringify(OTHER_CA)}`);
    const { api, approved, left } = await open({ isolation, edit });
    const outcome = await approved();
    expect(outcome).toMatchObject({ kind: 'tool-error', value: { tag: 'unreachable' } });
    expect(api.requests).toEqual([]);
    expectNoToken(told(outcome) + left(), api.token);
  });

  it('trusts no server of a private CA that the policy does not name', async () => {
    const { api, approved } = await open({ isolation, edit: (policy) => policy.replace(/^ +ca: .*\n/m, '') });
    expect(await approved()).toMatchObject({ kind: 'tool-error', value: { tag: 'unreachable' } });
    expect(api.requests).toEqual([]);
  });

  it('does not pass on the token that a server says back, in words or in headers', async () => {
    const echo = ({ headers }: KubeRequest): KubeAnswer => ({
      status: 403,
      headers: { 'x-echo': String(headers.authorization) },
      body: JSON.stringify({ kind: 'Status', message: `${headers.authorization} may not patch` }),
    });
    const { api, approved, left } = await open({ isolation, intercept: echo });
    const outcome = await approved();
    expect(outcome).toMatchObject({ kind: 'tool-error', value: { tag: 'forbidden', value: { status: 403 } } });
    expect(api.requests).toHaveLength(1);
    expectNoToken(told(outcome) + left(), api.token);
  });

  it.each([301, 307])('follows no redirect to another server, and shows it no token: %i (NE-07)', async (status) => {
    const other = await startApi();
    const away = (): KubeAnswer => ({ status, headers: { location: `${other.url}${PATH}` } });
    const { api, approved, left } = await open({ isolation, intercept: away });
    const outcome = await approved();
    expect(outcome.kind).toBe('tool-error');
    expect(['denied', 'unexpected', 'no-answer']).toContain((outcome.value as { tag: string }).tag);
    expect(api.requests).toHaveLength(1);
    expect(other.requests).toEqual([]);
    expectNoToken(told(outcome) + left(), api.token);
  });

  it.each([
    ['not-found', 404],
    ['unexpected', 500],
  ])('says what the server said instead: %s', async (tag, status) => {
    const body = JSON.stringify({ kind: 'Status', message: 'so it is' });
    const { api, approved } = await open({ isolation, intercept: () => ({ status, body }) });
    expect(await approved()).toMatchObject({ kind: 'tool-error', value: { tag, value: { status, message: 'so it is' } } });
    expect(api.requests).toHaveLength(1); // and no second try
  });

  it('without the secret sends nothing, and says which one is not there', async () => {
    const { api, approved } = await open({ isolation });
    vi.stubEnv('KUBE_TOKEN', undefined);
    const outcome = await approved();
    expect(outcome.kind).not.toBe('ok');
    expect(told(outcome)).toContain('kube-token');
    expect(api.requests).toEqual([]);
  });
});

/** A tool in the place of ours that asks the host for whatever its caller wants, and tells all that it gets. */
const hostileTool = () => sendTool('restart');

describe.each(['thread', 'process'] as const)('a hostile tool with the grant of ours: %s', (isolation) => {
  it('gets no other request out, and nothing of the token (NE-10, NE-14)', async () => {
    const tool = join(folder, 'hostile.wasm');
    writeFileSync(tool, await hostileTool());
    const { api, warden, left } = await open({
      isolation,
      edit: (policy) =>
        policy
          .replace(/component: ".*kube-restart.wasm"/, `component: ${JSON.stringify(tool)}`)
          .replace(/- tool: kube-restart\n(.*\n)*?\nrules:/, '- kube-restart\n\nrules:'),
      intercept: ({ headers }) => ({
        status: 200,
        headers: { 'x-echo': String(headers.authorization) },
        body: JSON.stringify(headers),
      }),
    });
    const { host, port } = new URL(api.url);
    const send = (over: object) => {
      const headers = [{ name: 'content-type', value: 'application/strategic-merge-patch+json' }];
      const request = { method: 'PATCH', url: api.url + PATH, headers, body: Buffer.from(BODY).toString('base64'), ...over };
      return warden.request({ agent: 'kubesleuth', tool_name: 'kube-restart', parameters: { request } });
    };
    const honest = await send({});
    expect(honest).toMatchObject({ kind: 'ok' });
    const echoed = Buffer.from((honest.value as { body: string }).body, 'base64').toString();
    expect(echoed).toContain('strategic-merge-patch'); // what the server got, as the tool sees it
    expectNoToken(told(honest) + echoed, api.token);
    expect(api.requests).toHaveLength(1);

    const below = `${api.url}/apis/apps/v1/namespaces/web/deployments`;
    const refused: readonly object[] = [
      ...['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT', 'patch', 'PATCH ', ''].map((method) => ({ method })),
      ...[
        `${api.url}/api/v1/namespaces/web/secrets/x`,
        `${below}/../secrets/x`,
        `${below}/%2e%2e/secrets/x`,
        `${below}/.%2E/secrets/x`,
        `${below}/..%2fsecrets/x`,
        `${below}/..\\secrets/x`,
        `${below}/webapp/../../../kube-system/deployments/coredns`,
        `${below}x/webapp`,
        `${below}/webapp?dryRun=All`,
        `${below}/webapp?fieldManager=x&dryRun=All`,
        `${api.url}//apis/apps/v1/namespaces/web/deployments/webapp`,
        `https://localhost:${port}${PATH}`,
        `https://[::ffff:127.0.0.1]:${port}${PATH}`,
        `https://127.0.0.1${PATH}`,
        `https://${host}@evil.test${PATH}`,
        `https://ann:x@${host}${PATH}`,
        `https://${host}\\@evil.test${PATH}`,
        `http://${host}${PATH}`,
        `file://${PATH}`,
        PATH,
        '',
      ].map((url) => ({ url })),
      ...[
        ['authorization', 'Bearer mine'],
        ['Authorization', 'Bearer mine'],
        ['impersonate-user', 'system:admin'],
        ['cookie', 'session=1'],
        ['x-forwarded-host', 'evil.test'],
        ['x\r\nimpersonate-user', 'system:admin'],
        ['accept', 'x\r\nimpersonate-user: system:admin'],
      ].map(([name, value]) => ({ headers: [{ name, value }] })),
    ];
    for (const over of refused) {
      const outcome = await send(over);
      expect({ over, outcome }).toMatchObject({ over, outcome: { kind: 'tool-error' } });
      expect({ over, tag: (outcome.value as { tag: string }).tag }).toEqual({
        over,
        tag: expect.stringMatching(/^(denied|invalid)$/),
      });
    }
    expect(api.requests).toHaveLength(1);

    // Headers of the connection are the host's: what the tool says is refused, or has no effect.
    for (const [name, value] of [
      ['host', 'evil.test'],
      ['content-length', '0'],
      ['transfer-encoding', 'chunked'],
      ['connection', 'authorization'],
      ['upgrade', 'websocket'],
      ['proxy-authorization', 'Bearer mine'],
    ])
      await send({ headers: [{ name, value }] });
    for (const { method, url, headers, body } of api.requests) {
      expect([method, url, body]).toEqual(['PATCH', PATH, BODY]);
      expect(headers).toMatchObject({ host, authorization: `Bearer ${api.token}`, 'content-length': String(BODY.length) });
      for (const name of ['transfer-encoding', 'upgrade', 'proxy-authorization', 'impersonate-user'])
        expect(headers).not.toHaveProperty(name);
    }
    expectNoToken(left(), api.token);
  });
});

it('is there from the command line, and no output of it has the token', async () => {
  const { api, warden, folder: site } = await open({ isolation: 'process' });
  await warden.close();
  const request = {
    agent: 'kubesleuth',
    tool_name: 'kube-restart',
    parameters: { 'api-server': api.url, namespace: 'web', target: 'deployment/webapp', 'restarted-at': '2026-03-14T02:15:00Z' },
    justification: 'webapp crash-loops since it lost its database, which is back',
    source: POD['last-error'],
  };
  const run = (...args: string[]) => cellblock(site, args);
  const waiting = await run('request', JSON.stringify(request), '--json');
  const { id } = (JSON.parse(waiting.stdout) as Outcome).approval!;
  const yes = await run('approvals', 'approve', id, '--by', 'ann', '--yes');
  const done = await run('request', JSON.stringify({ ...request, approval: id }), '--json');
  expect([waiting.code, yes.code, done.code]).toEqual([6, 0, 0]);
  expect(JSON.parse(done.stdout)).toMatchObject({ kind: 'ok', value: { generation: 7 } });
  expect(api.requests).toHaveLength(1);
  const said = [waiting, yes, done].map(({ stdout, stderr }) => stdout + stderr).join('\n');
  expectNoToken(said + filesIn(site), api.token);
});

/** Runs the command line as an operator would. */
function cellblock(cwd: string, args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { cwd }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}
