export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** Hours of the week in a time zone. */
export interface WindowSpec {
  /** Days on which it starts; absent: all. */
  readonly days?: readonly Weekday[] | undefined;
  /** `HH:MM`, 00:00 to 23:59; with `to`, or neither: the whole day. */
  readonly from?: string | undefined;
  /** `HH:MM`, exclusive, up to 24:00; before `from`: on the day after. */
  readonly to?: string | undefined;
  /** IANA name, such as `Europe/Berlin`. */
  readonly zone: string;
}

export interface TimeWindow {
  /** @throws CodedError `denied/condition-failed` when the instant is none. */
  contains(instantMs: number): boolean;
}

/** @throws CodedError `usage/invalid-argument`. */
export function compileWindow(spec: WindowSpec): TimeWindow {
  throw new Error(`todo ${spec}`);
}
