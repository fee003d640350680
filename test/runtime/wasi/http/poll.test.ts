import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../value/thrown-by.ts';
import { SECOND } from '../guest-side.ts';
import { FakePeer, type HttpView, handle, openHttp, requestOf, responseOf, type Script } from './fake-peer.ts';

const MS = 1_000_000n;

/** Opens a call whose requests to `/NAME` are answered by the script of that name. */
function open(scripts: Readonly<Record<string, Script>>, options = {}) {
  const peer = new FakePeer((url) => scripts[url.slice(url.lastIndexOf('/') + 1)] ?? {});
  const opened = openHttp(peer, { handlesMax: 32, ...options });
  const future = (name: string) =>
    handle(
      opened.guest,
      requestOf(opened.guest, (request) => request.setPathWithQuery(`/${name}`)),
    );
  return { peer, ...opened, future };
}

const pollOf = (guest: HttpView) => guest['wasi:io/poll'].poll;
const clockOf = (guest: HttpView) => guest['wasi:clocks/monotonic-clock'];

describe('pollables of http beside a fixed clock', () => {
  it('come first: the clock does not move', () => {
    const { peer, guest, future } = open({ soon: { afterMs: 20 } });
    const { now, subscribeDuration } = clockOf(guest);
    const before = now();
    const list = [subscribeDuration(5n * SECOND), future('soon').subscribe()];
    expect([...pollOf(guest)(list)]).toEqual([1]);
    expect(now()).toBe(before);
    expect(peer.waits).toEqual([5000]);
  });

  it('are waited for as long as the clock would sleep, and then it moves', () => {
    const { peer, guest, future } = open({ never: { afterMs: null } });
    const { now, subscribeDuration } = clockOf(guest);
    const before = now();
    const list = [future('never').subscribe(), subscribeDuration(2n * SECOND), subscribeDuration(1500n * MS + 1n)];
    expect([...pollOf(guest)(list)]).toEqual([2]);
    expect(now() - before).toBe(1500n * MS + 1n);
    expect(peer.waits).toEqual([1501]);
  });

  it('are asked about even where something else is always ready', () => {
    const { peer, guest, future } = open({ now: {}, late: { afterMs: 9 } });
    const always = guest['wasi:cli/stdin'].getStdin().subscribe();
    const late = future('late').subscribe();
    const now = future('now').subscribe();
    expect([...pollOf(guest)([late, always, now])]).toEqual([1, 2]);
    expect([...pollOf(guest)([always])]).toEqual([0]);
    expect(peer.waits).toEqual([0]);
  });

  it('tell which of several has come', () => {
    const { guest, peer, future } = open({ a: { afterMs: 30 }, b: { afterMs: 10 }, c: { afterMs: 10 } });
    const list = ['a', 'b', 'c'].map((name) => future(name).subscribe());
    expect([...pollOf(guest)(list)]).toEqual([1, 2]);
    expect(peer.waits).toEqual([undefined]);
  });

  it('of one exchange ask for it once', () => {
    const { guest, peer, future } = open({ a: { afterMs: 30 } });
    const one = future('a');
    expect([...pollOf(guest)([one.subscribe(), one.subscribe()])]).toEqual([0, 1]);
    expect(peer.crossings.filter((name) => name === 'http.wait')).toHaveLength(1);
  });

  it('alone and without an end to the wait, bring what they wait for in one crossing', () => {
    const { guest, peer, future } = open({ a: { body: [new Uint8Array(3)] } });
    const one = future('a');
    one.subscribe().block();
    const stream = responseOf(one).consume().stream();
    const readable = stream.subscribe();
    readable.block();
    expect(readable.ready()).toBe(true);
    expect(stream.read(9n)).toHaveLength(3);
    expect(peer.crossings).toEqual(['http.start', 'http.head', 'http.read']);
    expect([...pollOf(guest)([readable])]).toEqual([0]);
  });

  it('say whether they are ready without waiting', () => {
    const { peer, future } = open({ late: { afterMs: 1 }, now: {} });
    expect([future('late').subscribe().ready(), future('now').subscribe().ready()]).toEqual([false, true]);
    expect(peer.waits).toEqual([0, 0]);
  });

  it('are ready once nothing can come any more', () => {
    const { future } = open({ a: { headFailure: { code: 'DNS-timeout', message: 'no' } }, b: {} });
    const failed = future('a');
    failed.subscribe().block();
    expect(failed.subscribe().ready()).toBe(true);
    const gone = future('b');
    const pollable = gone.subscribe();
    (gone as unknown as Disposable)[Symbol.dispose]();
    expect(pollable.ready()).toBe(true);
  });

  it('do not spin on a trusted side that wakes them for nothing', () => {
    const peer = new FakePeer();
    const back: typeof peer.back = (name, args) => (name === 'http.wait' ? [] : peer.back(name, args));
    const { guest } = openHttp(peer, { back });
    const list = [handle(guest).subscribe(), handle(guest).subscribe()];
    expect(thrownBy(() => pollOf(guest)(list))).toMatchObject({ code: 'capability/failed' });
  });

  it('ignore indices that nobody asked for', () => {
    const peer = new FakePeer();
    const back: typeof peer.back = (name, args) => (name === 'http.wait' ? [7, 1] : peer.back(name, args));
    const { guest } = openHttp(peer, { back });
    const list = [handle(guest).subscribe(), handle(guest).subscribe()];
    expect([...pollOf(guest)(list)]).toEqual([1]);
  });
});

describe('pollables of http beside a real clock', () => {
  it('are waited for until the nearest deadline in real time', () => {
    let nowMs = 0;
    const source = { monotonicMs: () => nowMs, epochMs: () => 0, waitMs: () => expect.unreachable() };
    const peer = new FakePeer({ afterMs: null });
    const back: typeof peer.back = (name, args) => {
      const answer = peer.back(name, args);
      if (name === 'http.wait') nowMs += peer.waits.at(-1) ?? 0;
      return answer;
    };
    const { guest } = openHttp(peer, { back, clock: { kind: 'real', source } });
    const { now, subscribeDuration } = clockOf(guest);
    const before = now();
    const deadline = subscribeDuration(250n * MS);
    nowMs += 100;
    expect([...pollOf(guest)([handle(guest).subscribe(), deadline])]).toEqual([1]);
    expect(now() - before).toBe(250n * MS);
    expect(peer.waits).toEqual([150]);
  });
});
