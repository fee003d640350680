import type { Writable } from 'node:stream';
import { type LogFn, type Logger, pino } from 'pino';
import { CodedError, type RunnerEvent } from '../../runtime/index.ts';
import type { ApprovalEntry } from '../audit/index.ts';
import type { KnownNames } from './known-names.ts';
import { redactedLine } from './log-redaction.ts';
import { LogStream, stderrStream } from './log-stream.ts';
import type { EndedRequest, FeedListener } from './trail-feed.ts';

export interface LogOptions {
  /** `trace`, `debug`, `info` (the default), `warn`, `error`, `fatal` or `silent`. */
  readonly logLevel?: string;
  /** Where lines go; stays its owner's. Default: standard error, since standard output is MCP's. */
  readonly destination?: Writable;
}

/** Counts of what the log was told of since it was opened. */
export interface LogCounts {
  readonly linesDropped: number;
  readonly problems: number;
  readonly runnersKilled: number;
  readonly runnersCrashed: number;
  readonly unrecorded: number;
}

/** The log of a process that serves: JSON lines for its operator. Whatever its destination does, no call is held up and nothing throws. */
export interface OperatorLog {
  /** For whoever else has something to say: what it is given is redacted. */
  readonly logger: Logger;
  readonly counts: LogCounts;
  /** For `WardenOptions.onProblem` and the surfaces. */
  readonly onProblem: (problem: string) => void;
  /** For `WardenOptions.onRunnerEvent`. */
  readonly onRunnerEvent: (event: RunnerEvent & { readonly group: string }) => void;
  /** For a request that failed because the trail could not be written: no record tells of it. @param agent - by the name that its door has. */
  readonly onUnrecorded: (agent: string) => void;
  /** What it writes of a warden's trail. */
  listener(names: KnownNames): FeedListener;
  /** Waits until lines have arrived, at most this many milliseconds. */
  flush(graceMs: number): Promise<void>;
}

/** @throws CodedError `usage/invalid-argument` for a level that is none. */
export function openLog({ logLevel = 'info', destination = stderrStream() }: LogOptions = {}): OperatorLog {
  if (logLevel !== 'silent' && !Object.hasOwn(pino.levels.values, logLevel)) {
    const levels = [...Object.keys(pino.levels.values), 'silent'].join(', ');
    throw new CodedError('usage/invalid-argument', `there is no such level of the log; there are ${levels}`);
  }
  const stream = new LogStream(destination);
  const options = { level: logLevel, base: null, timestamp: () => `,"time":${Date.now()}` };
  const logger = pino({ ...options, hooks: { streamWrite: redactedLine, logMethod: logSafely } }, stream);
  // What we put into a line ourselves is ids, names of the policy, codes and numbers.
  const own = pino(options, stream);
  const counts = { problems: 0, runnersKilled: 0, runnersCrashed: 0, unrecorded: 0 };
  return {
    logger,
    get counts() {
      return { ...counts, linesDropped: stream.dropped };
    },
    onProblem(problem) {
      counts.problems += 1;
      logger.warn({ event: 'problem' }, '%s', problem);
    },
    onRunnerEvent({ type, pid, reason, group }) {
      if (type === 'killed') counts.runnersKilled += 1;
      else counts.runnersCrashed += 1;
      logger.error({ event: `runner-${type}`, group, pid, reason }, 'a runner process ended');
    },
    onUnrecorded(agent) {
      counts.unrecorded += 1;
      logger.error({ event: 'unrecorded', agent }, 'a request failed: the trail cannot be written');
    },
    listener: (names) => ({
      ended: (request) => logEnd(own, names, request),
      approval: (entry) => logApproval(own, names, entry),
      alert: (severity) => own.warn({ event: 'alert', severity }, 'an alert was raised'),
      reloaded: () => own.info({ event: 'reloaded' }, 'another policy is in force'),
    }),
    flush: (graceMs) => stream.flush(graceMs),
  };
}

/** What is logged may have getters, or be a proxy: its owner's mistakes are not the caller's. */
function logSafely(this: Logger, args: Parameters<LogFn>, log: LogFn): void {
  try {
    log.apply(this, args);
  } catch {
    this.error('a log line could not be written');
  }
}

const LEVELS: Readonly<Record<EndedRequest['outcome'], 'info' | 'warn' | 'error'>> = {
  ok: 'info',
  pending: 'info',
  repeat: 'info',
  cancelled: 'info',
  'tool-error': 'info',
  refused: 'warn',
  trapped: 'warn',
  limited: 'warn',
  failed: 'error',
};
/** Rules in a line; the trail has them all. */
const RULES_MAX = 8;

function logEnd(own: Logger, names: KnownNames, request: EndedRequest): void {
  const level = LEVELS[request.outcome];
  if (!own.isLevelEnabled(level)) return;
  const { audit, agent, tool, outcome, code, rules, approval, ran } = request;
  const line = {
    event: 'request',
    audit,
    agent: names.agent(agent),
    tool: names.function(tool),
    outcome,
    ...(code === undefined ? {} : { code: names.code(code) }),
    ...(rules === undefined ? {} : { rules: rules.slice(0, RULES_MAX) }),
    ...(approval === undefined ? {} : { approval }),
    ...ran,
  };
  own[level](line, 'request ended');
}

/** Of an answer: who gave it and how; not what was written, nor what was asked about. */
function logApproval(own: Logger, names: KnownNames, entry: ApprovalEntry): void {
  if (!own.isLevelEnabled('info')) return;
  const { event, approval } = entry;
  const line = { event: `approval-${event}`, approval };
  if (event === 'asked') {
    const { audit, subject, channels, expiresAt } = entry;
    own.info(
      { ...line, audit, agent: names.agent(subject.agent), tool: names.tool(subject.tool), channels, expiresAt },
      'a human is asked',
    );
  } else if (event === 'approved' || event === 'denied' || event === 'revoked') {
    own.info({ ...line, by: printable(entry.by), channel: printable(entry.channel) }, 'a human has answered');
  } else if (event === 'used') own.info({ ...line, audit: entry.audit }, 'an approval was used');
  else own.info(line, 'a question has expired');
}

const NAME_CHARS_MAX = 128;

/** A name that a channel vouches for: no text of an agent, and no longer than a name. */
function printable(name: string): string {
  return name.slice(0, NAME_CHARS_MAX);
}
