import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drop, text, utf8 } from '../guest-side.ts';
import { FakePeer, handle, openHttp, requestOf, responseOf } from './fake-peer.ts';

/* However a body is cut on either side, its bytes arrive, in their order and once. */

const letters = (length: number, from: number) =>
  Array.from({ length }, (_, at) => String.fromCharCode(97 + ((from + at) % 26))).join('');

/** Pieces of a text whose letters go on from one to the next. */
const pieces = (lengthMax: number) =>
  fc.array(fc.integer({ min: 1, max: lengthMax }), { maxLength: 12 }).map((lengths) => {
    let at = 0;
    return lengths.map((length) => {
      const piece = letters(length, at);
      at += length;
      return piece;
    });
  });

type Way = 'read' | 'blockingRead' | 'poll' | 'splice';
const ways = fc.array(
  fc.tuple(fc.constantFrom<Way[]>('read', 'blockingRead', 'poll', 'splice'), fc.integer({ min: 0, max: 70_000 })),
  {
    minLength: 1,
    maxLength: 8,
  },
);

describe('a body', () => {
  it('is read as it was sent, whatever is asked for', () => {
    fc.assert(
      fc.property(
        pieces(9000),
        ways,
        fc.integer({ min: 100, max: 20_000 }),
        fc.boolean(),
        (sent, list, hostCallBytesMax, late) => {
          const peer = new FakePeer({ body: sent.map(utf8), ...(late ? { afterMs: 5 } : {}) });
          const { wasi, guest } = openHttp(peer, { hostCallBytesMax, handlesMax: 64, stdoutBytesMax: 1 << 20 });
          const future = handle(guest);
          future.subscribe().block();
          const stream = responseOf(future).consume().stream();
          const out = guest['wasi:cli/stdout'].getStdout();
          try {
            for (let turn = 0; turn < 100_000; turn += 1) {
              const [way, length] = list[turn % list.length]!;
              if (way === 'poll') {
                const pollable = stream.subscribe();
                pollable.block();
                drop(pollable);
              } else if (way === 'splice') out.splice(stream, BigInt(length));
              else out.write(stream[way](BigInt(Math.min(length, Number(out.checkWrite())))));
              if (turn % 10 === 9) out.write(stream.blockingRead(out.checkWrite())); // so that it ends
            }
          } catch (thrown) {
            expect(thrown).toEqual({ tag: 'closed' });
          }
          expect(text(wasi.stdout().bytes)).toBe(sent.join(''));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is sent as it was written, whenever the request is handed over', () => {
    fc.assert(
      fc.property(
        pieces(4096),
        fc.nat(12),
        fc.integer({ min: 100, max: 100_000 }),
        fc.boolean(),
        (written, handOver, hostCallBytesMax, flushes) => {
          const peer = new FakePeer();
          const { guest, types, wasi } = openHttp(peer, { hostCallBytesMax });
          const request = requestOf(guest);
          const body = request.body();
          const stream = body.write();
          let future: ReturnType<typeof handle> | undefined;
          written.forEach((piece, at) => {
            if (at === handOver) future = handle(guest, request);
            stream.blockingWriteAndFlush(utf8(piece));
            if (flushes) stream.blockingFlush();
          });
          drop(stream);
          types.OutgoingBody.finish(body, undefined);
          future ??= handle(guest, request);
          responseOf(future);
          const all = written.join('');
          expect(peer.seen[0]).toMatchObject({ body: all, hasBody: all !== '', complete: all !== '' });
          expect(peer.seen[0]?.sent.every((bytes) => bytes.length <= Math.max(1, hostCallBytesMax - 64))).toBe(true);
          expect(wasi.failure).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });
});
