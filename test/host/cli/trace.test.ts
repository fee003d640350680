import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TracedCall } from '../../../dist/host/call-trace.js';
import { type RunOptions, runCommand } from '../../../dist/host/cli/run.js';
import { traceLines } from '../../../host/cli/trace-text.ts';
import { hostFilesGuest } from '../../support/file-guests.ts';
import { importingGuest, loggingGuest, wasiGuest } from '../../support/guests.ts';
import { fetchTool, sendTool } from '../../support/http-guests.ts';

/* `cellblock run --trace`: each host call of real guests, with its decision. */

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-trace-'));
  const guests = {
    send: sendTool,
    fetch: fetchTool,
    files: hostFilesGuest,
    wasi: wasiGuest,
    logging: loggingGuest,
    importing: importingGuest,
  };
  for (const [name, make] of Object.entries(guests)) writeFileSync(join(folder, `${name}.wasm`), await make());
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'in/a.txt'), 'hello');
});

afterAll(() => rmSync(folder, { recursive: true }));

function run(tool: string, name: string, params: object, options: Partial<RunOptions> = {}, onCall?: (call: TracedCall) => void) {
  const path = tool.endsWith('.wasm') ? tool : join(folder, `${tool}.wasm`);
  const base = { params: JSON.stringify(params), grant: [], bindings: 'auto', costModel: 'region', trace: true };
  return runCommand(path, name, { ...base, ...options }, onCall);
}

/** What was asked and how it was decided, without times and fuel. */
function decisions(calls: readonly TracedCall[] = []): string[] {
  return calls.map(({ function: name, args, decision, by, why, answer }) =>
    [`${name}(${args})`, decision, by, why, answer].filter((part) => part !== undefined).join(' | '),
  );
}

const http = (methods: string) =>
  `http={"requests": [{"methods": ["PUT"], "url": "https://a.example/"}, {"methods": ["${methods}"], "url": "http://127.0.0.1:9/", "addresses": ["127.0.0.1"]}]}`;
const request = (headers: object[], body: string) => ({
  request: { method: 'POST', url: 'http://127.0.0.1:9/x', headers, body: Buffer.from(body).toString('base64') },
});

describe('a trace', () => {
  it('shows what was asked, which rule of which grant allowed it, what came back and the fuel so far, as it happens', async () => {
    const heard: TracedCall[] = [];
    const { kind, trace } = await run('send', 'do-send', request([], 'hi'), { grant: [http('POST')] }, (call) =>
      heard.push(call),
    );
    expect(kind).toBe('tool-error');
    expect(heard).toEqual(trace);
    expect(decisions(trace)).toEqual([
      'cellblock:host/http@0.1.0#send(request: {"method":"POST","url":"http://127.0.0.1:9/x","headers":[],"body":"hi"}) | allowed | http, requests[1] | {"err":{"tag":"unreachable","value":"the connection was refused"}}',
    ]);
    expect(trace![0]).toMatchObject({
      number: 1,
      fuelUsed: expect.stringMatching(/^[1-9]\d*$/),
      milliseconds: expect.any(Number),
    });
  });

  it('shows why a call was refused by its scope', async () => {
    const { trace } = await run('send', 'do-send', request([], 'hi'), { grant: [http('GET')] });
    expect(decisions(trace)[0]).toContain('| refused | denied: `methods` of `http://127.0.0.1:9/` do not have `POST` |');
  });

  it('hides what looks like a secret, in headers and in bodies', async () => {
    const secret = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
    const headers = [{ name: 'authorization', value: `Bearer ${secret}` }];
    const { trace } = await run('send', 'do-send', request(headers, `token=${secret}`), { grant: [http('POST')] });
    const text = JSON.stringify(trace);
    expect(text).toContain('hmac-sha256:');
    expect(text).not.toContain(secret.slice(4, 20));
  });

  it('shows what files and `wasi:http` ask of the trusted side, and the closed WASI itself', async () => {
    const grant = [`files={"mounts": {"/in": {"from": ${JSON.stringify(join(folder, 'in'))}}}}`];
    const read = await run('files', 'do-read', { path: '/in/a.txt', offset: 0, length: 10 }, { grant });
    expect(read.kind).toBe('ok');
    expect(decisions(read.trace).map((line) => line.replace(/"modified":"\d+"/, '"modified":0'))).toEqual([
      'files.list(from: 0) | allowed | files | {"ok":[{"mount":0,"path":"a.txt","is-directory":false,"size":5,"modified":0}]}',
      'files.list(from: 1) | allowed | files | {"ok":[]}',
      'files.read(mount: 0, path: "a.txt", offset: 0, length: 5) | allowed | files | {"ok":"hello"}',
      'cellblock:host/files@0.1.0#read("/in/a.txt", 0, 10) | allowed | files | "hello"',
      'files.commit() | allowed | files | {"ok":null}',
    ]);
    const fetched = await run('fetch', 'get', { authority: '127.0.0.1:9', path: '/x' }, { grant: [http('GET')] });
    const lines = decisions(fetched.trace);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^http\.start\(method: "GET", url: "http:\/\/127\.0\.0\.1:9\/x", .*\| allowed \| http, requests\[1\] \| \{"ok":1\}$/,
      ),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^wasi:http\/outgoing-handler@0\.2\.3#handle\(OutgoingRequest, .*\| allowed \| http \| \w+/),
    );
  });

  it('says of WASI what is closed to everybody and what a grant opened', async () => {
    const closed = await run('wasi', 'flood', { times: 1 });
    expect(decisions(closed.trace)).toEqual([
      'wasi:cli/stdout@0.2.0#get-stdout() | closed | OutputStream',
      expect.stringMatching(
        /^wasi:io\/streams@0\.2\.0#\[method\]output-stream\.blocking-write-and-flush\(OutputStream, "x{200}"… 4096 bytes\) \| closed$/,
      ),
    ]);
    expect(decisions((await run('wasi', 'random', {})).trace)).toEqual([
      expect.stringMatching(/^wasi:random\/random@0\.2\.0#get-random-u64\(\) \| closed \| \d+$/),
    ]);
    expect(decisions((await run('wasi', 'random', {}, { grant: ['random'] })).trace)).toEqual([
      expect.stringMatching(/^wasi:random\/random@0\.2\.0#get-random-u64\(\) \| allowed \| random \| \d+$/),
    ]);
  });

  it('changes nothing of the call', async () => {
    for (const [tool, name, params] of [
      ['wasi', 'random', {}],
      ['wasi', 'flood', { times: 3 }],
      ['wasi', 'quit', { status: 1 }],
    ] as const) {
      const traced = await run(tool, name, params);
      const plain = await run(tool, name, params, { trace: false });
      expect(plain.trace).toBeUndefined();
      const { fuel, hostCalls, memoryBytesPeak } = plain.receipt;
      expect(traced).toMatchObject({ kind: plain.kind, receipt: { fuel, hostCalls, memoryBytesPeak } });
      expect(traced.value).toEqual(plain.value);
    }
  });

  it('keeps 10,000 calls and counts the rest', async () => {
    const { trace, traceDropped } = await run('logging', 'flood', { times: 10_003, length: 1 }, { grant: ['log'] });
    expect(trace).toHaveLength(10_000);
    expect(traceDropped).toBe(3);
  });

  it('of a call that is refused before it runs is empty', async () => {
    expect(await run('importing', 'twice', { x: 1 })).toMatchObject({ kind: 'refused', trace: [] });
  });

  it('of a real tool reads as lines for people', async () => {
    const lines: string[] = [];
    const params = { text: 'a@example.com', options: { custom: [] } };
    const outcome = await run('tools/redact/redact.wasm', 'redact', params, { grant: ['log'] }, (call) =>
      lines.push(...traceLines(call)),
    );
    expect(outcome.kind).toBe('ok');
    expect(lines.map((line) => line.replace(/\(\d+\.\d{3} ms, [\d,]+ fuel used\)/, '(… ms, … fuel used)'))).toEqual([
      '#1 cellblock:host/log@0.1.0#write(level: "info", message: "redacted 1 findings: 1 email")',
      '   allowed by log  (… ms, … fuel used)',
    ]);
  });
});
