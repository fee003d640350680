import type { ValueType } from '../../runtime/component/types.ts';
import type { Encoding } from './assembly.ts';
import type { Contender } from './sides.ts';

/** What is special about a call, as far as jco makes something else of it. */
export type Fact =
  /** The guest set bits that say nothing. */
  | 'dirty'
  /** The host takes values out of core values of the guest's, not out of its memory. */
  | 'core values'
  /** The guest traps for core values that are not those of `lower_flat`. */
  | 'checked by the guest'
  | 'broken text'
  /** A text begins with U+FEFF. */
  | 'byte order mark'
  | 'unknown handle'
  | 'lent handle';

/** One thing that was not as expected, with all that is needed to say why. */
export interface Difference {
  /** Says how to see it again. */
  readonly title: string;
  readonly contender: Contender;
  /** What was compared: a result, or what the host saw. */
  readonly what: string;
  readonly expected: string;
  /** Hex, words of an error, or a list of calls. */
  readonly found: string;
  /** The types of the values that crossed. */
  readonly types: readonly ValueType[];
  readonly encoding: Encoding;
  readonly facts: ReadonlySet<Fact>;
  /** Values and WIT. */
  readonly detail: string;
}

/** What a run did. `counts` are by name, for the summary. */
export interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly differences: readonly Difference[];
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') || '(empty)';
}

/** True when a text in the value begins with a byte order mark. */
export function hasMark(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith('\ufeff');
  return typeof value === 'object' && value !== null && Object.values(value).some(hasMark);
}

/** The facts whose condition holds. */
export function factsOf(conditions: Partial<Record<Fact, boolean>>): ReadonlySet<Fact> {
  const facts = Object.keys(conditions) as Fact[]; // the keys of such a record are facts
  return new Set(facts.filter((fact) => conditions[fact]));
}

/** What is expected of a call that the specification lets trap. */
export const TRAP = '(a trap)';
/** The same, in the log of a program over handles. */
export const TRAPPED = '=> trapped';
