import { CodedError } from '../../../runtime/index.ts';
import type { ParameterRecord, ParameterValue } from '../parameter-value.ts';
import { quote } from '../quote.ts';

/** Characters of a path, in UTF-16 units. */
const PATH_CHARS_MAX = 512;
/** Steps of a path; parameters nest less deep than this in practice. */
const STEPS_MAX = 32;

const FORM = 'a parameter path such as `a.b`, `list[*].c`, `list[0]` or `a["odd name"]`';

// Sticky, so that each step starts where the one before ended. A quoted name is a JSON string.
const FIRST = /([A-Za-z0-9_-]+)|\[("(?:[^"\\]|\\.)*")\]/y;
const NEXT = /\.([A-Za-z0-9_-]+)|\[("(?:[^"\\]|\\.)*")\]|\[(0|[1-9][0-9]{0,8})\]|\[(\*)\]/y;

export type PathStep =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  /** Every item of a list: `[*]`. */
  | { readonly kind: 'every' };

/** A path into parameters. Names are WIT names; the parts of a variant are `tag` and `value`, of a result `ok` and `err`. */
export interface ParameterPath {
  readonly text: string;
  /** At least one; the first is a field. */
  readonly steps: readonly PathStep[];
  /** The values that the path selects, in order; null and what is not there are left out. For code that is not hot. */
  select(parameters: ParameterRecord): ParameterValue[];
}

/**
 * Reads a parameter path. `__proto__` and `constructor` are names like others: no step ever looks at a prototype.
 *
 * @throws CodedError `usage/invalid-argument`; also for more than 512 characters or 32 steps.
 */
export function parseParameterPath(text: string): ParameterPath {
  const steps = text.length <= PATH_CHARS_MAX ? readSteps(text) : undefined;
  if (steps === undefined || steps.length > STEPS_MAX) {
    throw new CodedError('usage/invalid-argument', `expected ${FORM}, got ${quote(text)}`);
  }
  const select = (parameters: ParameterRecord): ParameterValue[] => {
    const found: ParameterValue[] = [];
    collect(parameters, steps, 0, found);
    return found;
  };
  return Object.freeze({ text, steps: Object.freeze(steps), select });
}

function readSteps(text: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  let at = 0;
  while (steps.length === 0 || at < text.length) {
    const form = steps.length === 0 ? FIRST : NEXT;
    form.lastIndex = at;
    const match = form.exec(text);
    const step = match ? stepOf(match) : undefined;
    if (step === undefined) return undefined;
    steps.push(Object.freeze(step));
    at = form.lastIndex;
  }
  return steps;
}

function stepOf([, name, quoted, index, every]: RegExpExecArray): PathStep | undefined {
  if (name !== undefined) return { kind: 'field', name };
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (every !== undefined) return { kind: 'every' };
  try {
    return { kind: 'field', name: JSON.parse(quoted!) as string };
  } catch {
    return undefined; // not an escape that JSON knows
  }
}

function collect(value: ParameterValue, steps: readonly PathStep[], at: number, found: ParameterValue[]): void {
  const step = steps[at];
  if (value === null) return;
  if (step === undefined) found.push(value);
  else if (step.kind === 'every') {
    if (Array.isArray(value)) for (const item of value as readonly ParameterValue[]) collect(item, steps, at + 1, found);
  } else collect(stepInto(value, step) ?? null, steps, at + 1, found);
}

/** One step that is not `[*]`: the value there; undefined when the field or item is not there, or `value` can have none. */
export function stepInto(value: ParameterValue, step: Exclude<PathStep, { kind: 'every' }>): ParameterValue | undefined {
  if (step.kind === 'index') return Array.isArray(value) ? (value as readonly ParameterValue[])[step.index] : undefined;
  return isRecord(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
}

/** True for a record, a variant or a result: what has fields. */
export function isRecord(value: ParameterValue): value is ParameterRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
