import type { ReadRecord } from '../audit/index.ts';
import { callName, inlineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { bigText, durationText, wallText } from './times.ts';
import { type Tone, toneOf } from './words.ts';

/** What a record says, in a sentence of ours; texts of others are in it with their escapes. */
export interface RecordWords {
  readonly tone: Tone;
  readonly sentence: Html;
}

type Of<Kind> = Extract<ReadRecord, { readonly kind: Kind }>;
type Teller<Kind> = (record: Of<Kind>) => RecordWords;
type Tellers = { readonly [Kind in ReadRecord['kind']]: Teller<Kind> };

const said = (tone: Tone, sentence: Html): RecordWords => ({ tone, sentence });

const TELLERS: Tellers = {
  requested: (record) => said('', askedWords(record)),
  decided: ({ effect, code, message, rules }) => {
    const by =
      rules.length === 0
        ? NOTHING
        : html`, by ${inlineText(rules[0] ?? '', 160)}${rules.length > 1 ? ` and ${rules.length - 1} more` : ''}`;
    if (effect === 'allow') return said('ok', html`The policy allows it${by}`);
    if (effect === 'ask') return said('ask', html`The policy wants a human to be asked${by}`);
    if (effect === 'repeat') return said('', html`The same request came before: it is answered by that one`);
    return said(
      'no',
      html`The policy denies it${code === undefined ? NOTHING : html` [${inlineText(code)}]`}${by}${message === undefined ? NOTHING : html`: ${inlineText(message, 400)}`}`,
    );
  },
  approval: approvalWords,
  shape: (record) => {
    if (record.event === 'used') return said('ok', html`A rule that an approver made let it run`);
    if (record.event === 'revoked')
      return said('no', html`${inlineText(record.by)} ended the rule for further calls${reasonOf(record.reason)}`);
    const { by, free, usesMax } = record;
    return said(
      'ok',
      html`${inlineText(by)} lets up to ${usesMax} calls like it run without a question; ${free.length} parameters may differ`,
    );
  },
  intent: (record) => said('', html`The call of ${inlineText(callName(record), 120)} begins`),
  outcome: ({ outcome, code, message, fuel, wallMs, hostCalls }) =>
    said(
      toneOf(outcome),
      html`It ended: ${inlineText(outcome)}${code === undefined ? NOTHING : html` [${inlineText(code)}]`}${message === undefined ? NOTHING : html`, ${inlineText(message, 400)}`}, after ${wallText(wallMs)}, ${bigText(Number(fuel))} fuel and ${hostCalls} host calls`,
    ),
  alert: ({ rule, severity, sinks }) =>
    said('no', html`An alert (${severity}) goes to ${inlineText(sinks.join(', '), 200)}, by ${inlineText(rule, 160)}`),
  opened: ({ pid, version, reduced }) =>
    said(
      '',
      html`Process ${pid} (cellblock ${inlineText(version)}) began to write${reduced === undefined ? NOTHING : html`, with ${inlineText(reduced.join(', '), 300)}`}`,
    ),
  closed: () => said('', html`A process ended writing`),
  recovered: ({ droppedBytes }) => said('', html`${droppedBytes} bytes of a record that was not written to its end were cut`),
  segment: ({ number }) => said('', html`File ${number} of the trail begins`),
};

/** Who asks for what. A request that could not be read names no tool. */
export function askedWords({ agent, tool }: Of<'requested'>): Html {
  return tool === ''
    ? html`${inlineText(agent)} files a request that names no tool`
    : html`${inlineText(agent)} asks for ${inlineText(tool, 120)}`;
}

function approvalWords(record: Of<'approval'>): RecordWords {
  switch (record.event) {
    case 'asked':
      return said('ask', html`A human is asked; silence is a no after ${durationText(record.expiresAt - record.at)}`);
    case 'approved':
      return said('ok', html`${inlineText(record.by)} approved through ${inlineText(record.channel)}${reasonOf(record.reason)}`);
    case 'denied':
      return said('no', html`${inlineText(record.by)} denied through ${inlineText(record.channel)}${reasonOf(record.reason)}`);
    case 'revoked':
      return said(
        'no',
        html`${inlineText(record.by)} took the yes back through ${inlineText(record.channel)}${reasonOf(record.reason)}`,
      );
    case 'expired':
      return said('no', html`Nobody answered in time, or the yes was not used in time`);
    default:
      return said('ok', html`The approval was used`);
  }
}

function reasonOf(reason: string | undefined): Html {
  return reason === undefined ? NOTHING : html`: ${inlineText(reason, 400)}`;
}

/** @param record - of any kind; one of a newer version is named by its kind. */
export function recordWords(record: ReadRecord): RecordWords {
  if (!Object.hasOwn(TELLERS, record.kind)) return said('', html`A record of kind ${inlineText(String(record.kind))}`);
  // The teller is that of the record's own kind.
  return (TELLERS[record.kind] as Teller<ReadRecord['kind']>)(record as never);
}
