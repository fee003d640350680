/** A pattern that was checked and compiled. */
export interface Pattern {
  readonly text: string;
  /**
   * True when the whole value matches.
   *
   * @throws CodedError `denied/condition-failed` when the value is longer than 65,536 UTF-16 units.
   */
  matches(value: string): boolean;
}

/** @throws CodedError `usage/invalid-argument`. */
export function compilePattern(text: string): Pattern {
  throw new Error(`todo ${text}`);
}
