import { CodedError } from '../error.ts';

/**
 * A value does not fit its type; thrown where that is seen, completed by the containers on its way out, and turned into
 * a `CodedError` at the edge of this folder. So the path costs nothing on calls that are fine.
 *
 * `expected` and `got` are words about types and kinds: never a value, nor a key that the input chose.
 */
export class Mismatch {
  readonly expected: string;
  readonly got: string;
  private path = '';

  constructor(expected: string, got: string) {
    this.expected = expected;
    this.got = got;
  }

  /** @param step - `.name` for a field that the type has, `[index]` for an item. */
  within(step: string): this {
    this.path = step + this.path;
    return this;
  }

  toError(): CodedError {
    const path = `$${this.path}`;
    return new CodedError('params/invalid', `expected ${this.expected} at \`${path}\`, got ${this.got}`, {
      data: { path, expected: this.expected, got: this.got },
    });
  }
}

/** To be thrown by a container whose part threw `error`: adds the step to it, if it is a `Mismatch`. */
export function within(error: unknown, step: string): unknown {
  return error instanceof Mismatch ? error.within(step) : error;
}

/** Runs `work`; a `Mismatch` leaves as `CodedError` `params/invalid` with `data` `{path, expected, got}`. */
export function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Mismatch ? error.toError() : error;
  }
}
