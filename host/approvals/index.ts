/** Approvals: who was asked about which exact call, what they said, and what that lets run. All of it is folded from the trail. */

export {
  type Answer,
  answerEntries,
  findApproval,
  SHAPE_MINUTES_MAX,
  SHAPE_USES_MAX,
  SHAPES_PER_AGENT_MAX,
  type ShapeWish,
} from './answer.ts';
export {
  type Answered,
  type Approval,
  type ApprovalStatus,
  type Asked,
  approvalStatus,
  type Shape,
  type ShapeAdded,
  type ShapeStatus,
} from './approval.ts';
export { ASKED_BYTES_MAX, askEntry, expiryEntries, PENDING_PER_AGENT_MAX } from './ask.ts';
export { ApprovalBook, type ApprovalFilter } from './book.ts';
export { canonicalJson } from './canonical-json.ts';
export { approvalDigest, shapeDigest } from './digest.ts';
export { randomId, wholeId } from './id.ts';
export { type Choice, confirmYes, isTerminal, type PromptOptions, promptApproval } from './prompt.ts';
export { isShownWhole, renderApproval, renderShape } from './render.ts';
export { type SlackBlock, type SlackButton, type SlackMessage, type SlackText, slackMessage } from './slack.ts';
export {
  CALLBACK_AGE_MS_MAX,
  checkSlackCallback,
  SeenCallbacks,
  type SlackCallback,
  type SlackCheck,
  type SlackPress,
  slackAnswer,
} from './slack-callback.ts';
export { type ApprovableCall, type ApprovalUse, useEntries } from './use.ts';
export { type WebhookRequest, webhookRequest } from './webhook.ts';
export { checkWebhookCallback, type WebhookAnswer, type WebhookCallback, type WebhookCheck } from './webhook-callback.ts';
