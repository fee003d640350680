import {
  type BatchObservableResult,
  type Counter,
  type Histogram,
  type Meter,
  metrics,
  type Observable,
} from '@opentelemetry/api';
import type { ApprovalEntry } from '../audit/index.ts';
import type { LiveWarden } from '../serving/index.ts';
import { FUEL_BUCKETS, SECONDS_BUCKETS } from './buckets.ts';
import { CELLBLOCK, GEN_AI, METRICS, SCOPE } from './genai-names.ts';
import { type KnownNames, OTHER } from './known-names.ts';
import { pendingApprovals } from './pending-approvals.ts';
import type { EndedRequest, FeedListener } from './trail-feed.ts';

/**
 * The same figures through the OpenTelemetry metrics API, for the provider that the program around us has set before this was made; where there is
 * none, they go nowhere.
 */
export class OtelFigures implements FeedListener {
  readonly #names: KnownNames;
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #fuel: Histogram;
  readonly #approvalEvents: Counter;
  readonly #stopObserving: () => void;

  constructor(live: LiveWarden, names: KnownNames) {
    const meter = metrics.getMeter(SCOPE);
    this.#names = names;
    this.#requests = meter.createCounter(METRICS.requests, { description: 'Requests that ended, by how.', unit: '{request}' });
    this.#seconds = meter.createHistogram(METRICS.duration, {
      description: 'Time from request to outcome of calls that ran.',
      unit: 's',
      advice: { explicitBucketBoundaries: [...SECONDS_BUCKETS] },
    });
    this.#fuel = meter.createHistogram(METRICS.fuel, {
      description: 'Fuel that calls used.',
      unit: '{unit}',
      advice: { explicitBucketBoundaries: [...FUEL_BUCKETS] },
    });
    this.#approvalEvents = meter.createCounter(METRICS.approvalEvents, {
      description: 'What became of questions to humans.',
      unit: '{event}',
    });
    this.#stopObserving = observe(meter, live);
  }

  ended({ agent, tool, outcome, code, ran }: EndedRequest): void {
    const names = this.#names;
    const named = { agent: names.agent(agent), tool: names.tool(tool), code: names.code(code) };
    const isTold = names.isTold(named.agent, named.tool, outcome, named.code);
    const ofTool = { [GEN_AI.toolName]: isTold ? named.tool : OTHER, [CELLBLOCK.outcome]: outcome };
    this.#requests.add(1, {
      ...ofTool,
      [GEN_AI.agentName]: isTold ? named.agent : OTHER,
      ...(named.code === '' ? {} : { [GEN_AI.errorType]: named.code }),
    });
    if (ran === undefined) return;
    this.#seconds.record(ran.wallMs / 1000, ofTool);
    this.#fuel.record(Number(ran.fuel), { [GEN_AI.toolName]: ofTool[GEN_AI.toolName] });
  }

  approval({ event }: ApprovalEntry): void {
    this.#approvalEvents.add(1, { [METRICS.event]: event });
  }

  close(): void {
    this.#stopObserving();
  }
}

/** @returns undoes it. */
function observe(meter: Meter, live: LiveWarden): () => void {
  const pending = meter.createObservableGauge(METRICS.approvalsPending, { description: 'Questions that wait for an answer.' });
  const inFlight = meter.createObservableGauge(METRICS.inFlight, { description: 'Requests without an outcome yet.' });
  const waiting = meter.createObservableGauge(METRICS.waiting, { description: 'Calls that wait for their turn.' });
  const observables: Observable[] = [pending, inFlight, waiting];
  const look = async (result: BatchObservableResult): Promise<void> => {
    const { requestsInFlight, callsWaiting } = live.current.vitals;
    result.observe(inFlight, requestsInFlight);
    result.observe(waiting, callsWaiting);
    try {
      result.observe(pending, await pendingApprovals(live));
    } catch {
      // The trail cannot be read: no figure is better than a wrong one.
    }
  };
  meter.addBatchObservableCallback(look, observables);
  return () => meter.removeBatchObservableCallback(look, observables);
}
