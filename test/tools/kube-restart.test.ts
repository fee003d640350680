import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HttpAnswer, type HttpRequest, planCallers, type RestartCaller, restartCallers } from './callers.ts';

const API = 'https://10.0.1.58:6443';
const TIME = '2026-03-14T02:31:00Z';
const ANNOTATION = 'kubectl.kubernetes.io/restartedAt';
/** No text at all but these: nothing that a caller gives can change where the request goes or what it does. */
const URL_FORM =
  /^https:\/\/[a-z0-9.:[\]-]+\/apis\/apps\/v1\/namespaces\/[a-z0-9-]{1,63}\/deployments\/[a-z0-9-]+(\.[a-z0-9-]+)*\?fieldManager=kubectl-rollout$/;

const callers = await restartCallers();
const plans = await planCallers();

const deployment = (over: { metadata?: object; spec?: object; kind?: string } = {}) => ({
  kind: over.kind ?? 'Deployment',
  metadata: { name: 'webapp', namespace: 'web', resourceVersion: '4242', generation: 7, ...over.metadata },
  spec: { template: { metadata: { annotations: { [ANNOTATION]: TIME } } }, ...over.spec },
});
const ok = (value: unknown): HttpAnswer => ({ status: 200, body: JSON.stringify(value) });

/** One call, what it sent, and what came of it. */
function run(caller: RestartCaller, args: Parameters<RestartCaller>[0], answer: HttpAnswer = ok(deployment())) {
  const sent: HttpRequest[] = [];
  const outcome = caller(args, (request) => {
    sent.push(request);
    return answer;
  });
  return { outcome, sent };
}

const answered = (caller: RestartCaller, answer: HttpAnswer) =>
  run(caller, [API, 'web', 'deployment/webapp', TIME], answer).outcome;

describe.each(callers)('kube-restart through %s', (_name, caller) => {
  it('sends the request that kubectl sends, once, and without anything that proves who it is', () => {
    const { outcome, sent } = run(caller, [API, 'web', 'deployment/webapp', TIME]);
    expect(sent).toEqual([
      {
        method: 'PATCH',
        url: `${API}/apis/apps/v1/namespaces/web/deployments/webapp?fieldManager=kubectl-rollout`,
        headers: [
          { name: 'accept', value: 'application/json' },
          { name: 'content-type', value: 'application/strategic-merge-patch+json' },
        ],
        body: expect.anything(),
      },
    ]);
    expect(Buffer.from(sent[0]?.body ?? []).toString()).toBe(
      `{"spec":{"template":{"metadata":{"annotations":{"${ANNOTATION}":"${TIME}"}}}}}`,
    );
    const summary = 'restarted deployment/webapp in namespace web';
    expect(outcome).toMatchObject({ ok: { resourceVersion: '4242', generation: 7n, paused: false, summary } });
  });

  it('sends what `kubectl-plan` plans', () => {
    const { sent } = run(caller, [API, 'web', 'deployment/a.b-c', TIME]);
    for (const [, plan] of plans) {
      const planned = plan({ verb: 'rollout-restart', target: 'deployment/a.b-c', namespace: 'web', restartedAt: TIME });
      const { path, body, contentType } = 'ok' in planned ? planned.ok : expect.fail('no plan');
      expect(new URL(sent[0]?.url ?? '').pathname).toBe(path);
      expect(Buffer.from(sent[0]?.body ?? []).toString()).toBe(body);
      expect(sent[0]?.headers.find(({ name }) => name === 'content-type')?.value).toBe(contentType);
    }
  });

  it.each([
    'https://10.0.1.58:6443',
    'https://kubernetes.default.svc',
    'https://[fd00::1]:6443',
    'https://[::1]',
    'https://k8s:1',
  ])('takes the API server %s', (api) => {
    const { sent } = run(caller, [api, 'web', 'deployment/webapp', TIME]);
    expect(sent.map(({ url }) => url)).toEqual([expect.stringMatching(URL_FORM)]);
    expect(sent[0]?.url.startsWith(`${api}/apis/`)).toBe(true);
  });

  it.each([
    '',
    'https://',
    'http://10.0.1.58:6443',
    'HTTPS://10.0.1.58:6443',
    '10.0.1.58:6443',
    'https://10.0.1.58:6443/',
    'https://10.0.1.58:6443/x',
    'https://10.0.1.58:6443?x=',
    'https://10.0.1.58:6443#',
    'https://10.0.1.58:',
    'https://10.0.1.58:0',
    'https://10.0.1.58:06443',
    'https://10.0.1.58:65536',
    'https://10.0.1.58:+1',
    'https://ann@10.0.1.58',
    'https://ann:x@10.0.1.58',
    'https://10.0.1.58\\@evil.test',
    'https://10.0.1.58%2fx',
    'https://evil.test:6443:6443',
    'https://evil.test.',
    'https://.test',
    'https://[::1',
    'https://::1',
    'https://[::1]x',
    'https://[fe80::1%25eth0]',
    ' https://10.0.1.58',
    'https://10.0.1.58\n',
    'https://KUBE',
    'https://k\u00fcbe',
    `https://${'a.'.repeat(200)}a`,
  ])('sends nothing to %j', (api) => {
    const { outcome, sent } = run(caller, [api, 'web', 'deployment/webapp', TIME]);
    expect(outcome).toMatchObject({ err: { tag: 'bad-api-server' } });
    expect(sent).toEqual([]);
  });

  it.each([
    [['', 'deployment/webapp', TIME], { tag: 'bad-namespace', val: 'empty' }],
    [['web/../kube-system', 'deployment/webapp', TIME], { tag: 'bad-namespace', val: 'bad-character' }],
    [['a.b', 'deployment/webapp', TIME], { tag: 'bad-namespace', val: 'bad-character' }],
    [['a'.repeat(64), 'deployment/webapp', TIME], { tag: 'bad-namespace', val: 'too-long' }],
    [['-a', 'deployment/webapp', TIME], { tag: 'bad-namespace', val: 'bad-edge' }],
    [['web', 'webapp', TIME], { tag: 'bad-target' }],
    [['web', 'deployments/webapp', TIME], { tag: 'bad-target' }],
    [['web', 'statefulset/db', TIME], { tag: 'bad-target' }],
    [['web', 'Deployment/webapp', TIME], { tag: 'bad-target' }],
    [['web', 'deployment/', TIME], { tag: 'bad-name', val: 'empty' }],
    [['web', 'deployment/..', TIME], { tag: 'bad-name', val: 'bad-edge' }],
    [['web', 'deployment/../secrets/x', TIME], { tag: 'bad-name', val: 'bad-character' }],
    [['web', 'deployment/webapp/scale', TIME], { tag: 'bad-name', val: 'bad-character' }],
    [['web', 'deployment/webapp?dryRun=All', TIME], { tag: 'bad-name', val: 'bad-character' }],
    [['web', 'deployment/%2e%2e', TIME], { tag: 'bad-name', val: 'bad-character' }],
    [['web', 'deployment/webapp\n', TIME], { tag: 'bad-name', val: 'bad-character' }],
    [['web', `deployment/${'a.'.repeat(126)}aa`, TIME], { tag: 'bad-name', val: 'too-long' }],
    [['web', `deployment/${'a'.repeat(64)}`, TIME], { tag: 'bad-name', val: 'too-long' }],
    [['web', 'deployment/webapp', ''], { tag: 'bad-time' }],
    [['web', 'deployment/webapp', '2026-02-29T02:31:00Z'], { tag: 'bad-time' }],
    [['web', 'deployment/webapp', '2026-03-14T24:00:00Z'], { tag: 'bad-time' }],
    [['web', 'deployment/webapp', '2026-03-14T02:31:00+01:00'], { tag: 'bad-time' }],
    [['web', 'deployment/webapp', '2026-03-14T02:31:00"'], { tag: 'bad-time' }],
  ] as const)('sends nothing for %j', (args, err) => {
    const { outcome, sent } = run(caller, [API, ...args]);
    expect(outcome).toMatchObject({ err });
    expect(sent).toEqual([]);
  });

  it('sends one form of URL and body, whatever it is asked for', () => {
    const piece = fc.oneof(
      fc.constantFrom('web', 'a.b', '..', '%2f', '/', '?', '#', '@', '-', 'x-1', '\u0131'),
      fc.string({ maxLength: 5 }),
    );
    const text = fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join(''));
    const api = fc.oneof(
      fc.constant(API),
      text.map((tail) => `https://${tail}`),
    );
    const target = text.map((name) => `deployment/${name}`);
    fc.assert(
      fc.property(api, text, target, (...args) => {
        const { outcome, sent } = run(caller, [...args, TIME]);
        expect(sent.length).toBe('err' in outcome && outcome.err.tag.startsWith('bad-') ? 0 : 1);
        for (const { url, body } of sent) {
          expect(url).toMatch(URL_FORM);
          expect(new URL(url).pathname).toBe(`/apis/apps/v1/namespaces/${args[1]}/deployments/${args[2].slice(11)}`);
          expect(JSON.parse(Buffer.from(body ?? []).toString())).toEqual({ spec: deployment().spec });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('says that a paused deployment keeps its pods', () => {
    const summary = 'restarted deployment/webapp in namespace web, once it is resumed';
    const paused = deployment({ spec: { paused: true } });
    expect(answered(caller, ok(paused))).toMatchObject({ ok: { paused: true, summary } });
  });

  it.each([
    ['another name', deployment({ metadata: { name: 'payments' } })],
    ['another namespace', deployment({ metadata: { namespace: 'kube-system' } })],
    ['another kind', deployment({ kind: 'DaemonSet' })],
    ['another time', deployment({ spec: { template: { metadata: { annotations: { [ANNOTATION]: '2026-03-14T02:31:01Z' } } } } })],
    ['no annotation', deployment({ spec: { template: {} } })],
    ['a version with a line break', deployment({ metadata: { resourceVersion: '1\n2' } })],
    ['a version without end', deployment({ metadata: { resourceVersion: '1'.repeat(65) } })],
    ['no generation', deployment({ metadata: { generation: undefined } })],
    ['a generation below 0', deployment({ metadata: { generation: -1 } })],
    ['a list', [deployment()]],
    ['nothing', null],
  ])('takes no answer for a restart that has %s', (_what, value) => {
    const err = { tag: 'unexpected', val: { status: 200, message: 'no deployment with this restart' } };
    expect(answered(caller, ok(value))).toMatchObject({ err });
  });

  it.each(['', '{', '{"kind":"Deployment"', '\u0000', '['.repeat(100_000), `{"a":${'{"a":'.repeat(5000)}`])(
    'takes no answer for a restart that is no JSON, or JSON without end',
    (body) => {
      expect(answered(caller, { status: 200, body })).toMatchObject({ err: { tag: 'unexpected' } });
      expect(answered(caller, { status: 403, body })).toMatchObject({ err: { tag: 'forbidden', val: { message: '' } } });
    },
  );

  it.each([
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [409, 'conflict'],
    [201, 'unexpected'],
    [302, 'unexpected'],
    [422, 'unexpected'],
    [500, 'unexpected'],
  ])('gives the words of a %i as %s', (status, tag) => {
    const body = JSON.stringify({ kind: 'Status', message: `no\u001b[2J\u202e${'x'.repeat(600)}`, code: 200 });
    const message = `no [2J ${'x'.repeat(493)}`;
    expect(answered(caller, { status, body })).toMatchObject({ err: { tag, val: { status, message } } });
  });

  it.each([
    [
      { tag: 'denied', val: 'no rule has this path' },
      { tag: 'denied', val: 'no rule has this path' },
    ],
    [
      { tag: 'unreachable', val: 'refused' },
      { tag: 'unreachable', val: 'refused' },
    ],
    [{ tag: 'timed-out' }, { tag: 'timed-out' }],
    [
      { tag: 'invalid', val: 'no' },
      { tag: 'no-answer', val: 'the request cannot be sent: no' },
    ],
    [
      { tag: 'too-large', val: 1024n },
      { tag: 'no-answer', val: 'more than 1024 bytes' },
    ],
    [{ tag: 'too-many-redirects' }, { tag: 'no-answer', val: 'too many redirects' }],
  ])('passes on why there was no answer: %o', (answer, err) => {
    const { outcome, sent } = run(caller, [API, 'web', 'deployment/webapp', TIME], answer);
    expect(outcome).toMatchObject({ err });
    expect(sent).toHaveLength(1); // and no second try
  });
});
