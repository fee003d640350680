import type { Logger } from 'pino';
import type { AgentDoor, LiveWarden } from '../serving/index.ts';
import { KnownNames } from './known-names.ts';
import { type LogOptions, type OperatorLog, openLog } from './operator-log.ts';
import { OtelFigures } from './otel-metrics.ts';
import { PrometheusFigures } from './prometheus.ts';
import { tracedDoor } from './traced-door.ts';
import { TrailFeed } from './trail-feed.ts';

export interface TelemetryOptions extends LogOptions {
  /** A log that was opened before the warden was, so that it hears of all problems; instead of `logLevel` and `destination`. */
  readonly log?: OperatorLog;
}

/** What an operator's tools see of a live warden. All of it listens; none of it is on the way of a call but `traced`. */
export interface Telemetry {
  readonly logger: Logger;
  /** As `OperatorLog` has them. */
  readonly onProblem: OperatorLog['onProblem'];
  readonly onRunnerEvent: OperatorLog['onRunnerEvent'];
  /** The figures in Prometheus' text format 0.0.4 (`METRICS_CONTENT_TYPE`). */
  metrics(): Promise<string>;
  /** The same door with spans around its calls and requests; the same for the same door. */
  traced(door: AgentDoor): AgentDoor;
  /** Listens no more. What was logged may still be on its way. */
  close(): void;
}

/** What answers with `Telemetry.metrics` say of it. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Opens log, figures and spans of a live warden. For spans and OpenTelemetry metrics, the program around us sets its providers first.
 *
 * @returns owned by the caller, who closes it.
 * @throws CodedError `usage/invalid-argument` as `openLog`.
 */
export function openTelemetry(live: LiveWarden, options: TelemetryOptions = {}): Telemetry {
  const log = options.log ?? openLog(options);
  const names = new KnownNames(() => live.current.policy);
  const figures = new PrometheusFigures(live, names, log);
  const otel = new OtelFigures(live, names);
  const feed = new TrailFeed(live, [figures, otel, log.listener(names)]);
  const doors = new WeakMap<AgentDoor, AgentDoor>();
  return {
    logger: log.logger,
    onProblem: log.onProblem,
    onRunnerEvent: log.onRunnerEvent,
    metrics: () => figures.text(),
    traced(door) {
      const traced = doors.get(door) ?? tracedDoor(door, names, log.onUnrecorded);
      doors.set(door, traced);
      return traced;
    },
    close() {
      feed.close();
      otel.close();
    },
  };
}
