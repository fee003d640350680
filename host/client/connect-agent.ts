import { CodedError, isCoded, jsonText, parseJson } from '../../runtime/index.ts';
import { splitWords } from '../serving/declared-words.ts';
import { exactText } from '../serving/exact-text.ts';
import type { AgentDoor, AgentOutcome, DoorOptions, ToolCall, ToolListing } from '../serving/index.ts';
import { failedOutcome } from './failed-outcome.ts';
import { type ClientOptions, HttpClient, interrupted, problemError } from './http-client.ts';
import { ToolsWatch } from './tools-watch.ts';
import { readApproval, readApprovals, readListings, readOutcome, readStatus } from './wire.ts';

export type { ClientOptions };

/** Milliseconds for which a list of tools is good where nobody says that it has changed. */
const LISTED_MS = 1000;
/** Seconds that one HTTP request waits for a human: proxies close what is silent for a minute. Longer waits file the same request again. */
const WAIT_S_MAX = 50;
const ARGUMENTS_BYTES_MAX = 32 * 1024 * 1024;
/** What an `Idempotency-Key` can be; a request id with other characters goes in the body. */
const KEY = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/**
 * The door of the agent whose token it is, over the HTTP API. As `agentDoor`, but for these:
 *
 * - What the connection does to a call is a `failed` outcome, `failed/interrupted`: whether the call ran is not known then.
 * - An abort ends the call on the server, too; a call with a request id goes on there, and asking again with the same id gets its outcome.
 * - `onProgress` hears nothing.
 *
 * @throws CodedError `usage/invalid-argument`.
 */
export function connectAgent(options: ClientOptions): AgentDoor {
  return new RemoteDoor(new HttpClient(options), options.agent ?? 'agent');
}

class RemoteDoor implements AgentDoor {
  readonly agent: string;
  readonly #http: HttpClient;
  readonly #watch: ToolsWatch;
  #listed: { readonly untilMs: number; readonly listings: Promise<readonly ToolListing[]> } | undefined;

  constructor(http: HttpClient, agent: string) {
    this.#http = http;
    this.agent = agent;
    this.#watch = new ToolsWatch(http, () => {
      this.#listed = undefined;
    });
  }

  tools(): Promise<readonly ToolListing[]> {
    if (this.#listed === undefined || performance.now() > this.#listed.untilMs) {
      const listings = this.#get('v1/tools', readListings);
      this.#listed = { untilMs: performance.now() + LISTED_MS, listings };
      listings.catch(() => {
        if (this.#listed?.listings === listings) this.#listed = undefined; // a failure is not kept
      });
    }
    return this.#listed.listings;
  }

  async call(call: ToolCall, options: DoorOptions = {}): Promise<AgentOutcome> {
    const beganMs = performance.now();
    try {
      const listings = await beforeFiling(this.tools(), options.signal);
      const listing = listings.find(({ name, toolName }) => name === call.name || toolName === call.name);
      const { requestId } = call;
      const isKey = requestId !== undefined && KEY.test(requestId);
      return await this.#file(bodyOf(call, listing, isKey), options, isKey ? requestId : undefined);
    } catch (error) {
      return failedOutcome(codedOf(error), performance.now() - beganMs);
    }
  }

  async request(json: string | Uint8Array, options: DoorOptions = {}): Promise<AgentOutcome> {
    const beganMs = performance.now();
    try {
      // Copied: `fetch` takes no view of shared memory, and what its owner does later changes nothing.
      return await this.#file(typeof json === 'string' ? json : new Uint8Array(json), options, undefined);
    } catch (error) {
      return failedOutcome(codedOf(error), performance.now() - beganMs);
    }
  }

  status(audit: string) {
    return this.#get(`v1/requests/${encodeURIComponent(audit)}`, readStatus);
  }

  approvals() {
    return this.#get('v1/approvals', readApprovals);
  }

  approval(id: string) {
    return this.#get(`v1/approvals/${encodeURIComponent(id)}`, readApproval);
  }

  onToolsChanged(listener: () => void): () => void {
    return this.#watch.add(listener);
  }

  async #get<T>(path: string, read: (body: unknown) => T): Promise<T> {
    const answer = await this.#http.ask('GET', path);
    if (answer.status !== 200) throw problemError(answer);
    return read(answer.body);
  }

  /** Files a request, and again while its caller waits for a human and there is no answer. */
  async #file(body: string | Uint8Array<ArrayBuffer>, options: DoorOptions, key: string | undefined): Promise<AgentOutcome> {
    const untilMs = performance.now() + (options.waitMs ?? 0);
    for (;;) {
      const beganMs = performance.now();
      const waitS = Math.min(WAIT_S_MAX, Math.ceil(Math.max(0, untilMs - beganMs) / 1000));
      const outcome = await this.#fileOnce(body, options, key, waitS);
      const nowMs = performance.now();
      // A server that does not wait as long as it was asked to would be asked again at once, without end.
      const isPatient = nowMs - beganMs >= waitS * 900;
      if (outcome.kind !== 'pending' || nowMs >= untilMs || !isPatient) return outcome;
    }
  }

  async #fileOnce(
    body: string | Uint8Array<ArrayBuffer>,
    { signal, trace }: DoorOptions,
    key: string | undefined,
    waitS: number,
  ): Promise<AgentOutcome> {
    const headers = {
      prefer: `wait=${waitS}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(trace?.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
      ...(trace?.tracestate === undefined ? {} : { tracestate: trace.tracestate }),
    };
    try {
      const answer = await this.#http.ask('POST', 'v1/requests', { body, headers, signal, extraMs: waitS * 1000 });
      return outcomeOf(answer);
    } catch (error) {
      // With a key the call goes on without us: that it was cancelled would be untrue.
      if (key !== undefined && isCoded(error) && error.code === 'cancelled/by-caller') {
        throw interrupted('the caller no longer waits; the call may go on', error);
      }
      throw error;
    }
  }
}

/** What is needed before anything is sent, or until the caller aborts: what goes wrong here has run nothing. */
async function beforeFiling<T>(needed: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(new CodedError('cancelled/by-caller', 'the caller aborted the call'));
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([needed, aborted]);
  } catch (cause) {
    const { code, message, data } = codedOf(cause);
    throw new CodedError(code, message, { cause, data, help: 'nothing was filed: ask again once the server answers' });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function outcomeOf(answer: { readonly status: number; readonly body: unknown }): AgentOutcome {
  if (answer.status === 200 || answer.status === 202) {
    const outcome = readOutcome(answer.body);
    if (outcome === undefined) throw interrupted('the server sent what is no outcome');
    return outcome;
  }
  const { outcome } = (answer.body ?? {}) as { readonly outcome?: unknown }; // `as`: looked at by `readOutcome`
  const told = readOutcome(outcome);
  if (told === undefined || told.kind === 'ok') throw problemError(answer);
  return told;
}

/**
 * The body of a request, JSON text. The arguments are read first: what is no strict JSON could otherwise close its place and add members of its own.
 *
 * @throws CodedError `params/malformed-json`, `params/too-large`.
 */
function bodyOf(call: ToolCall, listing: ToolListing | undefined, isKey: boolean): string {
  const { parametersJson, words } = splitWords(call.argumentsJson, listing?.words ?? new Map());
  const parameters = exactText(parseJson(parametersJson, { bytesMax: ARGUMENTS_BYTES_MAX }));
  const members = {
    tool_name: listing?.toolName ?? call.name,
    justification: call.justification,
    source: call.source,
    request_id: isKey ? undefined : call.requestId,
    session: call.session,
    deadline: call.deadlineMs,
    ...words,
  };
  const written = Object.entries(members).filter(([, value]) => value !== undefined);
  return `{${written.map(([name, value]) => `${jsonText(name)}:${JSON.stringify(value)}`).join(',')},"parameters":${parameters}}`;
}

function codedOf(error: unknown): CodedError {
  return isCoded(error)
    ? (error as CodedError)
    : new CodedError('internal/invariant', 'the request could not be sent', { cause: error });
}
