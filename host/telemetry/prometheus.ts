import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ApprovalEntry } from '../audit/index.ts';
import type { LiveWarden } from '../serving/index.ts';
import { FUEL_BUCKETS, SECONDS_BUCKETS } from './buckets.ts';
import { type KnownNames, OTHER } from './known-names.ts';
import type { OperatorLog } from './operator-log.ts';
import { pendingApprovals } from './pending-approvals.ts';
import type { EndedRequest, FeedListener } from './trail-feed.ts';

/** Of this process, whose garbage and event loop all telemetry of it shares: opened when first asked for. */
let processFigures: Registry | undefined;

function processRegistry(): Registry {
  if (processFigures === undefined) {
    processFigures = new Registry();
    collectDefaultMetrics({ register: processFigures });
  }
  return processFigures;
}

/** The figures of a live warden as Prometheus reads them. Labels are names of the policy, codes of our table and our own words, and no ids. */
export class PrometheusFigures implements FeedListener {
  readonly #names: KnownNames;
  readonly #registry = new Registry();
  readonly #requests: Counter<'agent' | 'tool' | 'outcome' | 'code'>;
  readonly #seconds: Histogram<'tool' | 'outcome'>;
  readonly #fuel: Histogram<'tool'>;
  readonly #hostCalls: Counter<'tool'>;
  readonly #approvalEvents: Counter<'event'>;
  readonly #alerts: Counter<'severity'>;
  readonly #reloads: Counter;

  constructor(live: LiveWarden, names: KnownNames, log: OperatorLog) {
    this.#names = names;
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'cellblock_requests_total',
      help: 'Requests of this process that ended, by how.',
      labelNames: ['agent', 'tool', 'outcome', 'code'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'cellblock_call_duration_seconds',
      help: 'Time from request to outcome of calls that ran.',
      labelNames: ['tool', 'outcome'],
      buckets: [...SECONDS_BUCKETS],
      registers,
    });
    this.#fuel = new Histogram({
      name: 'cellblock_call_fuel',
      help: 'Units of fuel that calls used.',
      labelNames: ['tool'],
      buckets: [...FUEL_BUCKETS],
      registers,
    });
    this.#hostCalls = new Counter({
      name: 'cellblock_host_calls_total',
      help: 'Calls of host functions by tools.',
      labelNames: ['tool'],
      registers,
    });
    this.#approvalEvents = new Counter({
      name: 'cellblock_approval_events_total',
      help: 'Questions to humans in the trail, of all processes: asked, approved, denied, revoked, expired, used.',
      labelNames: ['event'],
      registers,
    });
    this.#alerts = new Counter({
      name: 'cellblock_alerts_total',
      help: 'Alerts raised by requests of this process.',
      labelNames: ['severity'],
      registers,
    });
    this.#reloads = new Counter({
      name: 'cellblock_policy_reloads_total',
      help: 'Policies put in force after the first.',
      registers,
    });
    registerWarden(live, registers);
    registerAlertSinks(live, registers);
    registerLog(log, registers);
  }

  ended({ agent, tool, outcome, code, ran }: EndedRequest): void {
    const names = this.#names;
    const toolName = names.tool(tool);
    const labels = { agent: names.agent(agent), tool: toolName, outcome, code: names.code(code) };
    const isTold = names.isTold(labels.agent, toolName, outcome, labels.code);
    this.#requests.inc(isTold ? labels : { ...labels, agent: OTHER, tool: OTHER });
    if (ran === undefined) return;
    this.#seconds.observe({ tool: toolName, outcome }, ran.wallMs / 1000);
    this.#fuel.observe({ tool: toolName }, Number(ran.fuel));
    if (ran.hostCalls > 0) this.#hostCalls.inc({ tool: toolName }, ran.hostCalls);
  }

  approval({ event }: ApprovalEntry): void {
    this.#approvalEvents.inc({ event });
  }

  alert(severity: string): void {
    this.#alerts.inc({ severity });
  }

  reloaded(): void {
    this.#reloads.inc();
  }

  /** In the text format 0.0.4. A figure that cannot be read now is left out. */
  async text(): Promise<string> {
    const text = await Registry.merge([this.#registry, processRegistry()]).metrics();
    return text.replace(/ Nan$/gm, ' NaN'); // as the format spells it, and the library does not
  }
}

/** Read when somebody looks. */
function registerWarden(live: LiveWarden, registers: Registry[]): void {
  const gauge = (name: string, help: string, read: () => number | undefined | Promise<number | undefined>): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = await read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
  gauge('cellblock_requests_in_flight', 'Requests without an outcome yet.', () => live.current.vitals.requestsInFlight);
  gauge('cellblock_calls_waiting', 'Calls that wait for their turn.', () => live.current.vitals.callsWaiting);
  gauge('cellblock_trail_last_seq', 'Number of the last record of the trail.', () => live.current.vitals.seq);
  gauge('cellblock_policy_in_force', '1 if the policy file as it is now is in force, 0 if one before it is.', () =>
    live.policyState.problem === undefined ? 1 : 0,
  );
  gauge('cellblock_approvals_pending', 'Questions of the trail that wait for an answer; absent where it cannot be read.', () =>
    pendingApprovals(live).catch(() => undefined),
  );
}

function registerAlertSinks(live: LiveWarden, registers: Registry[]): void {
  new Gauge({
    name: 'cellblock_alerts_undelivered',
    help: 'Alerts that wait for their sink.',
    labelNames: ['sink'],
    registers,
    collect() {
      this.reset();
      for (const [sink, { waiting }] of live.current.vitals.alerts) this.set({ sink }, waiting);
    },
  });
  new Counter({
    name: 'cellblock_alerts_lost_total',
    help: 'Alerts that never arrived, since the policy is in force.',
    labelNames: ['sink'],
    registers,
    collect() {
      this.reset();
      for (const [sink, { dropped }] of live.current.vitals.alerts) this.inc({ sink }, dropped);
    },
  });
}

function registerLog(log: OperatorLog, registers: Registry[]): void {
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  counter('cellblock_log_lines_dropped_total', 'Log lines that went nowhere.', () => log.counts.linesDropped);
  counter('cellblock_problems_total', 'Problems told to the log.', () => log.counts.problems);
  counter(
    'cellblock_unrecorded_requests_total',
    'Requests by traced doors that failed because the trail could not be written.',
    () => log.counts.unrecorded,
  );
  new Counter({
    name: 'cellblock_runner_ends_total',
    help: 'Runner processes that were killed or crashed.',
    labelNames: ['type'],
    registers,
    collect() {
      this.reset();
      this.inc({ type: 'killed' }, log.counts.runnersKilled);
      this.inc({ type: 'crashed' }, log.counts.runnersCrashed);
    },
  });
}
