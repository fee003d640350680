import { type Render, webhookHeaders } from '../outbound/index.ts';
import type { Parcel } from './parcel.ts';
import { slackMessage } from './slack-message.ts';

/** A webhook by Standard Webhooks. @param key - undefined: unsigned. @param now - instant of an attempt. */
export function webhookRender(key: Buffer | undefined, now: () => number): Render<Parcel> {
  return ({ id, at, kind, json }) => {
    const body = `{"type":"cellblock.${kind}","timestamp":${JSON.stringify(new Date(at).toISOString())},"data":${json}}`;
    return { body, headers: webhookHeaders(id, now(), body, key) };
  };
}

/** A message for Slack's incoming webhooks, or what speaks like them. */
export const slackRender: Render<Parcel> = (parcel) => ({ body: JSON.stringify(slackMessage(parcel)), headers: {} });
