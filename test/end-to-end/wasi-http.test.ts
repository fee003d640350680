import { type BackName, type Capability, type HostFunction, Runtime, type WitValue } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { HTTP_SIGNATURES } from '../../runtime/wasi/http/signatures.ts';
import { text, utf8 } from '../runtime/wasi/guest-side.ts';
import { FakePeer, type Script } from '../runtime/wasi/http/fake-peer.ts';
import { ISOLATIONS, useCells } from '../support/cells.ts';
import { fetchTool } from '../support/http-guests.ts';

/* A component that fetches over `wasi:http`, from its world to a peer on the trusted side and back. */

const INTERFACES = ['wasi:http/types', 'wasi:http/outgoing-handler'];

/** A capability whose far end is a peer; only `/allowed` is in its scope. */
function httpOver(script: Script): { readonly peer: FakePeer; readonly capability: Capability } {
  const denied = { code: 'HTTP-request-denied', message: 'only `/allowed` is granted' };
  const peer = new FakePeer((url) => (url === 'http://peer.test/allowed' ? script : { refusal: denied }));
  const names: BackName[] = ['http.start', 'http.send', 'http.wait', 'http.head', 'http.read', 'http.end'];
  const serve =
    (name: BackName): HostFunction =>
    async (args: readonly WitValue[]) =>
      peer.back(name, args);
  const back = Object.fromEntries(names.map((name) => [name, serve(name)]));
  return { peer, capability: { kind: 'wasi', name: 'http', setup: { http: true }, interfaces: INTERFACES, back } };
}

/** Where a case of `error-code` stands. */
function numberOf(code: string): number {
  const cases = /variant \{ (.*) \}>$/.exec(HTTP_SIGNATURES['wasi:http/types']!['http-error-code']!)![1]!;
  return cases
    .replace(/\((?:[^()]|\([^()]*\))*\)/g, '')
    .split(', ')
    .indexOf(code);
}

describe.each(ISOLATIONS)('a component that fetches over wasi:http, in a cell behind the wall `%s`', (isolation) => {
  const cells = useCells(isolation);

  it('gets what its scope allows', async () => {
    const { peer, capability } = httpOver({ body: [utf8('hello '), utf8('there')] });
    const outcome = await cells.run(await fetchTool(), 'get', ['peer.test', '/allowed'], { capabilities: [capability] });
    expect(outcome.kind === 'ok' && text(outcome.value as Uint8Array)).toBe('hello there');
    expect(peer.seen).toMatchObject([{ method: 'GET', hasBody: false }]);
  });

  it('is told by an `error-code` what it does not', async () => {
    const { peer, capability } = httpOver({});
    for (const params of [
      ['peer.test', '/allowed/more'],
      ['evil.test', '/allowed'],
      ['peer.test:81', '/allowed'],
    ]) {
      const outcome = await cells.run(await fetchTool(), 'get', params, { capabilities: [capability] });
      expect(outcome).toMatchObject({ kind: 'tool-error', value: 1000 + numberOf('HTTP-request-denied') });
    }
    expect(peer.seen).toEqual([]);
  });

  it('reads 4 KiB at a time and crosses for 1 MiB', async () => {
    const { peer, capability } = httpOver({ body: [new Uint8Array(2500 * 1024).fill(7)] });
    const outcome = await cells.run(await fetchTool(), 'get', ['peer.test', '/allowed'], { capabilities: [capability] });
    expect(outcome.kind === 'ok' && (outcome.value as Uint8Array).length).toBe(2500 * 1024);
    expect(peer.crossings.filter((name) => name === 'http.read')).toHaveLength(4);
  });

  it('sends a body', async () => {
    const { peer, capability } = httpOver({ body: [utf8('thanks')] });
    const params = ['peer.test', '/allowed', 'a body'];
    const outcome = await cells.run(await fetchTool(), 'post', params, { capabilities: [capability] });
    expect(outcome.kind).toBe('ok');
    expect(peer.seen[0]).toMatchObject({ method: 'POST', hasBody: true, body: 'a body', complete: true });
  });

  it('lets go of a response that it does not read', async () => {
    const { peer, capability } = httpOver({ status: 503, body: [new Uint8Array(9)] });
    const outcome = await cells.run(await fetchTool(), 'drop', ['peer.test', '/allowed'], { capabilities: [capability] });
    expect(outcome).toMatchObject({ kind: 'ok', value: 503 });
    expect(peer.crossings).toEqual(['http.start', 'http.head', 'http.end']);
  });

  it('hears of a peer that does not answer', async () => {
    const { capability } = httpOver({ headFailure: { code: 'connection-refused', message: 'no' } });
    const outcome = await cells.run(await fetchTool(), 'get', ['peer.test', '/allowed'], { capabilities: [capability] });
    expect(outcome).toMatchObject({ kind: 'tool-error', value: 2000 + numberOf('connection-refused') });
  });

  it('does the same with the same answers, to the unit of fuel', async () => {
    const fuel = new Set<bigint>();
    for (let round = 0; round < 3; round += 1) {
      const { capability } = httpOver({ body: [utf8('same')] });
      const outcome = await cells.run(await fetchTool(), 'get', ['peer.test', '/allowed'], { capabilities: [capability] });
      fuel.add(outcome.usage.fuel);
    }
    expect(fuel.size).toBe(1);
  });
});

describe('wasi:http without a grant', () => {
  const cells = useCells();

  it('WA-01: is refused by name before anything runs', async () => {
    const run = cells.run(await fetchTool(), 'get', ['peer.test', '/allowed']);
    await expect(run).rejects.toMatchObject({
      code: 'denied/no-grant',
      data: { missing: [{ import: 'wasi:http/types@0.2.3' }, { import: 'wasi:http/outgoing-handler@0.2.3' }] },
    });
  });

  it('WA-01: is not opened by a capability that opens another interface', async () => {
    const { capability } = httpOver({});
    const half = { ...capability, interfaces: ['wasi:http/types'] } as Capability;
    const run = cells.run(await fetchTool(), 'get', ['peer.test', '/allowed'], { capabilities: [half] });
    await expect(run).rejects.toMatchObject({ data: { missing: [{ import: 'wasi:http/outgoing-handler@0.2.3' }] } });
  });

  it('does not serve a component that declares the types otherwise', async () => {
    const { capability } = httpOver({});
    const tool = await fetchTool('u32');
    const run = cells.run(tool, 'get', ['peer.test', '/allowed'], { capabilities: [capability] });
    await expect(run).rejects.toMatchObject({ code: 'component/unsupported' });
  });
});

describe('wasi:http through the glue of jco', () => {
  it('gives the same answers', async () => {
    const runtime = new Runtime({ bindings: 'jco', cacheDirectory: false, threads: 1 });
    try {
      const { peer, capability } = httpOver({ body: [utf8('the same')] });
      const component = await runtime.load(await fetchTool());
      const call = await runtime.prepare(component, { function: 'post', capabilities: [capability] });
      const outcome = await runtime.invoke(call, ['peer.test', '/allowed', 'a body']);
      expect(outcome.kind === 'ok' && text(outcome.value as Uint8Array)).toBe('the same');
      expect(peer.seen[0]).toMatchObject({ body: 'a body', complete: true });
      const refused = await runtime.invoke(call, ['peer.test', '/other', 'a body']);
      expect(refused).toMatchObject({ kind: 'tool-error', value: 2000 + numberOf('HTTP-request-denied') });
    } finally {
      await runtime.close();
    }
  });
});
