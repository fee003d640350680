/** Alerts: told to people and machines outside, beside the trail, which alone is complete. */

export { type Alert, alertFrom } from './alert.ts';
export { type AlertProblem, type Alerts, type AlertsOptions, createAlerts, type SinkCounts } from './alerts.ts';
export type { Post, PostAnswer, PostRequest } from './http-post.ts';
export { ALERT_LIMITS, type AlertLimits } from './limits.ts';
export type { AlertSinkSpec } from './sink-spec.ts';
export type { Timers } from './timers.ts';
