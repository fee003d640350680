import type { Step } from './steps.ts';

/** What `throw` throws. */
export class Exception extends Error {
  readonly tag: number;
  readonly payload: readonly number[];
  constructor(tag: number, payload: readonly number[]) {
    super('exception');
    this.tag = tag;
    this.payload = payload;
  }
}

/** An open block. */
export interface Label {
  readonly at: number;
  readonly step: Step;
  /** Values below the block, and those that a branch to it carries. */
  readonly height: number;
  readonly arity: number;
  /** In a handler: what it caught. */
  readonly caught?: Exception;
}

/** One function being run. */
export interface Frame {
  readonly steps: readonly Step[];
  readonly locals: number[];
  readonly stack: number[];
  readonly labels: Label[];
  at: number;
  /** Set when it ends: its result, or by which function a tail call goes on. */
  result?: number;
  next?: number;
}

export function pop(frame: Frame): number {
  return frame.stack.pop() ?? Number.NaN;
}

/** Instructions that give one value and depend on the frame alone. */
export const COMPUTE: Readonly<Record<string, (frame: Frame, immediate: number) => number>> = {
  'i32.const': (_, value) => value | 0,
  'local.get': ({ locals }, index) => locals[index] ?? Number.NaN,
  'local.tee': (frame, index) => {
    frame.locals[index] = pop(frame);
    return frame.locals[index];
  },
  'i32.eqz': (frame) => (pop(frame) === 0 ? 1 : 0),
  'i32.mul': (frame) => Math.imul(pop(frame), pop(frame)),
  'i32.add': (frame) => (pop(frame) + pop(frame)) | 0,
  'i32.and': (frame) => pop(frame) & pop(frame),
  'i32.shr_u': (frame) => {
    const by = pop(frame);
    return (pop(frame) >>> by) | 0;
  },
  'i32.div_u': (frame) => {
    const by = pop(frame) >>> 0;
    return Math.trunc((pop(frame) >>> 0) / by) | 0;
  },
};
