import { dirname } from 'node:path';
import {
  type CellOutcome,
  CodedError,
  encodeParams,
  type Limits,
  type Param,
  type PlainJson,
  type PreparedCall,
  paramsFromPlain,
  type Runner,
} from '../runtime/index.ts';
import type { IntentEntry, OutcomeEntry, RequestedEntry } from './audit/entries.ts';
import type { TrailRecord } from './audit/trail.ts';
import { type CapabilityEntry, grantFor } from './capabilities/index.ts';
import { readComponentBytes } from './component-file.ts';
import { digestOf } from './digest.ts';
import { AnswerPlayer, type HostAnswer } from './host-answers.ts';
import { LoneCall, type LoneCallSetting } from './lone-call.ts';
import { grantNameOf, type Policy } from './policy/index.ts';
import { quote } from './policy/quote.ts';

/** One thing that a second run of a call had to have in common with the first. */
export interface ReplayedPart {
  readonly part: 'outcome' | 'code' | 'result' | 'fuel' | 'memory' | 'host-calls';
  readonly recorded: string;
  readonly replayed: string;
  readonly isSame: boolean;
}

/** What a replay shows. */
export interface ReplayReport {
  readonly audit: string;
  /** True when everything that follows from the call is the same. */
  readonly isSame: boolean;
  readonly parts: readonly ReplayedPart[];
  /** What could make a difference, as far as the record tells. */
  readonly reasons: readonly string[];
  readonly outcome: CellOutcome;
}

export interface ReplaySetup {
  readonly runner: Runner;
  /** Path of the component; its digest has to be the recorded one. */
  readonly componentPath: string;
  readonly capabilities: readonly CapabilityEntry[];
  /** The policy as it is now: its grants have to be the recorded ones. */
  readonly policy: Pick<Policy, 'file' | 'tools'>;
}

/**
 * Runs a recorded call again: the recorded component, parameters, grants and limits, a clock and a seed that follow from the call, and answers of
 * host functions from the record. No effect happens twice: where an answer is missing, the capability is not asked unless it has none.
 *
 * @param records - all records of one request, in the order of the trail.
 * @throws CodedError `usage/not-found` for a request that did not run or has not ended; `usage/invalid-argument` where the record has not
 * enough, such as parameters that were redacted; `policy/digest-mismatch` for another component.
 */
export async function replayCall(records: readonly TrailRecord[], setup: ReplaySetup): Promise<ReplayReport> {
  const recorded = recordedCall(records);
  const { intent, outcome: before } = recorded;
  const player = playerFor(recorded, setup.capabilities);
  const lone = new LoneCall(loneSetting(intent, setup));
  const call = await prepare(intent, lone, setup);
  const bytes = parametersOf(recorded, call);
  const tap = player === undefined ? {} : { tap: player };
  const { cell: outcome } = await lone.run(call.limits.timeoutMsMax, (options) =>
    setup.runner.invoke(call, bytes, { ...options, ...tap }),
  );
  const parts = compare(before, outcome);
  const isSame = parts.every((part) => part.isSame);
  const told = await setup.runner.explain(call, outcome);
  return { audit: intent.audit, isSame, parts, reasons: isSame ? [] : reasonsOf(recorded, call), outcome: told };
}

interface RecordedCall {
  readonly requested: RequestedEntry;
  readonly intent: IntentEntry;
  readonly outcome: OutcomeEntry;
}

function recordedCall(records: readonly TrailRecord[]): RecordedCall {
  const requested = records.find((record) => record.kind === 'requested');
  const intent = records.find((record) => record.kind === 'intent');
  const outcome = records.find((record) => record.kind === 'outcome');
  if (requested === undefined) throw new CodedError('usage/not-found', 'the trail has no such request');
  if (intent === undefined) throw new CodedError('usage/not-found', 'the request did not run, so there is nothing to run again');
  if (outcome === undefined) throw new CodedError('usage/not-found', 'the call has not ended yet');
  return { requested, intent, outcome };
}

/** @throws where the call used capabilities that have an effect, and their answers were not kept. */
function playerFor({ intent, outcome }: RecordedCall, capabilities: readonly CapabilityEntry[]): AnswerPlayer | undefined {
  if (outcome.hostAnswers !== undefined) return new AnswerPlayer(outcome.hostAnswers as unknown as readonly HostAnswer[]);
  const known = (name: string) => capabilities.find((entry) => entry.name === name);
  const effectful = intent.grants.map(grantNameOf).filter((name) => known(name)?.effect !== 'none');
  if (effectful.length === 0) return undefined;
  throw new CodedError(
    'usage/invalid-argument',
    `the call may have had effects by ${effectful.join(', ')}, and their answers are not kept`,
    {
      help: 'set `trail: { answers: keep }` in the policy, for calls from then on',
    },
  );
}

/** @throws CodedError `usage/invalid-argument` where the policy grants something else by now. */
function loneSetting({ grants, tool: name }: IntentEntry, { policy, capabilities: entries }: ReplaySetup): LoneCallSetting {
  const tool = policy.tools.get(name);
  if (tool === undefined) throw new CodedError('usage/not-found', `the policy has no tool ${quote(name)} any more`);
  const names = grants.map(grantNameOf);
  for (const [index, grant] of names.entries()) {
    const now = tool.grantTexts.get(grant);
    if (now === grants[index]) continue;
    throw new CodedError('usage/invalid-argument', `the policy grants ${quote(grant)} otherwise than when the call ran`, {
      data: { recorded: grants[index]!, now: now ?? null },
      help: 'give `--policy` with the version of that time',
    });
  }
  const { scopes, ceilingScopes } = tool;
  return { tool: name, entries, grants: names, scopes, ceilingScopes, folder: dirname(policy.file) };
}

async function prepare(
  intent: IntentEntry,
  lone: LoneCall,
  { runner, componentPath, capabilities }: ReplaySetup,
): Promise<PreparedCall> {
  const component = await runner.load(await readComponentBytes(componentPath));
  if (component.digest !== intent.component) {
    throw new CodedError('policy/digest-mismatch', 'the component is not the one that ran', {
      data: { expected: intent.component, got: component.digest },
      help: 'name the file of that component with `--component`',
    });
  }
  return runner.prepare(component, {
    function: intent.function,
    capabilities: lone.capabilities,
    limits: limitsOf(intent),
    grantFor: (importName) => grantFor(importName, capabilities),
  });
}

function limitsOf({ limits }: IntentEntry): Partial<Limits> {
  const entries = Object.entries(limits).map(([name, text]) => [name, name === 'fuelMax' ? BigInt(text) : Number(text)] as const);
  return Object.fromEntries(entries) as Partial<Limits>; // names and values come from the limits of the first run
}

function parametersOf({ requested, intent }: RecordedCall, call: PreparedCall): Uint8Array {
  const { params } = call.function.type;
  const bytes = requested.parameters === undefined ? undefined : encoded(requested.parameters, params);
  if (bytes !== undefined && digestOf(bytes) === intent.parametersDigest) return bytes;
  throw new CodedError(
    'usage/invalid-argument',
    'the trail does not have the parameters of this call: they were secret or too large',
  );
}

function encoded(json: PlainJson, params: readonly Param[]): Uint8Array | undefined {
  try {
    return encodeParams(paramsFromPlain(json, params), params);
  } catch {
    return undefined; // a keyed digest stands where a value was
  }
}

function compare(before: OutcomeEntry, now: CellOutcome): readonly ReplayedPart[] {
  const part = (name: ReplayedPart['part'], recorded: string, replayed: string): ReplayedPart => {
    return { part: name, recorded, replayed, isSame: recorded === replayed };
  };
  const { usage, error, valueBytes } = now;
  return [
    part('outcome', before.outcome, now.kind),
    part('code', before.code ?? 'none', error?.code ?? 'none'),
    part('result', before.resultDigest ?? 'none', valueBytes === undefined ? 'none' : digestOf(valueBytes)),
    part('fuel', before.fuel, String(usage.fuel)),
    part('memory', String(before.memoryBytesPeak), String(usage.memoryBytesPeak)),
    part('host-calls', String(before.hostCalls), String(usage.hostCalls)),
  ];
}

function reasonsOf({ intent, outcome }: RecordedCall, call: PreparedCall): readonly string[] {
  const open = intent.grants.map(grantNameOf).filter((name) => name === 'clock' || name === 'random');
  return [
    ...open.map((name) => `the call was granted \`${name}\`, which is not the same twice`),
    ...(outcome.code?.startsWith('limit/') || outcome.outcome === 'cancelled'
      ? ['the call was ended by time or by its caller']
      : []),
    `linked by ${call.artifact.bindings} bindings, fuel by the cost model \`${call.artifact.costModel}\``,
  ];
}
