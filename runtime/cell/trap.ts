import { type Code, kindOf, type OutcomeKind } from '../codes.ts';
import { isCoded } from '../error.ts';
import type { ErrorInfo } from '../outcome.ts';

/** How a thrown thing ends the call. */
export interface Ending {
  readonly kind: Exclude<OutcomeKind, 'pending'>;
  readonly error: ErrorInfo;
}

interface TrapRule {
  readonly pattern: RegExp;
  readonly code: Code;
  readonly message: string;
}

/** Words for traps, V8's own and those that jco's glue puts in their place, by what they mean to a tool's author. In order. */
const TRAP_RULES: readonly TrapRule[] = [
  { pattern: /unreachable/, code: 'trap/unreachable', message: 'the guest panicked or aborted (`unreachable`)' },
  {
    pattern: /null function|signature mismatch|function signature|indirect call/,
    code: 'trap/indirect-call',
    message: 'the guest called through a null or mistyped table entry',
  },
  {
    pattern: /out of bounds|unaligned/,
    code: 'trap/out-of-bounds',
    message: 'the guest accessed memory or a table out of bounds',
  },
  {
    pattern: /divide by zero|remainder by zero|unrepresentable|integer overflow|invalid conversion/,
    code: 'trap/arithmetic',
    message: 'the guest divided by zero or converted a number that does not fit',
  },
];

/**
 * Sorts what came out of guest code into an outcome.
 *
 * @param thrown - anything: a trap, an error of the bindings, one of ours, or a guest's own exception.
 */
export function endingOf(thrown: unknown): Ending {
  if (isCoded(thrown)) {
    const { code, message, data, help } = thrown;
    const kind = kindOf(code);
    return { kind: kind === 'usage' ? 'failed' : kind, error: { code, message, data, ...(help === undefined ? {} : { help }) } };
  }
  if (isStackOverflow(thrown)) return ending('limit/stack', 'the guest recursed past the native stack');
  if (thrown instanceof WebAssembly.RuntimeError) return trap(thrown.message);
  if (thrown instanceof RangeError && /allocation failed|Invalid typed array length|Invalid array length/.test(thrown.message)) {
    return ending('limit/result', 'the guest passed a value too large to build');
  }
  if (thrown instanceof RangeError && /Cannot allocate Wasm memory/.test(thrown.message)) {
    return ending('limit/memory', 'the component makes more memories than there is room for');
  }
  if (isWasmException(thrown)) return ending('trap/uncaught-exception', 'the guest let an exception escape');
  const words = thrown instanceof Error ? thrown.message : 'a value was thrown';
  return ending('trap/abi', `the call broke the canonical ABI: ${firstLine(words)}`);
}

function trap(words: string): Ending {
  const rule = TRAP_RULES.find((candidate) => candidate.pattern.test(words));
  return rule === undefined ? ending('trap/other', `the guest trapped: ${firstLine(words)}`) : ending(rule.code, rule.message);
}

function ending(code: Code, message: string): Ending {
  const kind = kindOf(code);
  return { kind: kind === 'usage' ? 'failed' : kind, error: { code, message } };
}

function isStackOverflow(thrown: unknown): boolean {
  if (thrown instanceof RangeError) return thrown.message.startsWith('Maximum call stack size exceeded');
  return thrown instanceof WebAssembly.RuntimeError && thrown.message.includes('call stack exhausted');
}

function isWasmException(thrown: unknown): boolean {
  const { Exception } = WebAssembly as { Exception?: new (...args: never[]) => object }; // missing from the type library
  return Exception !== undefined && thrown instanceof Exception;
}

function firstLine(words: string): string {
  return words.split(/[\r\n]/, 1)[0]?.slice(0, 200) ?? '';
}
