import { grouped } from '../../host/approvals/text-lines.ts';
import type { PlainJson } from '../../runtime/index.ts';
import type { Difference } from './difference.ts';

/** How one case went. */
export interface CaseReport {
  readonly name: string;
  /** As it was given, and the line of the case. */
  readonly file: string;
  readonly line: number;
  readonly passed: boolean;
  /** Id of the function; as the case has it where there is none. */
  readonly function: string;
  readonly kind: string;
  readonly code?: string;
  /** Of a case that failed: what the call ended with, the guest's stack in its data where it trapped. */
  readonly error?: { readonly code: string; readonly message: string; readonly data?: unknown };
  readonly value?: PlainJson;
  /** Decimal digits: it may pass 2^53. */
  readonly fuel: string;
  readonly memoryBytesPeak: number;
  readonly hostCalls: number;
  readonly wallMs: number;
  readonly problems: readonly Difference[];
  /** What \`--update\` wrote into the file. */
  readonly written?: readonly string[];
}

/** Which functions of a component cases called. */
export interface Coverage {
  /** Path as it was given or found. */
  readonly component: string;
  readonly digest: string;
  /** Functions that data can call. */
  readonly functions: number;
  readonly covered: readonly string[];
  readonly notCovered: readonly string[];
}

/** What `cellblock test --json` prints. */
export interface CasesReport {
  readonly passed: number;
  readonly failed: number;
  readonly cases: readonly CaseReport[];
  readonly components: readonly Coverage[];
  /** Cases that \`--filter\` left out. */
  readonly skipped: number;
}

/** True where every case passed and there was one: nothing that ran shows nothing. */
export function isGood({ passed, failed }: CasesReport): boolean {
  return failed === 0 && passed > 0;
}

/** One case: a line, and what differs below it. Not yet escaped for a terminal. */
export function caseLines({ passed, name, file, line, fuel, wallMs, kind, code, problems, written }: CaseReport): string[] {
  const how = passed || code === undefined ? kind : `${kind} [${code}]`;
  return [
    `${passed ? 'passed' : 'FAILED'}  ${name}  (${file}:${line})  ${how} · ${grouped(fuel)} fuel · ${wallMs.toFixed(1)} ms`,
    ...problems.flatMap(differenceLines),
    ...(written === undefined ? [] : [`        written: ${written.join(', ')}`]),
  ];
}

/** What differs, both sides below each other. */
export function differenceLines({ what, expected, actual, message }: Difference): string[] {
  if (message !== undefined) return [`        ${what}: ${message}`];
  return [`        ${what}`, `          expected  ${expected ?? 'nothing'}`, `          actual    ${actual ?? 'nothing'}`];
}

/** Functions covered, and how many cases passed. */
export function summaryLines({ passed, failed, skipped, components }: CasesReport): string[] {
  const covered = components.map(({ component, functions, covered: called, notCovered }) => {
    const rest = notCovered.length === 0 ? '' : `; not called: ${notCovered.join(', ')}`;
    return `${component}: ${called.length} of ${functions} functions covered${rest}`;
  });
  const left = skipped === 0 ? '' : `, ${skipped} left out by --filter`;
  const none = passed + failed === 0 ? ['nothing ran, which counts as failed: write cases/*.yaml'] : [];
  return ['', ...covered, `${passed} passed, ${failed} failed${left}`, ...none];
}
