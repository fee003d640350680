import { grouped } from '../../host/approvals/text-lines.ts';
import type { ToolPolicy } from '../../host/policy/index.ts';
import { DEFAULT_LIMITS, WASM_PAGE_BYTES } from '../../runtime/index.ts';
import { type CaseReport, type CasesReport, differenceLines, SECOND_RUN } from '../cases/index.ts';
import type { Checked } from './checked.ts';

/** Above this part of a limit, a little larger input may end a call. */
const NEAR_PERCENT = 80;
/** Below this, the limit lets a broken tool use much more than it should need. */
const FAR_PERCENT = 1;

/** What the samples of a tool show under the limits of its policy. */
export function sampleChecks(report: CasesReport, tool: ToolPolicy): readonly Checked[] {
  return [
    caseCheck(report),
    ...failedCases(report.cases),
    ...repeatChecks(report.cases),
    fuelCheck(report.cases, tool),
    memoryCheck(report.cases, tool),
  ];
}

function caseCheck({ passed, failed, components }: CasesReport): Checked {
  const covered = components
    .map(({ covered: called, functions }) => `${called.length} of ${functions} functions called`)
    .join(', ');
  const message = `${passed} passed, ${failed} failed; ${covered}`;
  return { check: 'cases', status: failed > 0 ? 'problem' : 'ok', message };
}

const isRepeat = ({ what }: CaseReport['problems'][number]): boolean => what.endsWith(SECOND_RUN);

function failedCases(cases: readonly CaseReport[]): readonly Checked[] {
  return cases.flatMap(({ name, file, line, problems }) => {
    const [first] = problems.filter((one) => !isRepeat(one));
    if (first === undefined) return [];
    const words = differenceLines(first).map((text) => text.trim().replace(/ {2,}/, ' '));
    return [{ check: 'cases', status: 'problem', message: `${name}: ${words.join(', ')}`, ref: `${file}:${line}` }];
  });
}

function repeatChecks(cases: readonly CaseReport[]): readonly Checked[] {
  const differing = cases.flatMap(({ name, file, line, problems }): Checked[] => {
    const found = problems.filter(isRepeat);
    if (found.length === 0) return [];
    const parts = found.map(({ what, expected, actual }) => `${what.replace(SECOND_RUN, '')} ${expected}, then ${actual}`);
    const help = 'a grant of `clock` or `random`, or a capability that is `real`, may answer otherwise each time; mock it';
    return [{ check: 'repeatable', status: 'problem', message: `${name}: ${parts.join('; ')}`, ref: `${file}:${line}`, help }];
  });
  if (differing.length > 0) return differing;
  return [
    { check: 'repeatable', status: 'ok', message: `the same fuel, memory, result and host calls twice in ${cases.length} cases` },
  ];
}

/** What one resource needs of its limit. */
interface Need {
  readonly check: 'fuel' | 'memory';
  readonly used: bigint;
  readonly max: bigint;
  /** Whether the policy says so, or the runtime's default holds. */
  readonly isWritten: boolean;
  readonly shown: (amount: bigint) => string;
  readonly written: (amount: bigint) => string;
}

function needCheck(dearest: CaseReport, { check, used, max, isWritten, shown, written }: Need): Checked {
  const tenths = (used * 1000n) / max;
  const percent = `${Number(tenths) / 10} %`;
  const of = `${shown(used)} of ${shown(max)}${isWritten ? '' : ' (the default)'}, ${percent}`;
  const message = `the dearest sample is ${dearest.name}: ${of}`;
  const ref = `${dearest.file}:${dearest.line}`;
  const twice = written(used * 2n);
  if (tenths > BigInt(NEAR_PERCENT * 10)) {
    const help = `a larger input ends the call; \`limits: { ${check}: ${twice} }\` would be twice what it takes`;
    return { check, status: 'warning', message, ref, help };
  }
  if (tenths >= BigInt(FAR_PERCENT * 10)) return { check, status: 'ok', message, ref };
  return { check, status: 'note', message, ref, help: `\`limits: { ${check}: ${twice} }\` would be twice what it takes` };
}

/** Of cases that ran; a refusal used nothing. */
function dearestBy(cases: readonly CaseReport[], amount: (one: CaseReport) => bigint): CaseReport | undefined {
  return cases.reduce<CaseReport | undefined>(
    (most, one) => (most === undefined || amount(one) > amount(most) ? one : most),
    undefined,
  );
}

function fuelCheck(cases: readonly CaseReport[], { limits }: ToolPolicy): Checked {
  const dearest = dearestBy(cases, ({ fuel }) => BigInt(fuel))!; // there is a case
  return needCheck(dearest, {
    check: 'fuel',
    used: BigInt(dearest.fuel),
    max: limits.fuelMax ?? DEFAULT_LIMITS.fuelMax,
    isWritten: limits.fuelMax !== undefined,
    shown: (units) => `${grouped(String(units))} fuel`,
    written: (units) => String(units),
  });
}

function memoryCheck(cases: readonly CaseReport[], { limits }: ToolPolicy): Checked {
  const dearest = dearestBy(cases, ({ memoryBytesPeak }) => BigInt(memoryBytesPeak))!; // there is a case
  const kibibytes = (bytes: bigint): bigint => ((bytes + 65_535n) / 65_536n) * 64n;
  return needCheck(dearest, {
    check: 'memory',
    used: BigInt(dearest.memoryBytesPeak),
    max: BigInt((limits.memoryPagesMax ?? DEFAULT_LIMITS.memoryPagesMax) * WASM_PAGE_BYTES),
    isWritten: limits.memoryPagesMax !== undefined,
    shown: (bytes) => `${(Number(bytes) / 2 ** 20).toFixed(1)} MiB`,
    written: (bytes) => `${kibibytes(bytes > 0n ? bytes : 1n)}KiB`,
  });
}
