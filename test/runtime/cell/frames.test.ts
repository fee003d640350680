import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeFrame,
  encodeCall,
  encodeHostAnswer,
  encodeHostCall,
  encodeResult,
  type ResultFrame,
} from '../../../runtime/cell/frames.ts';

const bytes = fc.uint8Array({ maxLength: 50 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const RESULT: ResultFrame = {
  callId: 7,
  kind: 'limited',
  fuel: 2n ** 62n,
  memoryBytesPeak: 2 ** 40,
  hostCalls: 3,
  phases: { instantiateMs: 0.5, lowerMs: 1, guestMs: 2, liftMs: 4 },
  stdout: new Uint8Array([1, 2]),
  stdoutTruncated: false,
  stderr: new Uint8Array(0),
  stderrTruncated: true,
  value: new Uint8Array([9]),
  error: { code: 'limit/fuel', message: 'm', data: { used: '1' } },
  log: [{ level: 'info', message: 'hello' }],
  logDropped: 12,
};

describe('frames', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(u32, u32, fc.uint8Array({ minLength: 16, maxLength: 16 }), bytes, (callId, planId, seed, params) => {
        const fuel = (BigInt(planId) << 30n) + BigInt(callId);
        const call = { callId, planId, seed, fuelMax: fuel, params };
        expect(decodeFrame(encodeCall(call))).toEqual({ type: 'call', ...call });
        const question = { callId, functionIndex: planId, fuelLeft: fuel, args: params };
        expect(decodeFrame(encodeHostCall(question))).toEqual({ type: 'hostCall', ...question });
        const answer = { callId, charge: fuel, value: params };
        expect(decodeFrame(encodeHostAnswer(answer))).toEqual({ type: 'hostAnswer', ...answer });
      }),
    );
    expect(decodeFrame(encodeResult(RESULT))).toEqual({ type: 'result', ...RESULT });
    const { error: _error, ...good } = RESULT;
    expect(decodeFrame(encodeResult({ ...good, log: [] }))).toEqual({ type: 'result', ...good, log: [] });
  });

  it('are refused when cut at any byte, with a byte too many, or of an unknown type', () => {
    for (const frame of [encodeResult(RESULT), encodeHostAnswer({ callId: 1, charge: 7n, value: new Uint8Array(3) })]) {
      for (let length = 0; length < frame.length; length += 1) {
        expect(() => decodeFrame(frame.subarray(0, length))).toThrow(expect.objectContaining({ code: 'internal/invariant' }));
      }
      expect(() => decodeFrame(new Uint8Array([...frame, 0]))).toThrow(expect.objectContaining({ code: 'internal/invariant' }));
    }
    for (const type of [0, 5, 255])
      expect(() => decodeFrame(new Uint8Array([type, 0, 0, 0, 0, 0, 0, 0, 0]))).toThrow(/unknown type/);
  });

  it('are refused when a length says more than there is', () => {
    const frame = encodeResult(RESULT);
    const view = new DataView(frame.buffer);
    const stdoutLength = 5 + 1 + 8 + 8 + 4 + 32 + 1 + 4;
    expect(view.getUint32(stdoutLength, true)).toBe(2);
    view.setUint32(stdoutLength, 0xffff_ffff, true);
    expect(() => decodeFrame(frame)).toThrow(/ends too early/);
  });
});
