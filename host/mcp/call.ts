import {
  type CallToolRequest,
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { isCoded } from '../../runtime/index.ts';
import type { Asked } from '../approvals/index.ts';
import { quote } from '../policy/quote.ts';
import type { AgentDoor, AgentOutcome, ClientApprover, DoorOptions, ToolCall, ToolListing } from '../serving/index.ts';
import { argumentsJsonOf } from './exact-message.ts';
import { CallNews, type LogSender } from './progress.ts';
import { callDigest, counts, QUESTION, type QuestionSeal, questionForm, type Said, saidIn } from './question.ts';
import { callWords } from './request-meta.ts';
import { OUTCOME_META, toolResult } from './tool-result.ts';

/** What the calls of one agent's clients are served with. */
export interface CallParts {
  readonly door: AgentDoor;
  readonly approver: ClientApprover;
  readonly linkOf: (approval: string) => string | undefined;
  readonly waitMs: number;
  readonly seal: QuestionSeal;
}

/** How the person before a client can be asked: not at all, by a request of ours during the call, or by a result after which it is sent again. */
export type AskingWay = 'none' | 'during' | 'between';

export interface CallPeer {
  readonly asking: AskingWay;
  readonly log: LogSender;
  /** Approvals that this client is being asked about: nobody is shown two forms for one question. */
  readonly open: Set<string>;
}

/** Milliseconds that a person has before a form of ours; the question itself stays open longer. */
const FORM_MS_MAX = 600_000;

/**
 * Serves one `tools/call`: files it at the agent's door and says how it ended, with the person before the client asked where the policy trusts that client.
 *
 * @throws ProtocolError invalid params: an unknown tool (which was filed, too), a malformed `_meta`, a state that is not ours.
 */
export async function serveCall(
  parts: CallParts,
  { name, arguments: args }: CallToolRequest['params'],
  ctx: ServerContext,
  peer: CallPeer,
): Promise<CallToolResult | InputRequiredResult> {
  const { words, trace } = callWords(ctx.mcpReq._meta);
  const call: ToolCall = { name, argumentsJson: argumentsJsonOf(args), ...words };
  const listing = (await parts.door.tools()).find((listed) => listed.name === name || listed.toolName === name);
  const news = new CallNews(ctx);
  const span: { traceparent?: string } = {};
  const onSpan = (traceparent: string): void => {
    span.traceparent = traceparent;
  };
  const one = new OneCall(parts, call, doorOptions(ctx, news, { ...trace, onSpan }), ctx, peer);
  const outcome = await one.run();
  if ('ask' in outcome) return outcome.ask;
  news.log(outcome, peer.log);
  await news.sent();
  if (listing === undefined && outcome.kind === 'refused') throw unknownTool(name, outcome);
  const result = toolResult(outcome, listing?.result ?? NO_RESULT, parts.linkOf);
  return { ...result, _meta: { ...result._meta, ...span } };
}

const NO_RESULT: ToolListing['result'] = { form: 'none' };

function doorOptions(ctx: ServerContext, news: CallNews, trace: NonNullable<DoorOptions['trace']>): DoorOptions {
  const { onProgress } = news;
  return {
    signal: ctx.mcpReq.signal,
    ...(onProgress === undefined ? {} : { onProgress }),
    trace,
  };
}

function unknownTool(name: string, { receipt, error }: AgentOutcome): ProtocolError {
  const outcome = { kind: 'refused', audit: receipt.audit, code: error?.code };
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `unknown tool: ${quote(name)}`, { [OUTCOME_META]: outcome });
}

/** A call and the questions about it. */
class OneCall {
  readonly #parts: CallParts;
  readonly #call: ToolCall;
  readonly #options: DoorOptions;
  readonly #ctx: ServerContext;
  readonly #peer: CallPeer;

  constructor(parts: CallParts, call: ToolCall, options: DoorOptions, ctx: ServerContext, peer: CallPeer) {
    this.#parts = parts;
    this.#call = call;
    this.#options = options;
    this.#ctx = ctx;
    this.#peer = peer;
  }

  async run(): Promise<AgentOutcome | { readonly ask: InputRequiredResult }> {
    const asking = (await this.#takeAnswer()) === 'put off' ? 'none' : this.#peer.asking;
    const { waitMs } = this.#parts;
    // Whoever can be asked here and now is not waited for elsewhere first.
    const outcome = await this.#file(asking === 'none' ? waitMs : 0);
    if (outcome.kind !== 'pending' || asking === 'none') return outcome;
    const asked = await this.#question(outcome);
    if (asked === undefined) return waitMs === 0 ? outcome : this.#file(waitMs);
    if (asking === 'between') return { ask: await this.#inputRequired(asked) };
    const said = await this.#askDuring(asked);
    if (said === undefined) return outcome;
    await this.#tell(asked, said);
    return this.#file(0);
  }

  #file(waitMs: number): Promise<AgentOutcome> {
    return this.#parts.door.call(this.#call, { ...this.#options, waitMs });
  }

  async #question({ approval }: AgentOutcome): Promise<Asked | undefined> {
    return approval === undefined ? undefined : this.#parts.approver.question(approval.id);
  }

  /** The answer that came with a call which is sent again. Without a state of ours there is none, whatever the client says. */
  async #takeAnswer(): Promise<'none' | 'given' | 'put off'> {
    const state: unknown = this.#ctx.mcpReq.requestState();
    if (state === undefined || this.#peer.asking !== 'between') return 'none';
    const { door, approver, seal } = this.#parts;
    const approval = typeof state === 'string' ? await seal.open(state, door.agent, this.#digest()) : undefined;
    if (approval === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'invalid or expired requestState');
    const response = inputResponse(this.#ctx.mcpReq.inputResponses, QUESTION);
    const said = response.kind === 'elicit' ? saidIn(response) : undefined;
    if (said === undefined) return 'put off';
    const asked = await approver.question(approval);
    if (asked?.approval === approval) await this.#tell(asked, said);
    return 'given';
  }

  async #inputRequired(asked: Asked): Promise<InputRequiredResult> {
    return inputRequired({
      inputRequests: { [QUESTION]: inputRequired.elicit(questionForm(asked, Date.now())) },
      requestState: await this.#parts.seal.seal(this.#parts.door.agent, asked.approval, this.#digest()),
    });
  }

  /** @returns undefined: nobody has decided. A client that fails, or answers with something else, is nobody. */
  async #askDuring(asked: Asked): Promise<Said | undefined> {
    const { open } = this.#peer;
    const timeout = Math.min(asked.expiresAt - Date.now(), FORM_MS_MAX);
    if (open.has(asked.approval) || timeout <= 0) return undefined;
    open.add(asked.approval);
    try {
      const { id, signal, elicitInput } = this.#ctx.mcpReq;
      return saidIn(await elicitInput(questionForm(asked, Date.now()), { relatedRequestId: id, signal, timeout }));
    } catch {
      return undefined;
    } finally {
      open.delete(asked.approval);
    }
  }

  /** An answer that does not count, such as one that came too late, changes nothing: the call is filed again and shows what is. */
  async #tell(asked: Asked, said: Said): Promise<void> {
    if (!counts(said, asked)) return;
    try {
      await this.#parts.approver.answer(asked, said);
    } catch (error) {
      if (!isCoded(error)) throw error;
    }
  }

  #digest(): string {
    const { name, argumentsJson } = this.#call;
    return callDigest(name, String(argumentsJson));
  }
}
