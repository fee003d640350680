import { isJSONRPCNotification, isJSONRPCRequest, type RequestId } from '@modelcontextprotocol/server';

/** Cancellations of one session that are remembered. */
const REMEMBERED_MAX = 64;

/** The calls that a body cancels. */
export function cancelledIn(body: unknown): readonly RequestId[] {
  return messagesIn(body).flatMap((message) => {
    if (!isJSONRPCNotification(message) || message.method !== 'notifications/cancelled') return [];
    const id = message.params?.requestId;
    return typeof id === 'string' || typeof id === 'number' ? [id] : [];
  });
}

/**
 * Calls that were cancelled before they came. Over HTTP each message is a request of its own, and one may overtake another: without this the call
 * would run to its end with nobody waiting for it.
 *
 * No id comes twice in a session, so what is remembered in vain, such as a cancellation of a call that has ended, does no harm.
 */
export class Overtaken {
  readonly #ids = new Set<RequestId>();

  /** Notes what a body cancels. */
  note(body: unknown): void {
    for (const id of cancelledIn(body)) {
      this.#ids.delete(id);
      this.#ids.add(id);
      const [oldest] = this.#ids;
      if (this.#ids.size > REMEMBERED_MAX && oldest !== undefined) this.#ids.delete(oldest);
    }
  }

  /** @returns the id of the call in a body that was cancelled before it came; undefined where it is to be served. A batch is always served. */
  take(body: unknown): RequestId | undefined {
    return isJSONRPCRequest(body) && this.#ids.delete(body.id) ? body.id : undefined;
  }
}

function messagesIn(body: unknown): readonly unknown[] {
  return Array.isArray(body) ? body : [body];
}
