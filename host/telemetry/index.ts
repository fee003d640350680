/** What operators see of a process that serves: a log, spans and figures. Nothing here decides, and no call depends on it. */

export { type LogCounts, type LogOptions, type OperatorLog, openLog } from './operator-log.ts';
export { METRICS_CONTENT_TYPE, openTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export { currentTraceparent } from './trace-context.ts';
