import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { POLICY, useMcpPlace } from '../support/mcp.ts';
import { expectWholeTrail, recordsOf } from '../support/wardens.ts';

/* What no honest client sends, line by line, to a server in a process of its own, and how that process ends. */

const CHILD = fileURLToPath(new URL('../support/mcp-child.mjs', import.meta.url));
const place = useMcpPlace();
const children: ChildProcessByStdio<Writable, Readable, null>[] = [];
let site: string;

beforeAll(() => {
  site = place.site(POLICY);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Message {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

const INITIALIZE =
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}';
const call = (id: number, name: string, args: string) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`;

function start() {
  const setting = JSON.stringify({ site, cacheDirectory: place.cacheDirectory, agent: 'triage' });
  const child = spawn(process.execPath, [CHILD, setting], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value as string) as Message; // a line, as long as the process writes
  const say = (line: string) => void child.stdin.write(`${line}\n`);
  const exit = once(child, 'exit');
  return { child, next, say, exit };
}

describe('a server over stdio', () => {
  it('hands on a 64-bit number digit by digit, and refuses a key that comes twice', async () => {
    const { next, say } = start();
    say(INITIALIZE);
    expect(await next()).toMatchObject({ id: 0, result: { protocolVersion: '2025-06-18', serverInfo: { name: 'cellblock' } } });
    say(call(1, 'surface_exact', '{"n":9223372036854775808}'));
    expect(await next()).toMatchObject({ id: 1, result: { structuredContent: { value: '9223372036854775808' } } });
    const before = recordsOf(site).length;
    say(call(2, 'plain_echo', '{"text":"safe","text":"other"}'));
    expect(await next()).toMatchObject({ id: null, error: { code: -32700 } });
    expect(recordsOf(site)).toHaveLength(before);
    say(call(3, 'plain_echo', '{"text":"still here"}'));
    expect(await next()).toMatchObject({ id: 3, result: { structuredContent: { value: 'still here' } } });
  });

  it('writes reports of progress before the result, and none without a token', async () => {
    const { next, say } = start();
    say(INITIALIZE);
    await next();
    say(call(1, 'surface_watched', '{"done":3},"_meta":{"progressToken":"t"}'));
    const params = { progressToken: 't', progress: 3, total: 3, message: 'step' };
    expect(await next()).toEqual({ jsonrpc: '2.0', method: 'notifications/progress', params });
    expect(await next()).toMatchObject({ id: 1, result: { structuredContent: { value: 3 } } });
    say(call(2, 'surface_watched', '{"done":3}'));
    expect(await next()).toMatchObject({ id: 2 });
  });

  it('answers what came before the end of its input, and ends in peace', async () => {
    const { child, next, exit } = start();
    child.stdin.end(`${INITIALIZE}\n${call(1, 'plain_echo', '{"text":"last"}')}\n`);
    expect(await next()).toMatchObject({ id: 0 });
    expect(await next()).toMatchObject({ id: 1, result: { structuredContent: { value: 'last' } } });
    expect(await exit).toEqual([0, null]);
  });

  it('cancels what runs for ever when its input has ended, writes that down, and ends', async () => {
    const { child, next, say, exit } = start();
    say(INITIALIZE);
    await next();
    say(call(1, 'plain_spin', '{}'));
    const spin = () => recordsOf(site).findLast(({ kind, tool }) => kind === 'requested' && tool === 'plain.spin')?.audit;
    await expect.poll(spin, { interval: 5, timeout: 10_000 }).toBeDefined();
    await expect
      .poll(() => recordsOf(site).some(({ kind, audit }) => kind === 'intent' && audit === spin()), { interval: 5 })
      .toBe(true);
    child.stdin.end();
    expect(await exit).toEqual([0, null]);
    expect(recordsOf(site).find(({ kind, audit }) => kind === 'outcome' && audit === spin())).toMatchObject({
      outcome: 'cancelled',
    });
    await expectWholeTrail(site);
  });

  it('ends, too, when nobody reads its answers any more', async () => {
    const { child, say, exit } = start();
    say(INITIALIZE);
    await once(child.stdout, 'readable');
    child.stdout.destroy();
    say(call(1, 'plain_echo', '{"text":"x"}'));
    say(call(2, 'plain_echo', '{"text":"x"}'));
    expect(await exit).toEqual([0, null]);
  });
});
