/** Whether a tool and its policy fit together. See docs/testing-tools.md. */

export { type CheckOptions, checkTool } from './check-tool.ts';
export { type Checked, type CheckReport, type CheckStatus, checkLines } from './checked.ts';
