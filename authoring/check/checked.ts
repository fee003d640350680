/** How one check of a tool went. `note`: nothing has to be done. `skipped`: it could not be made, and why. */
export type CheckStatus = 'ok' | 'note' | 'warning' | 'problem' | 'skipped';

/** One line of `cellblock check`. */
export interface Checked {
  readonly check: 'loads' | 'digest' | 'functions' | 'grants' | 'compatible' | 'cases' | 'repeatable' | 'fuel' | 'memory';
  readonly status: CheckStatus;
  /** What was found. */
  readonly message: string;
  /** Where in the policy, or in a file of cases. */
  readonly ref?: string;
  /** What would mend it. */
  readonly help?: string;
}

/** What `cellblock check --json` prints. */
export interface CheckReport {
  readonly tool: string;
  /** Absolute path of the component. */
  readonly component: string;
  readonly digest?: string;
  /** False as soon as there is a problem. */
  readonly good: boolean;
  readonly checks: readonly Checked[];
}

/** A report, line by line; not yet escaped for a terminal. */
export function checkLines({ tool, component, digest, checks }: CheckReport): string[] {
  const count = (status: CheckStatus): number => checks.filter((one) => one.status === status).length;
  return [
    `${tool}  ${component}${digest === undefined ? '' : `  ${digest.slice(0, 'sha256:'.length + 12)}`}`,
    '',
    ...checks.flatMap(({ check, status, message, ref, help }) => [
      `${status.padEnd(8)}${check.padEnd(12)}${message}${ref === undefined ? '' : `  (${ref})`}`,
      ...(help === undefined ? [] : [`${' '.repeat(20)}help: ${help}`]),
    ]),
    '',
    `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}`,
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
