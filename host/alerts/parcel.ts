import { randomUUID } from 'node:crypto';
import type { PlainJson } from '../../runtime/index.ts';
import type { Load } from '../outbound/index.ts';
import { jsonEscape } from '../policy/quote.ts';
import type { Alert } from './alert.ts';

/** UTF-16 units of one text of an alert; a longer one is cut, and the record says so. */
const TEXT_CHARS_MAX = 16 * 1024;
/** Of the parameters' JSON; longer ones are left out, and the record says so. */
const PARAMETERS_CHARS_MAX = 64 * 1024;

const TEXTS = ['audit', 'rule', 'agent', 'tool', 'code', 'justification', 'source'] as const;

/** What a sink delivers at a time. `json` is the record as one line, without its line break; `bytes` its size. */
export type Parcel = AlertParcel | NoticeParcel;

interface ParcelBase extends Load {
  /** Unique, and the same at each attempt: what a receiver finds duplicates by. */
  readonly id: string;
  readonly at: number;
  /** Alerts that this parcel stands for: 0 for a notice about alerts that are lost. */
  readonly alerts: number;
  readonly json: string;
}

export interface AlertParcel extends ParcelBase {
  readonly kind: 'alert';
  readonly alert: Alert;
}

/** About alerts that are not told one by one. */
export interface NoticeParcel extends ParcelBase {
  readonly kind: 'notice';
  /** For example `37 alerts were dropped`. */
  readonly message: string;
  /** Alerts that it reports as lost. */
  readonly dropped: number;
}

/** An alert whose texts have a maximum; `cut` names those that were longer, and parameters that were left out. */
export interface BoundedAlert {
  readonly alert: Alert;
  readonly cut: readonly string[];
}

/** Cuts texts that are too long to keep. An alert that fits is kept as it is. */
export function boundTexts(alert: Alert): BoundedAlert {
  const long = TEXTS.filter((name) => (alert[name]?.length ?? 0) > TEXT_CHARS_MAX);
  if (long.length === 0) return { alert, cut: [] };
  const shorter = Object.fromEntries(long.map((name) => [name, alert[name]?.slice(0, TEXT_CHARS_MAX)]));
  return { alert: { ...alert, ...shorter }, cut: long };
}

/** Leaves out the parameters: where an alert stands for several, theirs may differ, and the trail has them. */
export function withoutParameters({ alert, cut }: BoundedAlert): BoundedAlert {
  if (alert.parameters === undefined) return { alert, cut };
  const { parameters: _, ...rest } = alert;
  return { alert: rest, cut: [...cut, 'parameters'] };
}

/** @param since - instant of the first alert that this one stands for, where it stands for several. */
export function alertParcel(bounded: BoundedAlert, since?: number): AlertParcel {
  const large = bounded.alert.parameters !== undefined && JSON.stringify(bounded.alert.parameters).length > PARAMETERS_CHARS_MAX;
  const { alert, cut } = large ? withoutParameters(bounded) : bounded;
  const record = { kind: 'alert', ...alert, ...(since === undefined ? {} : { since }), ...(cut.length === 0 ? {} : { cut }) };
  const about = {
    kind: 'alert',
    at: alert.at,
    critical: alert.severity === 'critical',
    alerts: alert.occurrences,
    alert,
  } as const;
  return { ...about, ...packed(record) };
}

/** Says how many alerts are lost to this sink; the trail has each of them. */
export function droppedNotice(at: number, sink: string, dropped: number): NoticeParcel {
  const message = `${counted(dropped)} dropped`;
  return {
    kind: 'notice',
    at,
    critical: true,
    alerts: 0,
    message,
    dropped,
    ...packed({ kind: 'notice', at, sink, message, dropped }),
  };
}

/** Says how many alerts were too many, and too different, to be told one by one; the trail has each of them. */
export function summarisedNotice(at: number, sink: string, summarised: number, critical: number): NoticeParcel {
  const message = `${counted(summarised)} left out by the rate limit, ${critical} of them critical`;
  const record = { kind: 'notice', at, sink, message, summarised, critical };
  return { kind: 'notice', at, critical: critical > 0, alerts: summarised, message, dropped: 0, ...packed(record) };
}

const counted = (alerts: number): string => (alerts === 1 ? '1 alert was' : `${alerts} alerts were`);

function packed(record: { readonly [key: string]: PlainJson | undefined }): { id: string; json: string; bytes: number } {
  const json = oneLine(JSON.stringify(record));
  return { id: `alert_${randomUUID()}`, json, bytes: Buffer.byteLength(json) };
}

/**
 * JSON that is one line for every reader: what ends a line or moves a cursor somewhere (U+0085, U+2028, bidirectional controls) becomes a
 * JSON escape, so that it reads back as it was.
 */
function oneLine(json: string): string {
  return json.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, jsonEscape);
}
