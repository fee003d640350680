/** What all surfaces share: who comes, through which door, and what they may see. Surfaces translate; the warden decides. */

export {
  type AgentApproval,
  type AgentDoor,
  agentDoor,
  type DoorOptions,
  type ToolCall,
  type TraceOptions,
} from './agent-door.ts';
export { type AgentError, type AgentOutcome, type AgentReceipt, agentCode, agentOutcome } from './agent-view.ts';
export { type ClientApprover, clientApprover } from './client-approver.ts';
export { splitWords } from './declared-words.ts';
export { exactText } from './exact-text.ts';
export { type LiveEvents, LiveWarden, type LiveWardenOptions, type PolicyState } from './live-warden.ts';
export { holdsMedia, type Media, withoutMedia } from './media.ts';
export { type OperatorAnswer, type OperatorDoor, operatorDoor } from './operator-door.ts';
export { Principals } from './principals.ts';
export type { RequestStatus } from './request-status.ts';
export { newToken, tokenDigest } from './token.ts';
export { type ResultForm, type ToolHints, type ToolListing, toolListings } from './tool-listing.ts';
export { modelName } from './tool-name.ts';
export { type WardenSource, wardenSource } from './warden-source.ts';
