import { createHmac, timingSafeEqual } from 'node:crypto';
import { isCoded, type JsonValue, parseJson } from '../../runtime/index.ts';
import { webhookKey } from '../outbound/index.ts';
import { wholeId } from './id.ts';
import { CALLBACK_AGE_MS_MAX, type SeenCallbacks } from './slack-callback.ts';

/*
 * What the operator's own program sends when a human has answered there, signed as Standard Webhooks have it, with the secret of the channel that
 * the question went out by. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

/** An answer is small: an id, a digest, a name and a reason. */
const BODY_BYTES_MAX = 16 * 1024;
/** Signatures in one header: more than one while a secret is changed for another. */
const SIGNATURES_MAX = 8;
const ID = /^[\x21-\x7e]{1,256}$/;

export interface WebhookCallback {
  /** The body as it came over the network. */
  readonly rawBody: Uint8Array;
  /** `webhook-id`, `webhook-timestamp` and `webhook-signature`; one that came more than once is undefined. */
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  /** Of the channel, as Standard Webhooks write it; without one nothing is believed. */
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly seen: SeenCallbacks;
}

/** What a human said there. Whether `by` may answer is not decided yet. */
export interface WebhookAnswer {
  readonly approval: string;
  readonly digest: string;
  readonly answer: 'approved' | 'denied';
  readonly by: string;
  readonly reason?: string;
}

export type WebhookCheck = { readonly ok: WebhookAnswer } | { readonly status: 400 | 401; readonly reason: string };

/**
 * Checks signature, age and novelty of a callback, then reads the answer.
 *
 * @returns `401` for what the holder of the secret did not send, or not now, or sent before; `400` for what is signed but no answer. Throws nothing.
 */
export function checkWebhookCallback(callback: WebhookCallback): WebhookCheck {
  const { rawBody, id, timestamp, signature, nowMs, seen } = callback;
  const key = webhookKey(callback.secret);
  if (key === undefined) return refused('there is no secret');
  if (rawBody.length > BODY_BYTES_MAX) return { status: 400, reason: 'the body is too large' };
  if (id === undefined || !ID.test(id)) return refused('the id is missing or malformed');
  if (timestamp === undefined || !/^[0-9]{1,12}$/.test(timestamp)) return refused('the timestamp is missing or malformed');
  if (signature === undefined) return refused('the signature is missing');
  const sentMs = Number(timestamp) * 1000;
  if (!(Math.abs(nowMs - sentMs) <= CALLBACK_AGE_MS_MAX)) return refused('the timestamp is more than 300 seconds away');
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(rawBody).digest('base64');
  if (!isSigned(`v1,${mac}`, signature)) return refused('the signature is wrong');
  // By what we computed: the header itself may hold other signatures beside the right one.
  if (!seen.add(`webhook ${mac}`, sentMs + CALLBACK_AGE_MS_MAX, nowMs)) return refused('the callback was here before');
  const answer = readAnswer(rawBody);
  return answer === undefined ? { status: 400, reason: 'the body is no answer to a question of ours' } : { ok: answer };
}

function refused(reason: string): WebhookCheck {
  return { status: 401, reason };
}

function isSigned(expected: string, signatures: string): boolean {
  const wanted = Buffer.from(expected);
  return signatures
    .split(' ', SIGNATURES_MAX)
    .map((text) => Buffer.from(text))
    .some((given) => given.length === wanted.length && timingSafeEqual(given, wanted));
}

const ANSWERS = new Map<unknown, WebhookAnswer['answer']>([
  ['approve', 'approved'],
  ['deny', 'denied'],
]);

function readAnswer(rawBody: Uint8Array): WebhookAnswer | undefined {
  const body = parsed(rawBody);
  if (!(body instanceof Map) || body.get('type') !== 'approval.answered') return undefined;
  const data: JsonValue | undefined = body.get('data');
  if (!(data instanceof Map)) return undefined;
  const [approval, digest, by, reason] = ['approval', 'digest', 'by', 'reason'].map((name) => data.get(name));
  const answer = ANSWERS.get(data.get('answer'));
  if (typeof approval !== 'string' || wholeId(approval) !== approval || typeof by !== 'string') return undefined;
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest) || answer === undefined) return undefined;
  if (reason !== undefined && typeof reason !== 'string') return undefined;
  return { approval, digest, answer, by, ...(reason === undefined ? {} : { reason }) };
}

function parsed(rawBody: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(rawBody, { bytesMax: BODY_BYTES_MAX });
  } catch (error) {
    if (isCoded(error)) return undefined;
    throw error;
  }
}
