/**
 * Cellblock as a library: open a warden with a policy, file requests, get outcomes with receipts.
 *
 * ```ts
 * import { openWarden } from 'cellblock';
 *
 * const warden = await openWarden({ policy: 'cellblock.yaml' });
 * const outcome = await warden.request({ agent: 'triage', tool_name: 'redact', parameters: { text: 'hello' } });
 * await warden.close();
 * ```
 */

export type { Approval, Asked as AskedApproval } from './approvals/index.ts';
export { renderApproval } from './approvals/index.ts';
export { type Answer, ApprovalsDesk } from './approvals-desk.ts';
export * from './audit/entries.ts';
export {
  type BrokenTrail,
  type ReadRecord,
  type TrailFilter,
  type TrailRecord,
  type VerifiedTrail,
  type VerifyOptions,
  verifyTrail,
} from './audit/index.ts';
export { AuditDesk } from './audit-desk.ts';
export * from './capabilities/index.ts';
export type { CallProgress } from './capability-host.ts';
export { openBuiltIn } from './lone-call.ts';
export { openWarden, type WardenOptions } from './open-warden.ts';
export * from './policy/index.ts';
export type { Outcome, Receipt } from './receipt.ts';
export { type ReplayedPart, type ReplayReport, type ReplaySetup, replayCall } from './replay.ts';
export type { ParametersOf, ToolRequest } from './request.ts';
export {
  type AgentApproval,
  type AgentDoor,
  type AgentError,
  type AgentOutcome,
  type AgentReceipt,
  agentDoor,
  type ClientApprover,
  clientApprover,
  type DoorOptions,
  LiveWarden,
  type LiveWardenOptions,
  type OperatorAnswer,
  type OperatorDoor,
  operatorDoor,
  type PolicyState,
  Principals,
  type RequestStatus,
  type ToolCall,
  type ToolHints,
  type ToolListing,
  type WardenSource,
  wardenSource,
} from './serving/index.ts';
export type { AgentCatalog, CatalogProblem, OfferedFunction, TextNeed } from './tool-catalog.ts';
export { type RequestOptions, Warden, type WardenEvents, type WardenVitals } from './warden.ts';
