/** Alerts: told to people and machines outside, beside the trail, which alone is complete. */

export { type Alert, alertFrom } from './alert.ts';
export { type AlertProblem, type Alerts, type AlertsOptions, createAlerts, type SinkCounts } from './alerts.ts';
export { ALERT_LIMITS, type AlertLimits } from './limits.ts';
