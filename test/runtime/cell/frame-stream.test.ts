import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameSplitter, openStreamPort } from '../../../runtime/cell/frame-stream.ts';
import { FRAME_BYTES_MAX } from '../../../runtime/cell/port.ts';

/** Frames as they cross a socket: each with its length in front. */
function joined(frames: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(frame.length);
      return [head, frame];
    }),
  );
}

describe('frames over a stream', () => {
  it('come out as they went in, in whatever pieces they arrive', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 200 })), (sent, cuts) => {
        const bytes = joined(sent);
        const got: number[][] = [];
        const splitter = new FrameSplitter();
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          splitter.push(bytes.slice(at, at + cut), (frame) => got.push([...frame]));
          at += cut;
        }
        expect(got).toEqual(sent.map((frame) => [...frame]));
      }),
    );
  });

  it('end at a length past the limit, before any of it is there', () => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(FRAME_BYTES_MAX + 1);
    expect(() => new FrameSplitter().push(head, () => undefined)).toThrow('passes the limit');
  });

  it('tell once that the other side is gone or speaks nonsense, and then nothing more', async () => {
    for (const spoil of [
      (stream: PassThrough) => stream.destroy(),
      (stream: PassThrough) => void stream.write(Buffer.alloc(4, 255)),
    ]) {
      const stream = new PassThrough();
      const ends: string[] = [];
      const port = openStreamPort(stream, { onEnd: ({ code }) => ends.push(code) });
      port.onFrame(() => ends.push('a frame'));
      spoil(stream);
      await new Promise((resolve) => setTimeout(resolve, 20));
      port.send(Uint8Array.of(1));
      expect(ends).toHaveLength(1);
    }
  });
});
