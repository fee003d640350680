/**
 * Where a decision comes from: the id of the rule, or its place in the document, then file and line, such as
 * `no-shell (cellblock.yaml:40)` or `agents.triage.tools[1] (cellblock.yaml:21)`. For people and the audit trail; nothing is
 * looked up by it.
 */
export type RuleRef = string;
