import { expect } from 'vitest';
import type { Run } from './interpreter.ts';
import type { Program } from './program.ts';

/** A program, what it is called with, and the global's first value. */
export type Call = readonly [program: Program, argument: number, x: number];

/** Its name is `Exception`; the types of Node 20 do not have it. */
const { Exception } = WebAssembly as unknown as { readonly Exception: abstract new () => object };

/** What a program's `run` did, as the engine shows it. */
export interface Seen {
  readonly end: Run['end'];
  readonly x: number;
  readonly memory: Buffer;
}

/** Sets the global, calls `run`, and looks. */
export function see(exports: WebAssembly.Exports, [, argument, x]: Call): Seen {
  const {
    run,
    x: global,
    memory,
  } = exports as unknown as {
    readonly run: (argument: number) => number;
    readonly x: WebAssembly.Global;
    readonly memory: WebAssembly.Memory;
  }; // as every program exports them
  global.value = x;
  const end = ((): Run['end'] => {
    try {
      return { kind: 'value', value: run(argument) };
    } catch (error) {
      if (error instanceof Exception) return { kind: 'exception' };
      if (error instanceof WebAssembly.RuntimeError && error.message === 'unreachable') return { kind: 'trap' };
      throw error;
    }
  })();
  return { end, x: global.value, memory: Buffer.from(memory.buffer) };
}

/** Fails where a call did not end, or leave things, as the reference says. */
export function expectSame(seen: Seen, { end, x, memory }: Omit<Run, 'cost' | 'points'>): void {
  expect(seen.end).toEqual(end);
  expect(seen.x).toBe(x);
  expect(seen.memory.equals(memory)).toBe(true);
}
