import { jsonText } from '../../runtime/index.ts';
import { printable } from '../policy/quote.ts';
import type { ReadRecord } from './query.ts';

/* Records as people read them. Everything that came from outside is on one line, control and invisible characters are escaped, and what is cut
   says so: a text cannot pretend to be another field. */

/** Code points of one field. */
const FIELD_CHARS_MAX = 1000;
/** Code points of the detail of a line. */
const DETAIL_CHARS_MAX = 100;

type Of<Kind extends ReadRecord['kind']> = Extract<ReadRecord, { readonly kind: Kind }>;

const shown = (text: string): string => printable(text, FIELD_CHARS_MAX);
const instant = (at: number): string =>
  Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);

/** One record on one line: number, instant, kind, the beginning of the audit id, and what matters of it. */
export function recordLine(record: ReadRecord): string {
  const { seq, at, kind } = record;
  const audit = (record as { readonly audit?: unknown }).audit;
  const id = typeof audit === 'string' ? printable(audit, 12).replace('...', '') : '-';
  return `${String(seq).padStart(6)}  ${instant(at)}  ${printable(kind, 9).padEnd(9)}  ${id.padEnd(12)}  ${printable(detailOf(record), DETAIL_CHARS_MAX)}`.trimEnd();
}

function detailOf(record: ReadRecord): string {
  switch (record.kind) {
    case 'requested':
      return `${record.agent} asks for ${record.tool}${record.parameters === undefined ? '' : ` ${jsonText(record.parameters)}`}`;
    case 'decided':
      return [record.effect, record.code, `by ${record.rules.join(', ')}`].filter((part) => part !== undefined).join(' ');
    case 'approval':
      return [record.event, record.approval, 'by' in record ? `by ${record.by} (${record.channel})` : ''].join(' ');
    case 'shape':
      return [record.event, record.shape, 'by' in record ? `by ${record.by} (${record.channel})` : ''].join(' ');
    case 'intent':
      return `${record.tool}#${record.function}`;
    case 'outcome':
      return [record.outcome, record.code, `${record.wallMs} ms`, `${record.fuel} fuel`]
        .filter((part) => part !== undefined)
        .join(' ');
    case 'alert':
      return `${record.severity} ${record.rule}`;
    case 'segment':
      return `segment ${record.number}`;
    default:
      return 'writer' in record ? `writer ${record.writer}` : '';
  }
}

/**
 * One request on a page: who, what, why, what was decided and by which rules, who approved it, what ran and how it ended.
 *
 * @param records - of one audit id, as `showCall` gives them.
 * @returns lines, each safe to print.
 */
export function callText(audit: string, records: readonly ReadRecord[]): readonly string[] {
  const fields = records.flatMap((record) => fieldsOf(record, audit));
  const width = Math.max(...fields.map(([name]) => name.length));
  const seqs = records.map(({ seq }) => seq);
  return [
    `${shown(audit)}  ${endOf(records)}`,
    ...fields.map(([name, text]) => `  ${name.padEnd(width)}  ${shown(text)}`),
    `  ${'records'.padEnd(width)}  ${printable(seqs.join(', '), 200)}`,
  ];
}

/** How it ended, or where it is. */
function endOf(records: readonly ReadRecord[]): string {
  const outcome = records.findLast((record) => record.kind === 'outcome');
  if (outcome !== undefined)
    return printable([outcome.outcome, outcome.code].filter((part) => part !== undefined).join(': '), 100);
  if (records.some(({ kind }) => kind === 'intent')) return 'runs, or was interrupted';
  const decision = records.findLast((record) => record.kind === 'decided');
  if (decision === undefined) return 'not decided';
  return (
    {
      allow: 'allowed, and not begun',
      ask: 'waits for a human',
      deny: printable(`refused: ${decision.code}`, 100),
      repeat: printable(`the same request as ${decision.repeats}`, 100),
    }[decision.effect] ?? 'decided'
  );
}

type Field = readonly [name: string, text: string];

/** The fields that a record adds, absent ones left out. */
function fieldsOf(record: ReadRecord, audit: string): readonly Field[] {
  const all = allFieldsOf(record, audit);
  return all.flatMap(([name, text]) => (text === undefined || text === '' ? [] : [[name, text] as const]));
}

type MaybeField = readonly [name: string, text: string | undefined];

function allFieldsOf(record: ReadRecord, audit: string): readonly MaybeField[] {
  switch (record.kind) {
    case 'requested':
      return requestedFields(record);
    case 'decided':
      return decidedFields(record);
    case 'approval':
      return [['approval', approvalText(record, audit)]];
    case 'shape':
      return [
        ['shape', [record.shape, record.event, answerText(record), instant(record.at)].filter((part) => part !== '').join(' ')],
      ];
    case 'intent':
      return intentFields(record);
    case 'outcome':
      return outcomeFields(record);
    case 'alert':
      return [['alert', `${record.severity}: ${record.rule}, to ${record.sinks.join(', ') || 'nobody'}`]];
    default:
      return [];
  }
}

function requestedFields(record: Of<'requested'>): readonly MaybeField[] {
  const { agent, tool, session, requestId, chain, deadline } = record;
  const more = [session === undefined ? '' : `session ${session}`, requestId === undefined ? '' : `request id ${requestId}`];
  return [
    ['who', [agent, ...more].filter((part) => part !== '').join(', ')],
    ['for', chain?.join(' > ')],
    ['what', tool],
    ['when', instant(record.at)],
    ['deadline', deadline === undefined ? undefined : instant(deadline)],
    ['why', record.justification ?? '(nothing was said)'],
    ['source', record.source],
    ['parameters', record.parameters === undefined ? '(not kept: they never had types)' : jsonText(record.parameters)],
    ['', record.parametersDigest],
  ];
}

function decidedFields(record: Of<'decided'>): readonly MaybeField[] {
  const { effect, code, message, rules, policy, logOnly } = record;
  return [
    ['decision', [effect, code, message].filter((part) => part !== undefined).join(': ')],
    ...rules.map((rule, index): MaybeField => [index === 0 ? 'by' : '', rule]),
    ['policy', policy],
    ...(logOnly ?? []).map(
      (would): MaybeField => [
        'log-only',
        `would be ${would.effect}${would.code === undefined ? '' : ` (${would.code})`} by ${would.rules.join(', ')}`,
      ],
    ),
  ];
}

function approvalText(record: Of<'approval'>, audit: string): string {
  const { approval, event, at } = record;
  switch (event) {
    case 'asked':
      return `${approval} asked ${instant(at)} of ${record.approvers.join(', ') || 'the operator'} (${record.channels.join(', ')}), until ${instant(record.expiresAt)}`;
    case 'used':
      return `${approval} used ${instant(at)}${record.audit === audit ? '' : ` by ${record.audit}`}`;
    case 'expired':
      return `${approval} expired ${instant(at)}`;
    default:
      return `${approval} ${event} ${answerText(record)} ${instant(at)}${record.reason === undefined ? '' : `: ${record.reason}`}`;
  }
}

function answerText(record: object): string {
  const { by, channel } = record as { readonly by?: string; readonly channel?: string };
  return by === undefined ? '' : `by ${by} (${channel})`;
}

function intentFields(record: Of<'intent'>): readonly MaybeField[] {
  return [
    ['began', instant(record.at)],
    ['function', record.function],
    ['component', record.component],
    ['grants', record.grants.join(', ') || 'none'],
    [
      'limits',
      Object.entries(record.limits)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
    ['by shape', record.shape],
  ];
}

/** What a capability did: `http PATCH https://10.0.1.58/apis/... 200 {"sent":93}`. */
export function useText({ capability, act, result, data }: NonNullable<Of<'outcome'>['uses']>[number]): string {
  return [capability, act, result, ...(data === undefined ? [] : [jsonText(data)])].join(' · ');
}

function outcomeFields(record: Of<'outcome'>): readonly MaybeField[] {
  const { outcome, code, message, fuel, memoryBytesPeak, wallMs, hostCalls } = record;
  return [
    ['ended', `${instant(record.at)}: ${[outcome, code, message].filter((part) => part !== undefined).join(': ')}`],
    ['used', `${wallMs} ms, ${fuel} fuel, ${memoryBytesPeak} bytes of memory, ${hostCalls} host calls`],
    ...(record.uses ?? []).map((use, index): MaybeField => [index === 0 ? 'did' : '', useText(use)]),
    ['', record.usesDropped === undefined ? undefined : `and ${record.usesDropped} more`],
    ['result', record.result === undefined ? undefined : jsonText(record.result)],
    [record.result === undefined ? 'result' : '', record.resultDigest],
  ];
}
