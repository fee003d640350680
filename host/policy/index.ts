export { type Allowed, type Decision, type DecisionRequest, type Denied, decide } from './decide.ts';
export { formatPolicyError } from './error-text.ts';
export { policyJsonSchema } from './json-schema.ts';
export { loadPolicy, POLICY_BYTES_MAX, type PolicyOptions, parsePolicy } from './load.ts';
export type { AgentPolicy, Policy, RuleRef, ToolAccess, ToolLimits, ToolPolicy } from './policy.ts';
export { type PolicyDocument, type PolicyInput, policySchema } from './schema.ts';
export type { PolicyIssue } from './source.ts';
export { DURATION_MS_MAX, FUEL_MAX, PAGE_BYTES, parseDuration, parseFuel, parseSize } from './units.ts';
