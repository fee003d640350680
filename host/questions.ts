import { type ApprovalBook, type Asked, slackMessage, webhookRequest } from './approvals/index.ts';
import type { TrailRecord } from './audit/trail.ts';
import {
  type Address,
  type Delivery,
  type Env,
  HttpSink,
  httpPost,
  Lane,
  type Load,
  type Loss,
  type Post,
  type Render,
  type Sink,
  slackAddress,
  systemTimers,
  type Timers,
  waitAtMost,
  webhookAddress,
} from './outbound/index.ts';
import type { ApproverChannel } from './policy/index.ts';
import { quote } from './policy/quote.ts';
import type { Trail } from './trail.ts';

export interface QuestionsOptions {
  /** What carries questions, by name, as the policy has it. */
  readonly channels: ReadonlyMap<string, ApproverChannel>;
  /** Where the secrets are that the channels name; read once, now. */
  readonly env: Env;
  /** Hears what keeps a question from arriving; without secrets and addresses. */
  readonly onProblem: (problem: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly post?: Post;
  readonly timers?: Timers;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** A channel on this machine's side: the road to it, or why there is none. */
type Channel = { readonly lane: Lane<Question> } | { readonly problem: string };

/** A question on its way. */
interface Question extends Load {
  readonly asked: Asked;
}

/** Questions that wait for one channel: a receiver that is slow costs questions, never memory. */
const WAITING_MAX = 100;
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
const ATTEMPTS_MAX = 3;
const BACKOFF_MS = 1000;
/** For one attempt. */
const TIMEOUT_MS = 10_000;
const GRACE_MS = 2000;

/**
 * Sends each question that this process asks to the channels that it names, beside the calls: a channel that hangs, fails or has no secret
 * costs no request any time. It only tells: the answer comes by another way, and the trail has the question.
 *
 * Each question goes out by itself; none is left out for another that is like it.
 */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #timers: Timers;
  readonly #now: () => number;
  readonly #writer: string;
  readonly #book: ApprovalBook;
  readonly #channels = new Map<string, Channel>();
  readonly #stopListening: () => void;
  /** Audit id of the request that this process is writing: its records come one after another. */
  #requested: string | undefined;

  constructor({ journal, state }: Pick<Trail, 'journal' | 'state'>, options: QuestionsOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#now = options.now ?? Date.now;
    this.#writer = journal.writer;
    this.#book = state.approvals;
    for (const channel of options.channels.values()) this.#open(channel);
    this.#stopListening = state.onRecord((record) => this.#hear(record));
  }

  /** Waits until all has arrived or been given up, at most this long. */
  async flush(graceMs: number): Promise<void> {
    const lanes = [...this.#channels.values()].flatMap((channel) => ('lane' in channel ? [channel.lane.idle()] : []));
    await waitAtMost(Promise.all(lanes), graceMs, this.#timers);
  }

  /** Sends what waits, as far as it goes within two seconds. What is left is told, and goes nowhere. */
  async close(): Promise<void> {
    await this.flush(GRACE_MS);
    this.#stopListening();
    for (const [name, channel] of this.#channels) {
      if (!('lane' in channel)) continue;
      for (const { asked } of channel.lane.close()) this.#tellUndelivered(name, asked, 'the warden was closed before');
    }
  }

  /** `terminal` and `mcp` ask where the request is filed. */
  #open(channel: ApproverChannel): void {
    if (channel.kind === 'terminal' || channel.kind === 'mcp') return;
    const { env } = this.#options;
    const address = channel.kind === 'webhook' ? webhookAddress(channel, env) : slackAddress(channel, env);
    if ('problem' in address) this.#tell(channel.name, `none can be sent: ${address.problem}`);
    this.#channels.set(channel.name, 'problem' in address ? address : { lane: this.#laneTo(channel, address) });
  }

  #laneTo(
    { kind, name }: Extract<ApproverChannel, { kind: 'webhook' | 'slack' }>,
    { url, key }: Exclude<Address, { problem: unknown }>,
  ): Lane<Question> {
    const { post = httpPost, random = Math.random } = this.#options;
    const render = kind === 'webhook' ? webhookRender(key, this.#now) : slackRender(this.#now);
    return new Lane({
      sink: this.#whilePending(new HttpSink({ url, post, timeoutMs: TIMEOUT_MS, timers: this.#timers }, render)),
      itemsMax: WAITING_MAX,
      bytesMax: WAITING_BYTES_MAX,
      attemptsMax: ATTEMPTS_MAX,
      backoffMs: BACKOFF_MS,
      timers: this.#timers,
      random,
      onArrived: () => undefined,
      onLost: ({ asked }, loss) => this.#tellUndelivered(name, asked, lossText(loss)),
    });
  }

  /** Nobody needs to be asked any more what is answered, or over. */
  #whilePending(sink: Sink<Question>): Sink<Question> {
    const ended = ({ asked }: Question): Delivery | undefined => {
      const approval = this.#book.approval(asked.approval);
      const status = approval === undefined ? 'expired' : this.#book.status(approval, this.#now());
      if (status === 'pending') return undefined;
      return status === 'expired' ? { done: false, reason: 'it has expired before', again: false } : { done: true };
    };
    return { deliver: async (question, signal) => ended(question) ?? sink.deliver(question, signal) };
  }

  /** Called under the trail's lock, for the records of all processes: each process sends what it asks. */
  #hear(record: TrailRecord): void {
    if (record.kind === 'requested') this.#requested = record.writer === this.#writer ? record.audit : undefined;
    if (record.kind !== 'approval' || record.event !== 'asked') return;
    const asked = this.#book.approval(record.approval)?.asked; // the entry as it was made, without its place in the trail
    const question = asked?.subject.question;
    if (question === undefined ? record.audit !== this.#requested : question.writer !== this.#writer) return;
    if (question === undefined) this.#requested = undefined; // a request asks once; its call may ask more
    if (asked?.audit === record.audit) this.#send(asked);
  }

  #send(asked: Asked): void {
    const bytes = Buffer.byteLength(JSON.stringify(asked));
    for (const name of new Set(asked.channels)) {
      if (name === 'terminal' || name.startsWith('mcp:')) continue;
      const channel = this.#channels.get(name);
      if (channel !== undefined && 'lane' in channel) channel.lane.push({ asked, bytes, critical: false });
      else this.#tellUndelivered(name, asked, channel?.problem ?? 'the policy has no such channel');
    }
  }

  #tellUndelivered(channel: string, { approval }: Asked, why: string): void {
    this.#tell(channel, `approval ${quote(approval)} was not delivered: ${why}`);
  }

  #tell(channel: string, problem: string): void {
    try {
      this.#options.onProblem(`questions to ${quote(channel)}: ${problem}`);
    } catch {
      // Whoever listens is broken; a call must not pay for it.
    }
  }
}

function lossText(loss: Loss): string {
  if (loss.kind === 'undelivered') return loss.reason;
  return loss.kind === 'closed' ? 'the warden is closed' : 'too many wait already';
}

function webhookRender(key: Buffer | undefined, now: () => number): Render<Question> {
  return ({ asked }) => webhookRequest(asked, { key, nowMs: now() });
}

function slackRender(now: () => number): Render<Question> {
  return ({ asked }) => ({ body: JSON.stringify(slackMessage(asked, { nowMs: now() })), headers: {} });
}
