export { type AccessRequest, decideAccess } from './access.ts';
export { decide } from './decide.ts';
export type {
  AccessAllowed,
  AlertDemand,
  Allowed,
  ApprovalDemand,
  Asked,
  BudgetCharge,
  Decision,
  DenialCode,
  Denied,
  Usage,
  WouldHave,
} from './decision.ts';
export type { DecisionRequest } from './decision-request.ts';
export { type Document, POLICY_BYTES_MAX, type ReadOptions, readDocument } from './document.ts';
export { formatPolicyError } from './error-text.ts';
export { documentJsonSchema, policyJsonSchema } from './json-schema.ts';
export { loadPolicy, type PolicyOptions, parsePolicy } from './load.ts';
export type { ParameterRecord, ParameterValue } from './parameter-value.ts';
export type { AgentPolicy, AlertSink, ApproverChannel, Policy, ToolAccess, TrailPolicy } from './policy.ts';
export type { Ask, Budget, BudgetScope, Rule, RuleEffect, RuleSpec } from './rule.ts';
export type { RuleRef } from './rule-ref.ts';
export type { Candidates, RuleSet } from './rule-set.ts';
export { type PolicyDocument, type PolicyInput, policySchema } from './schema.ts';
export type { NamesInScope, ScopeNames } from './scope-names.ts';
export { grantNameOf, type ScopeSchemas, type Scopes } from './scopes.ts';
export type { SecretSource } from './secrets-schema.ts';
export type { JwtPolicy, Principal, ServePolicy } from './serve.ts';
export type { PolicyIssue } from './source.ts';
export type { ToolLimits, ToolPolicy } from './tool-policy.ts';
export { DURATION_MS_MAX, FUEL_MAX, PAGE_BYTES, parseDuration, parseFuel, parsePeriod, parseSize } from './units.ts';
