import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseFolder, problemsOf } from './case-folder.ts';

/* What answers in the place of capabilities, and capabilities that are themselves. */

const { tool, single } = caseFolder();

describe('a mock', () => {
  const twice = (mocks: string, expected: string, call = 'twice') =>
    `call: ${call}\nparams: { x: 3 }\nmocks: ${mocks}\nexpect: ${expected}`;

  it('answers in place of what only an embedding program serves, the first that fits', async () => {
    const mocks = `
  - { function: test:host/double@1.0.0#double, with: { x: 3 }, answer: 10, times: 1 }
  - { function: test:host/double@1.0.0#double, answer: 77 }`;
    expect(problemsOf(await single('importing.wasm', twice(mocks, '{ value: 77 }')))).toEqual([]);
  });

  it('that is not used, or not as often as it says, fails the case', async () => {
    const mocks = `
  - { function: test:host/double@1.0.0#double, answer: 10, times: 3 }
  - { function: test:host/double@1.0.0#check, answer: { ok: null } }`;
    expect(problemsOf(await single('importing.wasm', twice(mocks, '{ value: 10 }')))).toEqual([
      'mock 1 (`test:host/double@1.0.0#double`, line 8)',
      'expected  3 calls',
      'actual    2 calls',
      'mock 2 (`test:host/double@1.0.0#check`, line 9)',
      'expected  one call or more',
      'actual    0 calls',
    ]);
  });

  it('that does not fit lets nothing through: the call ends, and the case says with which arguments', async () => {
    const mocks = '\n  - { function: test:host/double@1.0.0#double, with: { x: 4 }, answer: 10 }';
    const report = await single('importing.wasm', twice(mocks, '{ value: 10 }'));
    expect(report).toMatchObject({ passed: false, kind: 'trapped', code: 'capability/failed' });
    expect(problemsOf(report).slice(0, 4)).toEqual([
      'host calls: no mock answers `test:host/double@1.0.0#double` with {"x":3}',
      'mock 1 (`test:host/double@1.0.0#double`, line 8) does not fit: x',
      'expected  4',
      'actual    3',
    ]);
  });

  it('whose answer is no value of the type says where', async () => {
    const mocks = '\n  - { function: test:host/double@1.0.0#double, answer: many }';
    expect(problemsOf(await single('importing.wasm', twice(mocks, '{ value: 1 }')))[0]).toMatch(
      /^case: mock 1 \(`test:host\/double@1\.0\.0#double`, line 8\): expected integer from 0 to 4294967295 at `answer`, got string \[author\/invalid-file\]$|^case: mock 1 .*at `answer`, got string/,
    );
  });

  it('of a function that the component does not import says what it imports', async () => {
    const mocks = '\n  - { function: test:host/double@1.0.0#treble, answer: 1 }';
    expect(problemsOf(await single('importing.wasm', twice(mocks, '{ value: 1 }')))[0]).toContain(
      'the component does not import that; it imports `double`, `check`',
    );
  });

  it('may fail, which ends the call', async () => {
    const mocks = '\n  - { function: test:host/double@1.0.0#double, fails: the database is gone }';
    const report = await single(
      'importing.wasm',
      twice(mocks, '{ kind: trapped, code: capability/failed, message: the database is gone }'),
    );
    expect(problemsOf(report)).toEqual([]);
  });

  it('that is asked without end is no way out of the limits', async () => {
    const mocks = '\n  - { function: test:host/double@1.0.0#double, answer: 1 }';
    const fields = `call: greedy\nlimits: { fuel: 20000 }\nmocks: ${mocks}\nexpect: { kind: limited, code: limit/fuel }`;
    expect(problemsOf(await single('importing.wasm', fields))).toEqual([]);
  });

  it('of kv answers; what a capability with an effect is asked without one ends the call', async () => {
    const fields = (mocks: string) =>
      `call: do-stat\nparams: { path: /in/a }\ngrants: [files: { mounts: { /in: { access: write } } }]\n${mocks}expect: { kind: tool-error }`;
    const report = await single('files.wasm', fields(''));
    expect(problemsOf(report)[0]).toBe('host calls: a file was used: name `files` in `real`');
    expect(problemsOf(await single('files.wasm', fields('real: [files]\n')))).toEqual([]);
  });
});

describe('mocked http', () => {
  const scope =
    'grants:\n  - http: { requests: [{ methods: [POST], url: "https://api.example.com/v1/", secrets: { authorization: { secret: token, prefix: "Bearer " } } }] }';
  const send = (url: string, rest: string) => `
call: do-send
params: { request: { method: POST, url: "${url}", headers: [], body: { $json: { a: 1 } } } }
${scope}
${rest}`;
  const answered = `mocks:
  - function: http.send
    with: { request: { url: { $contains: /v1/x }, headers: { $contains: [{ name: authorization, value: Bearer secret-of-token }] }, body: { $json: { a: 1 } } } }
    answer: { ok: { status: 201, headers: [{ name: x-a, value: b }], body: { $text: made } } }
expect: { value: { status: 201, headers: [{ name: x-a, value: b }], body: { $text: made } } }`;

  it('answers for the network, behind the scope of the grant, which adds secrets', async () => {
    expect(problemsOf(await single('send.wasm', send('https://api.example.com/v1/x', answered)))).toEqual([]);
  });

  it('is not asked for what the scope does not have', async () => {
    const report = await single(
      'send.wasm',
      send('https://other.example.com/v1/x', 'expect: { kind: tool-error, valueMatches: { tag: denied } }'),
    );
    expect(problemsOf(report)).toEqual([]);
    const mocked = await single('send.wasm', send('https://other.example.com/v1/x', answered));
    expect(problemsOf(mocked)).toContain('expected  one call or more');
  });

  it('answers with the errors that there are', async () => {
    const timedOut =
      'mocks: [{ function: http.send, answer: { err: { tag: timed-out } } }]\nexpect: { kind: tool-error, value: { tag: timed-out } }';
    expect(problemsOf(await single('send.wasm', send('https://api.example.com/v1/x', timedOut)))).toEqual([]);
  });

  it('stands behind `wasi:http`, too', async () => {
    const fields = `
call: post
params: { authority: api.example.com, path: /v1/x, body: hello }
${scope.replace('https:', 'http:')}
mocks:
  - function: http.send
    with: { request: { method: POST, url: "http://api.example.com/v1/x", body: { $text: hello } } }
    answer: { ok: { status: 200, headers: [], body: { $text: world } } }
expect: { value: { $text: world } }`;
    expect(problemsOf(await single('fetch.wasm', fields))).toEqual([]);
  });

  it('lets a restart of Kubernetes be tested without a cluster', async () => {
    const fields = (status: number, expected: string) => `
call: restart
params: { api-server: "https://10.0.1.58:6443", namespace: web, target: deployment/webapp, restarted-at: "2026-03-14T02:11:07Z" }
grants:
  - http: { requests: [{ methods: [PATCH], url: "https://10.0.1.58:6443/apis/apps/v1/namespaces/web/", addresses: [10.0.1.58], query: [fieldManager] }] }
mocks:
  - function: http.send
    with: { request: { method: PATCH, body: { $contains: "2026-03-14T02:11:07Z" } } }
    answer: { ok: { status: ${status}, headers: [], body: { $json: { message: no } } } }
    times: 1
expect: ${expected}`;
    expect(
      problemsOf(
        await single(
          'kube-restart.wasm',
          fields(404, '{ kind: tool-error, value: { tag: not-found, value: { status: 404, message: no } } }'),
        ),
      ),
    ).toEqual([]);
    expect(
      problemsOf(await single('kube-restart.wasm', fields(403, '{ kind: tool-error, valueMatches: { tag: not-found } }'))),
    ).toEqual(['value', 'expected  {"tag":"not-found"}', 'actual    {"tag":"forbidden","value":{"status":403,"message":"no"}}']);
  });
});

describe('real capabilities', () => {
  const fields = (expected: string) => `
call: do-write
params: { path: /out/a.txt, offset: 0, bytes: { $text: hello } }
grants: [files: { mounts: { /out: { access: write, copyOut: { to: results } } } }]
real: [files]
expect: { kind: ok, files: ${expected} }`;

  it('let files leave to a folder that is thrown away, and compare them', async () => {
    expect(problemsOf(await single('files.wasm', fields('{ /out/a.txt: hello }')))).toEqual([]);
    expect(problemsOf(await single('files.wasm', fields('{ /out/a.txt: { $contains: ell } }')))).toEqual([]);
    expect(problemsOf(await single('files.wasm', fields('{}')))).toEqual([
      'files /out/a.txt',
      'expected  none',
      'actual    a file of 5 bytes',
    ]);
    expect(problemsOf(await single('files.wasm', fields('{ /out/a.txt: help, /out/b.txt: x }')))).toEqual([
      'files /out/a.txt',
      'expected  "help"',
      'actual    "hello"',
      'files /out/b.txt',
      'expected  a file',
      'actual    none left',
    ]);
    expect(() => readFileSync(join(tool.path, 'cases/results/a.txt'))).toThrow('ENOENT');
  });
});
