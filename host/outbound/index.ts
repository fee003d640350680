/** What leaves this process for people and machines outside: how it is posted, signed, tried again and escaped. Knows nothing of what it carries. */

export { type Address, type Env, slackAddress, webhookAddress } from './address.ts';
export { addressProblem, httpPost, type Post, type PostAnswer, type PostRequest } from './http-post.ts';
export { HttpSink, type HttpSinkOptions, type Render } from './http-sink.ts';
export { type Delivery, Lane, type LaneOptions, type Load, type Loss, type Sink } from './lane.ts';
export { type SlackPlainText, slackEscaped, slackPlain } from './slack-text.ts';
export { systemTimers, type Timers, waitAtMost } from './timers.ts';
export { quotedText, visibleText } from './visible-text.ts';
export { webhookHeaders, webhookKey } from './webhook-signature.ts';
