import { createHmac, timingSafeEqual } from 'node:crypto';
import { CodedError } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';
import type { Answer } from './answer.ts';
import { wholeId } from './id.ts';
import { APPROVE_ACTION, DENY_ACTION } from './slack.ts';

/*
 * What Slack sends when somebody presses a button, checked before any of it is believed.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack, https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
 */

/** How far the clock of a callback may be from ours, in either direction. */
export const CALLBACK_AGE_MS_MAX = 300_000;
/** A callback carries the message again, so it is as large as that and more. */
const BODY_BYTES_MAX = 256 * 1024;
const SEEN_MAX = 10_000;

/** Signatures that were accepted, for as long as they would be again: what makes each callback good for one time. */
export class SeenCallbacks {
  readonly #until = new Map<string, number>();

  /** @returns false for one that was here before, and for any more than it can remember. */
  add(signature: string, untilMs: number, nowMs: number): boolean {
    if (this.#until.has(signature)) return false;
    if (this.#until.size >= SEEN_MAX) this.#forget(nowMs);
    if (this.#until.size >= SEEN_MAX) return false;
    this.#until.set(signature, untilMs);
    return true;
  }

  #forget(nowMs: number): void {
    for (const [signature, until] of this.#until) if (until < nowMs) this.#until.delete(signature);
  }
}

export interface SlackCallback {
  /** The body as it came over the network, not parsed and written again. */
  readonly rawBody: Uint8Array;
  /** By name; case does not count. A header that came more than once is none. */
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  readonly signingSecret: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly seen: SeenCallbacks;
}

/** A button that a known user of the workspace pressed. Whether the user may answer is not decided yet. */
export interface SlackPress {
  readonly approval: string;
  readonly digest: string;
  readonly answer: 'approved' | 'denied';
  /** Slack's own id of the user, which no user can choose. */
  readonly userId: string;
  /** What the user calls themselves: for showing, never for deciding. */
  readonly userName?: string;
}

export type SlackCheck = { readonly ok: SlackPress } | { readonly status: 400 | 401; readonly reason: string };

/**
 * Checks the signature, age and novelty of a callback, then reads which button it is about.
 *
 * @returns `401` for what Slack did not send, or not now, or sent before; `400` for what is signed but no press of our buttons. Throws nothing.
 */
export function checkSlackCallback(callback: SlackCallback): SlackCheck {
  const { rawBody, headers, nowMs } = callback;
  if (callback.signingSecret === '') return refused('there is no signing secret');
  if (rawBody.length > BODY_BYTES_MAX) return { status: 400, reason: 'the body is too large' };
  const timestamp = headerOf(headers, 'x-slack-request-timestamp');
  const signature = headerOf(headers, 'x-slack-signature');
  if (timestamp === undefined || !/^[0-9]{1,12}$/.test(timestamp)) return refused('the timestamp is missing or malformed');
  if (signature === undefined) return refused('the signature is missing');
  const sentMs = Number(timestamp) * 1000;
  if (!(Math.abs(nowMs - sentMs) <= CALLBACK_AGE_MS_MAX)) return refused('the timestamp is more than 300 seconds away');
  if (!isSigned(callback.signingSecret, timestamp, rawBody, signature)) return refused('the signature is wrong');
  if (!callback.seen.add(signature, sentMs + CALLBACK_AGE_MS_MAX, nowMs)) return refused('the callback was here before');
  const press = readPress(rawBody);
  return press === undefined ? { status: 400, reason: 'the payload is no press of a button of ours' } : { ok: press };
}

/**
 * The answer that a press stands for, to be given to `answerEntries`, which decides whether that person may give it.
 *
 * @param channel - the policy's name of the channel that the question went to, such as `slack:team`.
 * @param users - names of the policy's people by Slack user id; nobody else has a say.
 * @throws CodedError `denied/not-an-approver`.
 */
export function slackAnswer(press: SlackPress, channel: string, users: ReadonlyMap<string, string>): Answer {
  const by = users.get(press.userId);
  if (by === undefined) {
    throw new CodedError('denied/not-an-approver', `the policy does not name the Slack user ${quote(press.userId)}`);
  }
  return { approval: press.approval, event: press.answer, by, channel, digest: press.digest };
}

function refused(reason: string): SlackCheck {
  return { status: 401, reason };
}

function headerOf(headers: SlackCallback['headers'], name: string): string | undefined {
  const found = Object.entries(headers).filter(([key]) => key.toLowerCase() === name);
  const value = found.length === 1 ? found[0]?.[1] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function isSigned(secret: string, timestamp: string, body: Uint8Array, signature: string): boolean {
  const mac = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex');
  const expected = Buffer.from(`v0=${mac}`);
  const given = Buffer.from(signature);
  // Lengths are no secret; the comparison of equal ones takes the same time wherever they differ.
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function readPress(rawBody: Uint8Array): SlackPress | undefined {
  const payloads = new URLSearchParams(Buffer.from(rawBody).toString('utf8')).getAll('payload');
  const payload = payloads.length === 1 ? parsed(payloads[0]!) : undefined;
  const actions = member(payload, 'actions');
  if (member(payload, 'type') !== 'block_actions' || !Array.isArray(actions) || actions.length !== 1) return undefined;
  const userId = member(member(payload, 'user'), 'id');
  if (typeof userId !== 'string' || !/^[UW][A-Z0-9]{1,30}$/.test(userId)) return undefined;
  const answer = answerOf(member(actions[0], 'action_id'));
  const [approval, digest] = aboutOf(member(actions[0], 'value'));
  if (answer === undefined || approval === undefined || digest === undefined) return undefined;
  const userName = member(member(payload, 'user'), 'username');
  return { approval, digest, answer, userId, ...(typeof userName === 'string' ? { userName } : {}) };
}

function answerOf(actionId: unknown): SlackPress['answer'] | undefined {
  if (actionId === APPROVE_ACTION) return 'approved';
  return actionId === DENY_ACTION ? 'denied' : undefined;
}

/** Id and digest, as the button has them. */
function aboutOf(value: unknown): readonly [string, string] | readonly [] {
  const match = typeof value === 'string' ? /^([0-9a-z-]{11}) (sha256:[0-9a-f]{64})$/.exec(value) : null;
  const [, id, digest] = match ?? [];
  return id !== undefined && digest !== undefined && wholeId(id) === id ? [id, digest] : [];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A member that the object itself has. */
function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
