/** Maxima of alerts, for each sink by itself. */
export interface AlertLimits {
  /** Alerts of one kind within this time are one alert and one number. */
  readonly windowMs: number;
  /** Parcels in that time; more are summarised at its end. */
  readonly parcelsPerWindowMax: number;
  /** Kinds that are told apart in that time. */
  readonly kindsPerWindowMax: number;
  readonly queueParcelsMax: number;
  readonly queueBytesMax: number;
  readonly attemptsMax: number;
  readonly backoffMs: number;
  /** For one attempt over HTTP. */
  readonly timeoutMs: number;
  /** Of an alert file, before it is put aside. */
  readonly fileBytesMax: number;
  /** Alert files put aside that are kept. */
  readonly filesAsideMax: number;
}

/** Thirty a minute is more than a person reads; 256 waiting ones outlast a restart of a chat server. */
export const ALERT_LIMITS: AlertLimits = {
  windowMs: 60_000,
  parcelsPerWindowMax: 30,
  kindsPerWindowMax: 256,
  queueParcelsMax: 256,
  queueBytesMax: 4 * 1024 * 1024,
  attemptsMax: 3,
  backoffMs: 1_000,
  timeoutMs: 10_000,
  fileBytesMax: 16 * 1024 * 1024,
  filesAsideMax: 4,
};
