import { describe, expect, it } from 'vitest';
import { CallContext } from '../../../runtime/cell/call-context.ts';

const contextWith = (fuelMax: bigint): CallContext =>
  new CallContext(
    () => new AbortController().signal,
    () => undefined,
    'a1',
    1024,
    fuelMax,
  );

/** One host call: what the worker says is left, and what is charged for it. @returns what the host function was told. */
function serve(context: CallContext, told: bigint, charge = 0n): bigint {
  context.fuelLeft = told;
  const { fuelLeft } = context;
  context.charge(charge);
  context.takeCharge();
  return fuelLeft;
}

describe('fuel that a worker says is left', () => {
  it('is believed as long as it gets less', () => {
    const context = contextWith(1000n);
    expect([serve(context, 900n, 100n), serve(context, 700n), serve(context, 0n)]).toEqual([900n, 700n, 0n]);
  });

  it('RE-02: is never more than the call began with, nor than it could have after what it paid', () => {
    const context = contextWith(1000n);
    expect(serve(context, 2n ** 63n, 400n)).toBe(1000n);
    expect(serve(context, 2n ** 63n, 400n)).toBe(600n);
    expect(serve(context, 500n)).toBe(200n);
    expect(serve(context, 150n)).toBe(150n);
    expect(serve(context, 1000n, 2n ** 62n)).toBe(150n);
    expect(serve(context, 1000n)).toBe(0n);
  });
});
