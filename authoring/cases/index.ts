/** Cases that stand beside a tool: read, run in fresh cells, compared, reported. See docs/testing-tools.md. */

export type { Difference } from './difference.ts';
export { hasCases } from './find-cases.ts';
export { casesJsonSchema } from './json-schema.ts';
export { junitXml } from './junit.ts';
export { type CaseReport, type CasesReport, type Coverage, caseLines, differenceLines, isGood, summaryLines } from './report.ts';
export { SECOND_RUN } from './run-case.ts';
export { type CasesOptions, runCases } from './run-cases.ts';
