/** The options of `cellblock serve`, as commander gives them. */
export interface ServeOptions {
  readonly policy: string;
  readonly ceiling?: string;
  readonly agent?: string;
  readonly port?: string;
  readonly hostname: string;
  readonly wait?: string;
  readonly logLevel: string;
  readonly threads?: string;
  readonly bindings: string;
  readonly costModel: string;
}

/** Where `cellblock serve` listens unless it is told otherwise. */
export const DEFAULT_PORT = 7420;
