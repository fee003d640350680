import type { Code } from './codes.ts';

/** Machine-readable details of an error: plain JSON data, no secrets, no parameter values. */
export type ErrorData = { readonly [key: string]: unknown };

export interface CodedErrorOptions {
  readonly data?: ErrorData;
  /** What the person who must act could do next; one sentence, no final stop. */
  readonly help?: string;
  readonly cause?: unknown;
}

/**
 * The one error class of this project. Test `code`, never `instanceof`: classes are lost between threads.
 *
 * `message` starts in lower case, has no final stop or line break, quotes input in backticks and holds no parameter
 * values. Codes live in `codes.ts`.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: Code;
  readonly data: ErrorData;
  readonly help: string | undefined;

  constructor(code: Code, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data ?? {};
    this.help = options.help;
  }
}

/** True for a value that carries a code of ours, whichever realm or thread it came from. */
export function isCoded(error: unknown): error is CodedError {
  return (
    typeof error === 'object' &&
    error !== null &&
    typeof (error as { code?: unknown }).code === 'string' &&
    /^[a-z]+\//.test((error as { code: string }).code)
  );
}
