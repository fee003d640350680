/**
 * What `wasi:cli/exit` throws to end the call, and only the call.
 *
 * It is an `Error`, so that bindings let it pass instead of taking it for the payload of a `result`; it is no failure,
 * and its brand is private, so that nothing but this class makes one.
 */
export class ExitSignal extends Error {
  override readonly name = 'ExitSignal';
  readonly #exitCode: number;

  /** @param exitCode - 0 to 255. */
  constructor(exitCode: number) {
    super(`the guest ended the program with status ${exitCode}`);
    this.#exitCode = exitCode;
  }

  /** 0 to 255. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** True for a signal made here, in this thread; never throws. */
  static is(thrown: unknown): thrown is ExitSignal {
    return typeof thrown === 'object' && thrown !== null && #exitCode in thrown;
  }
}

/** The exit code (0 to 255) when `thrown` is an `ExitSignal`, else undefined. */
export function exitCodeOf(thrown: unknown): number | undefined {
  return ExitSignal.is(thrown) ? thrown.exitCode : undefined;
}
