import { printable } from '../../host/policy/quote.ts';
import { type CaseReport, type CasesReport, differenceLines } from './report.ts';

/** UTF-16 units of the text of one failure. */
const FAILURE_CHARS_MAX = 20_000;

/** A report as JUnit's XML, which CI systems show: one suite for each file of cases. */
export function junitXml({ cases, passed, failed }: CasesReport): string {
  const files = new Map<string, CaseReport[]>();
  for (const one of cases) files.set(one.file, [...(files.get(one.file) ?? []), one]);
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  const root = `<testsuites name="cellblock" tests="${passed + failed}" failures="${failed}" time="${secondsOf(cases)}">`;
  return [head, root, ...[...files].flatMap(([file, of]) => suite(file, of)), '</testsuites>', ''].join('\n');
}

function suite(file: string, cases: readonly CaseReport[]): string[] {
  const failures = cases.filter(({ passed }) => !passed).length;
  return [
    `  <testsuite name="${escaped(file)}" tests="${cases.length}" failures="${failures}" time="${secondsOf(cases)}">`,
    ...cases.flatMap((one) => testCase(one)),
    '  </testsuite>',
  ];
}

function testCase(one: CaseReport): string[] {
  const open = `    <testcase classname="${escaped(one.function)}" name="${escaped(one.name)}" file="${escaped(one.file)}" line="${one.line}" time="${secondsOf([one])}"`;
  if (one.passed) return [`${open}/>`];
  const lines = one.problems.flatMap(differenceLines).map((line) => line.trim());
  const text = lines.join('\n').slice(0, FAILURE_CHARS_MAX);
  return [`${open}>`, `      <failure message="${escaped(lines[0] ?? 'failed')}">${escaped(text)}</failure>`, '    </testcase>'];
}

function secondsOf(cases: readonly CaseReport[]): string {
  return (cases.reduce((sum, { wallMs }) => sum + wallMs, 0) / 1000).toFixed(3);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML has no way to write most control characters: they are shown as escapes. */
function escaped(text: string): string {
  const lines = text.split('\n').map((line) => printable(line, FAILURE_CHARS_MAX));
  return lines.join('\n').replace(/[&<>"]/g, (char) => ENTITIES[char]!);
}
