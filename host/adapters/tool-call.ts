import type { AgentDoor, AgentOutcome, ToolListing } from '../serving/index.ts';
import { type ModelAnswer, modelAnswer } from './model-answer.ts';

/** What a program may say for all calls of an adapter. */
export interface AdapterOptions {
  /** Names one conversation or run of the agent, as in `ToolRequest.session`: budgets, approvals and directories may be bound to it. */
  readonly session?: string | undefined;
  /**
   * Names one run in which no two tool calls have the same id. With it, a call that comes again with its id, as after a crash of the program, is
   * answered with the outcome of the first time and not run again: the request's id is `RUN/CALL-ID`, at most 256 characters together.
   * Without it, each call is a request of its own. See `docs/adapters.md` before setting it: not every model API gives ids that are unique.
   */
  readonly run?: string | undefined;
  /** Milliseconds that a call waits where a human is asked; default 0: its result is `pending` at once, and the model is told to call again. */
  readonly waitMs?: number | undefined;
  /** Where a person answers the question of an approval, such as a page of the console; the model may tell its user. */
  readonly linkOf?: ((approval: string) => string | undefined) | undefined;
  /** Cancels every call; beside the signal that an SDK gives for each. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how each call ended, with its receipt: for a program that shows approvals, or keeps audit ids. What it throws is its own bug. */
  readonly onOutcome?: ((outcome: AgentOutcome, call: { readonly name: string; readonly callId?: string }) => void) | undefined;
}

/** One tool call of a model. */
export interface ModelCall {
  /** The name that the model said. */
  readonly name: string;
  readonly argumentsJson: string;
  readonly callId?: string | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** How it ended, and the same in words for the model. */
export interface AnsweredCall {
  readonly outcome: AgentOutcome;
  readonly answer: ModelAnswer;
}

/** Files a model's tool call. Never rejects, except with what `onOutcome` throws. */
export async function callTool(
  door: AgentDoor,
  { name, argumentsJson, callId, signal }: ModelCall,
  options: AdapterOptions,
  listing: ToolListing | undefined,
): Promise<AnsweredCall> {
  const { session, run, waitMs, onOutcome, linkOf } = options;
  // An empty id would make one request of all calls that have none.
  const requestId = run === undefined || callId === undefined || callId === '' ? undefined : `${run}/${callId}`;
  const outcome = await door.call(
    { name, argumentsJson, session, requestId },
    { signal: eitherSignal(options.signal, signal ?? undefined), waitMs },
  );
  onOutcome?.(outcome, { name, ...(callId === undefined ? {} : { callId }) });
  return { outcome, answer: modelAnswer(outcome, listing, linkOf) };
}

function eitherSignal(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one !== undefined && other !== undefined ? AbortSignal.any([one, other]) : (one ?? other);
}

/** Calls of one message that run at the same time. */
const AT_ONCE_MAX = 8;

/**
 * Answers the tool calls of one message, some at a time, as the warden has room for them.
 *
 * @returns the answers in the order of the calls.
 */
export async function callTools(
  door: AgentDoor,
  calls: readonly ModelCall[],
  options: AdapterOptions,
): Promise<readonly AnsweredCall[]> {
  const listings = new Map((await door.tools().catch(() => [])).map((listing) => [listing.name, listing]));
  const answered: AnsweredCall[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < calls.length; at = next++) {
      const call = calls[at]!;
      answered[at] = await callTool(door, call, options, listings.get(call.name));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE_MAX, calls.length) }, worker));
  return answered;
}

/** The parameters of a tool as model APIs want them: without `$schema`, which some refuse. */
export function parametersOf({ inputSchema: { $schema: _, ...schema } }: ToolListing): { readonly [keyword: string]: unknown } {
  return schema;
}
