import type { Method, OutgoingRequest } from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';
import { describe, expect, it } from 'vitest';
import { errorCodeOf } from '../../../../runtime/wasi/http/error-code.ts';
import { HTTP_SIGNATURES } from '../../../../runtime/wasi/http/signatures.ts';
import { thrownBy } from '../../value/thrown-by.ts';
import { drop, text, thrown, utf8 } from '../guest-side.ts';
import { FakePeer, handle, ioErrorOf, openHttp, readAll, requestOf, responseOf, type Script } from './fake-peer.ts';

const DENIED = { code: 'HTTP-request-denied', message: 'outside of the scope' };
const KIB = 1024;

function open(script: Script = {}, options = {}) {
  const peer = new FakePeer(script);
  return { peer, ...openHttp(peer, { handlesMax: 32, ...options }) };
}

describe('a request', () => {
  it('says what the guest set, with names in lower case', () => {
    const { peer, guest, types } = open();
    const headers = types.Fields.fromList([
      ['X-One', utf8('1')],
      ['accept', utf8('*/*')],
    ]);
    const request = new types.OutgoingRequest(headers);
    request.setMethod({ tag: 'other', val: 'PURGE' });
    request.setAuthority('peer.test:8080');
    request.setPathWithQuery('?q=%20');
    const options = new types.RequestOptions();
    options.setConnectTimeout(1n);
    options.setBetweenBytesTimeout(2n ** 64n - 1n);
    guest['wasi:http/outgoing-handler'].handle(request, options);
    expect(peer.seen[0]).toMatchObject({
      method: 'PURGE',
      url: 'https://peer.test:8080/?q=%20',
      headers: [
        ['x-one', '1'],
        ['accept', '*/*'],
      ],
      hasBody: false,
      timeoutsMs: [1, undefined, 0xffff_ffff],
    });
  });

  it('gives back what was set, and is a GET of nothing before', () => {
    const { guest, types } = open();
    const plain = new types.OutgoingRequest(new types.Fields());
    expect([plain.method(), plain.scheme(), plain.authority(), plain.pathWithQuery()]).toEqual([
      { tag: 'get' },
      undefined,
      undefined,
      undefined,
    ]);
    const request = requestOf(guest);
    expect([request.scheme(), request.authority(), request.pathWithQuery()]).toEqual([{ tag: 'HTTP' }, 'peer.test', '/path']);
    const options = new types.RequestOptions();
    options.setFirstByteTimeout(5n);
    expect([options.connectTimeout(), options.firstByteTimeout(), options.betweenBytesTimeout()]).toEqual([
      undefined,
      5n,
      undefined,
    ]);
  });

  it.each<[string, (request: OutgoingRequest) => void]>([
    ['method', (request) => request.setMethod({ tag: 'other', val: 'GET /x' })],
    ['method', (request) => request.setMethod({ tag: 'other', val: '' })],
    ['method', (request) => request.setMethod({ tag: 'other', val: 'A'.repeat(65) })],
    ['scheme', (request) => request.setScheme({ tag: 'other', val: 'a\nb' })],
    ['path', (request) => request.setPathWithQuery('/a b')],
    ['path', (request) => request.setPathWithQuery('/a\r\nhost: b')],
    ['path', (request) => request.setPathWithQuery('/a#b')],
    ['path', (request) => request.setPathWithQuery('@evil.test/')],
    ['path', (request) => request.setPathWithQuery('.evil.test/')],
    ['path', (request) => request.setPathWithQuery(`/${'a'.repeat(64 * KIB)}`)],
    ['authority', (request) => request.setAuthority('user@peer.test')],
    ['authority', (request) => request.setAuthority('peer.test/path')],
    ['authority', (request) => request.setAuthority('peer.test\\path')],
    ['authority', (request) => request.setAuthority('peer.test?a')],
    ['authority', (request) => request.setAuthority('peer.test:80:80')],
    ['authority', (request) => request.setAuthority('peer.test:99999')],
    ['authority', (request) => request.setAuthority('peer test')],
    ['authority', (request) => request.setAuthority('[::1')],
    ['authority', (request) => request.setAuthority('')],
  ])('does not take a %s that is none', (_part, set) => {
    const { guest } = open();
    const request = requestOf(guest);
    const before = [request.method(), request.scheme(), request.authority(), request.pathWithQuery()];
    expect(thrown(() => set(request))).toBeUndefined(); // the `err` of a `result` without a payload
    expect([request.method(), request.scheme(), request.authority(), request.pathWithQuery()]).toEqual(before);
  });

  it.each<[string, (request: OutgoingRequest) => void, string]>([
    ['without an authority', (request) => request.setAuthority(undefined), 'HTTP-request-URI-invalid'],
    ['of another scheme', (request) => request.setScheme({ tag: 'other', val: 'ftp' }), 'HTTP-protocol-error'],
  ])('NE-14: %s does not leave', (_what, change, tag) => {
    const { peer, guest, wasi } = open();
    expect(thrown(() => handle(guest, requestOf(guest, change)))).toEqual({ tag });
    expect([peer.crossings, wasi.handles()]).toEqual([[], 0]);
  });

  it('that is refused is an error of `handle`, and takes no handle with it', () => {
    const { peer, guest, wasi } = open({ refusal: DENIED });
    expect(thrown(() => handle(guest))).toEqual({ tag: 'HTTP-request-denied' });
    expect([peer.crossings, wasi.handles(), wasi.failure]).toEqual([['http.start'], 0, undefined]);
  });

  it('takes its headers and options away from the guest', () => {
    const { guest, types, wasi } = open();
    const request = requestOf(guest);
    expect(wasi.handles()).toBe(1);
    guest['wasi:http/outgoing-handler'].handle(request, new types.RequestOptions());
    expect(wasi.handles()).toBe(1); // the future
  });
});

describe('a response', () => {
  it('has its status, headers and body, each once', () => {
    const { peer, guest } = open({ status: 404, headers: [['x-one', '1']], body: [utf8('not '), utf8('found')] });
    const future = handle(guest);
    const response = responseOf(future);
    expect(future.get()).toEqual({ tag: 'err', val: undefined });
    expect(response.status()).toBe(404);
    expect(response.headers().get('X-One').map(text)).toEqual(['1']);
    const body = response.consume();
    expect(thrown(() => response.consume())).toBeUndefined();
    const stream = body.stream();
    expect(thrown(() => body.stream())).toBeUndefined();
    expect(readAll(stream)).toBe('not found');
    drop(stream);
    const trailers = (Object.getPrototypeOf(body).constructor as { finish(body: object): { get(): unknown } }).finish(body);
    expect(trailers.get()).toEqual({ tag: 'ok', val: { tag: 'ok', val: undefined } });
    expect(trailers.get()).toEqual({ tag: 'err', val: undefined });
    for (const handle of [future, response]) drop(handle);
    expect(peer.seen[0]?.ended).toBe(1);
  });

  it('is read ahead: small reads do not cross each time', () => {
    const big = new Uint8Array(2500 * KIB).fill(65);
    const { peer, guest } = open({ body: [big] });
    const stream = responseOf(handle(guest)).consume().stream();
    peer.crossings.length = 0;
    expect(readAll(stream, 4096n)).toHaveLength(2500 * KIB);
    expect(peer.crossings).toEqual(['http.read', 'http.read', 'http.read', 'http.read']); // two of nearly 1 MiB, the rest, the end
  });

  it('is read in pieces that a crossing may carry', () => {
    const peer = new FakePeer({ body: [new Uint8Array(10_000)] });
    const lengths: number[] = [];
    const back: typeof peer.back = (name, args) => {
      if (name === 'http.read') lengths.push(args[1] as number);
      return peer.back(name, args);
    };
    const { guest } = openHttp(peer, { back, hostCallBytesMax: 4096 });
    expect(readAll(responseOf(handle(guest)).consume().stream())).toHaveLength(10_000);
    expect(new Set(lengths)).toEqual(new Set([4032]));
  });

  it('reads nothing where nothing has come, and waits when it may', () => {
    const { peer, guest } = open({ afterMs: 50, body: [utf8('late')] });
    const future = handle(guest);
    expect(future.get()).toBeUndefined();
    future.subscribe().block();
    const stream = responseOf(future).consume().stream();
    expect(stream.read(9n)).toHaveLength(0);
    expect(peer.waits).toEqual([0, 0]);
    expect(text(stream.blockingRead(9n))).toBe('late');
    expect(stream.read(0n)).toHaveLength(0);
    expect(peer.waits).toEqual([0, 0]);
  });

  it('can be skipped and spliced', () => {
    const { guest, wasi } = open({ body: [utf8('skip'), utf8('splice')] });
    const stream = responseOf(handle(guest)).consume().stream();
    expect(stream.blockingSkip(99n)).toBe(4n);
    const out = guest['wasi:cli/stdout'].getStdout();
    expect(out.blockingSplice(stream, 99n)).toBe(6n);
    expect(text(wasi.stdout().bytes)).toBe('splice');
  });

  it.each<[string, (parts: ReturnType<typeof partsOf>) => void]>([
    ['future', ({ future }) => drop(future)],
    ['response', ({ future, response }) => [future, response()].forEach(drop)],
    [
      'body',
      ({ future, response }) => {
        const given = response();
        const body = given.consume();
        for (const handle of [future, given, body]) drop(handle);
      },
    ],
    [
      'stream',
      ({ future, response }) => {
        const given = response();
        const body = given.consume();
        const stream = body.stream();
        stream.blockingRead(1n);
        for (const handle of [stream, body, given, future]) drop(handle);
      },
    ],
    [
      'body before its stream',
      ({ future, response }) => {
        const given = response();
        const body = given.consume();
        const stream = body.stream();
        for (const handle of [future, given, body, stream]) drop(handle);
      },
    ],
  ])('whose %s is dropped is not fetched any further', (_what, act) => {
    const parts = partsOf({ body: [utf8('a'), utf8('b')] });
    act(parts);
    expect(parts.peer.seen[0]?.ended).toBe(1);
    expect([parts.wasi.handles(), parts.wasi.failure]).toEqual([0, undefined]);
  });

  it('keeps coming while a stream is there, though its body is gone', () => {
    const { peer, response } = partsOf({ body: [utf8('still')] });
    const body = response().consume();
    const stream = body.stream();
    drop(body);
    expect([readAll(stream), peer.seen[0]?.ended]).toEqual(['still', 0]);
  });

  it('traps when its body is finished before the stream', () => {
    const { types, response } = partsOf({ body: [utf8('a')] });
    const body = response().consume();
    body.stream();
    expect(thrownBy(() => types.IncomingBody.finish(body))).toMatchObject({
      code: 'trap/host-call',
      message: 'the guest finished a body before its stream',
    });
  });

  it('that breaks off is a failure whose code can be had', () => {
    const { guest, types } = open({ body: [utf8('half')], readFailure: { code: 'connection-terminated', message: 'gone' } });
    const body = responseOf(handle(guest)).consume();
    const stream = body.stream();
    expect(text(stream.blockingRead(99n))).toBe('half');
    const error = ioErrorOf(thrown(() => stream.blockingRead(99n)));
    expect(error.toDebugString()).toBe('connection-terminated: gone');
    expect(types.httpErrorCode(error)).toEqual({ tag: 'connection-terminated' });
    expect(guest['wasi:filesystem/types'].filesystemErrorCode(error)).toBeUndefined();
    expect(thrown(() => stream.blockingRead(99n))).toEqual({ tag: 'closed' });
    drop(stream);
    expect(types.IncomingBody.finish(body).get()).toEqual({
      tag: 'ok',
      val: { tag: 'err', val: { tag: 'connection-terminated' } },
    });
  });

  it('that does not come is an error of the future', () => {
    const { peer, guest } = open({ headFailure: { code: 'connection-refused', message: 'no' } });
    const future = handle(guest);
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'connection-refused' } } });
    expect(future.get()).toEqual({ tag: 'err', val: undefined });
    drop(future);
    expect(peer.seen[0]?.ended).toBe(1);
  });

  it('with more headers than are kept is an error of the future', () => {
    const { guest } = open({ headers: [['a', 'x'.repeat(128 * KIB)]] });
    expect(handle(guest).get()).toEqual({
      tag: 'ok',
      val: { tag: 'err', val: { tag: 'HTTP-response-header-section-size', val: undefined } },
    });
  });
});

function partsOf(script: Script) {
  const opened = open(script);
  const future = handle(opened.guest);
  return { ...opened, future, response: () => responseOf(future) };
}

describe('a body of a request', () => {
  function post(script: Script = {}, headers: [string, Uint8Array][] = [], method: Method = { tag: 'post' }) {
    const opened = open(script);
    const { types } = opened;
    const request = new types.OutgoingRequest(types.Fields.fromList(headers));
    request.setMethod(method);
    request.setAuthority('peer.test');
    const body = request.body();
    return { ...opened, request, body };
  }

  const declared = (length: number): [string, Uint8Array][] => [['Content-Length', utf8(String(length))]];

  it('can be had once, and its stream too', () => {
    const { request, body } = post();
    expect(thrown(() => request.body())).toBeUndefined();
    body.write();
    expect(thrown(() => body.write())).toBeUndefined();
  });

  it('that was finished empty before or after is none', () => {
    for (const early of [true, false]) {
      const { peer, guest, types, request, body } = post();
      if (early) types.OutgoingBody.finish(body, undefined);
      const future = handle(guest, request);
      if (!early) types.OutgoingBody.finish(body, undefined);
      responseOf(future);
      expect(peer.seen[0]).toMatchObject({ hasBody: false, sent: [] });
      expect(peer.crossings).not.toContain('http.send');
    }
  });

  it('leaves in pieces worth a crossing, whatever the guest flushes', () => {
    const { peer, guest, types, request, body } = post();
    const future = handle(guest, request);
    const stream = body.write();
    for (let at = 0; at < 160; at += 1) stream.blockingWriteAndFlush(new Uint8Array(4096).fill(65 + (at % 26)));
    expect(peer.seen[0]?.sent.map((bytes) => bytes.length)).toEqual([256 * KIB, 256 * KIB]);
    drop(stream);
    types.OutgoingBody.finish(body, undefined);
    expect(peer.seen[0]?.sent.map((bytes) => bytes.length)).toEqual([256 * KIB, 256 * KIB, 128 * KIB]);
    expect(peer.seen[0]).toMatchObject({ complete: true, hasBody: true });
    expect(peer.seen[0]?.body.slice(4095, 4097)).toBe('AB');
    responseOf(future);
  });

  it('leaves before the guest waits for the answer to it', () => {
    const { peer, guest, request, body } = post();
    const future = handle(guest, request);
    const stream = body.write();
    stream.blockingWriteAndFlush(utf8('ping'));
    expect(peer.seen).toEqual([]);
    future.subscribe().block();
    expect([peer.seen[0]?.body, peer.seen[0]?.complete]).toEqual(['ping', false]);
    stream.blockingWriteAndFlush(utf8('!'));
    stream.blockingFlush();
    expect(peer.seen[0]?.body).toBe('ping!');
  });

  it('leaves before the guest sleeps', () => {
    const { peer, guest, request, body } = post();
    handle(guest, request);
    body.write().blockingWriteAndFlush(utf8('tick'));
    guest['wasi:clocks/monotonic-clock'].subscribeDuration(1n).block();
    expect(peer.seen[0]).toMatchObject({ body: 'tick', complete: false });
  });

  it('can be written before the request is handed over, up to 1 MiB', () => {
    const { peer, guest, types, request, body } = post();
    const stream = body.write();
    let written = 0;
    for (let permit = stream.checkWrite(); permit > 0n; permit = stream.checkWrite()) {
      stream.write(new Uint8Array(Number(permit)));
      written += Number(permit);
    }
    expect(written).toBe(1024 * KIB);
    expect(stream.subscribe().ready()).toBe(false);
    const future = handle(guest, request);
    expect(stream.subscribe().ready()).toBe(true);
    expect(stream.checkWrite()).toBe(65_536n);
    drop(stream);
    types.OutgoingBody.finish(body, undefined);
    responseOf(future);
    expect(peer.seen[0]?.body.length).toBe(written);
  });

  it('that is full and not handed over would be waited for without end', () => {
    for (const wait of ['block', 'write'] as const) {
      const { body } = post();
      const stream = body.write();
      for (let at = 0; at < 256; at += 1) stream.blockingWriteAndFlush(new Uint8Array(4096));
      const act = wait === 'block' ? () => stream.subscribe().block() : () => stream.blockingWriteAndFlush(utf8('x'));
      expect(thrownBy(act)).toMatchObject({ code: 'trap/host-call' });
    }
  });

  it('as long as it says', () => {
    const { peer, guest, types, request, body } = post({}, declared(4));
    const stream = body.write();
    stream.blockingWriteAndFlush(utf8('four'));
    drop(stream);
    types.OutgoingBody.finish(body, undefined);
    responseOf(handle(guest, request));
    expect(peer.seen[0]).toMatchObject({ headers: [['content-length', '4']], body: 'four', complete: true });
  });

  it('shorter than it says fails when it is finished, and the request with it', () => {
    const { peer, guest, types, request, body } = post({}, declared(5));
    const future = handle(guest, request);
    const stream = body.write();
    stream.blockingWriteAndFlush(utf8('four'));
    stream.blockingFlush();
    drop(stream);
    expect(thrown(() => types.OutgoingBody.finish(body, undefined))).toEqual({ tag: 'HTTP-request-body-size', val: 4n });
    expect(peer.seen[0]).toMatchObject({ complete: false, ended: 1 });
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'HTTP-protocol-error' } } });
  });

  it('longer than it says fails when it is written', () => {
    const { peer, guest, types, request, body } = post({}, declared(3));
    const future = handle(guest, request);
    const stream = body.write();
    const error = ioErrorOf(thrown(() => stream.blockingWriteAndFlush(utf8('four'))));
    expect(types.httpErrorCode(error)).toEqual({ tag: 'HTTP-request-body-size', val: 4n });
    expect(thrown(() => stream.checkWrite())).toEqual({ tag: 'closed' });
    drop(stream);
    const size = { tag: 'HTTP-request-body-size', val: 4n };
    expect(thrown(() => types.OutgoingBody.finish(body, undefined))).toEqual(size);
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: size } });
    expect(peer.seen).toEqual([]);
  });

  it('longer than it says stops a request that has begun, and one that has not', () => {
    const size = { tag: 'HTTP-request-body-size', val: 4n };
    const begun = post({}, declared(3));
    const future = handle(begun.guest, begun.request);
    const stream = begun.body.write();
    stream.blockingWriteAndFlush(utf8('thr'));
    stream.blockingFlush();
    ioErrorOf(thrown(() => stream.blockingWriteAndFlush(utf8('e'))));
    expect(begun.peer.seen[0]).toMatchObject({ complete: false, ended: 1 });
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: size } });
    const early = post({}, declared(3));
    ioErrorOf(thrown(() => early.body.write().blockingWriteAndFlush(utf8('four'))));
    expect(thrown(() => handle(early.guest, early.request))).toEqual(size);
    expect(early.peer.seen).toEqual([]);
  });

  it('that is dropped unfinished is no request', () => {
    const { peer, guest, request, body } = post();
    const future = handle(guest, request);
    const stream = body.write();
    stream.blockingWriteAndFlush(utf8('half'));
    stream.blockingFlush();
    drop(stream);
    drop(body);
    expect(peer.seen[0]).toMatchObject({ complete: false, ended: 1 });
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'HTTP-protocol-error' } } });
  });

  it('that was dropped before the request is handed over stops it', () => {
    const { peer, guest, request, body } = post();
    drop(body);
    expect(thrown(() => handle(guest, request))).toEqual({ tag: 'HTTP-protocol-error' });
    expect(peer.seen).toEqual([]);
  });

  it.each(['finished', 'dropped'])('traps when it is %s before its stream', (how) => {
    const { wasi, types, body } = post();
    body.write();
    if (how === 'dropped') drop(body);
    else expect(thrownBy(() => types.OutgoingBody.finish(body, undefined)).code).toBe('trap/host-call');
    expect(wasi.failure).toMatchObject({ code: 'trap/host-call', message: 'the guest ended a body before its stream' });
    expect(thrownBy(() => new types.Fields()).code).toBe('trap/host-call'); // final
  });

  it('has no trailers: to lose them in silence would be worse', () => {
    for (const name of ['x-sum', undefined]) {
      const { guest, types, request, body, wasi } = post();
      const trailers = types.Fields.fromList(name === undefined ? [] : [[name, utf8('1')]]);
      handle(guest, request);
      const finish = () => types.OutgoingBody.finish(body, trailers);
      if (name === undefined) finish();
      else expect(thrown(finish)).toEqual({ tag: 'internal-error', val: 'trailers cannot be sent' });
      expect(wasi.handles()).toBe(1);
    }
  });

  it('that is not taken fails at the next write, and the response may still come', () => {
    const { guest, types, request, body } = post({ status: 413, sendFailure: { code: 'connection-terminated', message: 'no' } });
    const future = handle(guest, request);
    const stream = body.write();
    for (let at = 0; at < 64; at += 1) stream.blockingWriteAndFlush(new Uint8Array(4096));
    const error = ioErrorOf(thrown(() => stream.blockingWriteAndFlush(utf8('more'))));
    expect(types.httpErrorCode(error)).toEqual({ tag: 'connection-terminated' });
    drop(stream);
    types.OutgoingBody.finish(body, undefined);
    expect(responseOf(future).status()).toBe(413);
  });

  it('is refused where it is first sent, if nothing was known of it before', () => {
    const { guest, types, request, body } = post({ refusal: DENIED });
    const future = handle(guest, request);
    const stream = body.write();
    stream.blockingWriteAndFlush(utf8('x'));
    drop(stream);
    types.OutgoingBody.finish(body, undefined);
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'HTTP-request-denied' } } });
  });

  it('of a request that was refused meanwhile is not kept', () => {
    const { guest, types, request, body } = post({ refusal: DENIED }, declared(1024 * KIB));
    const future = handle(guest, request);
    const stream = body.write();
    for (let at = 0; at < 64; at += 1) stream.blockingWriteAndFlush(new Uint8Array(4096));
    const error = ioErrorOf(thrown(() => stream.checkWrite()));
    expect(types.httpErrorCode(error)).toEqual({ tag: 'HTTP-request-denied' });
    drop(stream);
    types.OutgoingBody.finish(body, undefined);
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'HTTP-request-denied' } } });
  });

  it('of a response that was dropped goes nowhere', () => {
    const { peer, guest, types, request, body } = post();
    const future = handle(guest, request);
    const stream = body.write();
    drop(future);
    expect(thrown(() => stream.blockingWriteAndFlush(utf8('x')))).toEqual({ tag: 'closed' });
    drop(stream);
    types.OutgoingBody.finish(body, undefined);
    expect(peer.seen).toEqual([]);
  });
});

describe('failures', () => {
  const variant = /variant \{ (.*) \}>$/.exec(HTTP_SIGNATURES['wasi:http/types']!['http-error-code']!)![1]!;
  const names = variant.replace(/\((?:[^()]|\([^()]*\))*\)/g, '').split(', ');

  it.each(names)('are named by WIT: %s', (code) => {
    const error = errorCodeOf({ code, message: 'why' });
    expect(error.tag).toBe(code);
    const hasPayload = variant.includes(`${code}(`);
    expect('val' in error).toBe(hasPayload);
  });

  it('of no such name are internal', () => {
    for (const code of ['constructor', 'http-request-denied', '__proto__', ''])
      expect(errorCodeOf({ code, message: 'why' })).toEqual({ tag: 'internal-error', val: `${code}: why` });
  });
});

describe('types that only servers use', () => {
  it('are there', () => {
    const { types } = open();
    const response = new types.OutgoingResponse(new types.Fields());
    expect(response.statusCode()).toBe(200);
    response.setStatusCode(418);
    expect(response.statusCode()).toBe(418);
    expect(thrown(() => response.setStatusCode(42))).toBeUndefined();
    expect(response.headers().entries()).toEqual([]);
    response.body();
    expect(thrown(() => response.body())).toBeUndefined();
  });
});

describe('the trusted side', () => {
  it('is final when it throws, from a drop as well', () => {
    const peer = new FakePeer();
    const broken = Object.assign(new Error('broken'), {});
    const { guest, wasi } = openHttp(peer, {
      back: (name, args) => {
        if (name === 'http.end') throw broken;
        return peer.back(name, args);
      },
    });
    drop(handle(guest));
    expect(wasi.failure).toMatchObject({ code: 'internal/invariant', cause: broken });
  });

  it('is not there unless asked for', () => {
    const { guest } = openHttp(new FakePeer(), { http: false });
    expect(Object.keys(guest).filter((name) => name.includes('http'))).toEqual([]);
  });
});
