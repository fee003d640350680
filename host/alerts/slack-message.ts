import { type SlackPlainText, slackEscaped, slackPlain, visibleText } from '../outbound/index.ts';
import type { Alert } from './alert.ts';
import type { Parcel } from './parcel.ts';

/** Characters after escaping; Slack takes 3,000 in a section, 2,000 in a field and 150 in a header. */
const WORDS_CHARS_MAX = 1_500;
const FIELD_CHARS_MAX = 300;
const HEADER_CHARS_MAX = 80;

type Block =
  | { readonly type: 'header'; readonly text: SlackPlainText }
  | { readonly type: 'section'; readonly text: SlackPlainText }
  | { readonly type: 'section'; readonly fields: readonly SlackPlainText[] };

/** A message of Block Kit for an incoming webhook. */
export interface SlackMessage {
  /** What notifications show. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly parse: 'none';
  readonly link_names: false;
  readonly mrkdwn: false;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/**
 * An alert as a message of Block Kit. All text is `plain_text` and has `&`, `<` and `>` escaped, each piece is one visible line: nothing that
 * an agent says can mention somebody, make a link, an emoji or a second field. What is cut says so.
 */
export function slackMessage(parcel: Parcel): SlackMessage {
  const blocks = parcel.kind === 'notice' ? [section(escaped(parcel.message, WORDS_CHARS_MAX))] : alertBlocks(parcel.alert);
  const text = parcel.kind === 'notice' ? escaped(parcel.message, FIELD_CHARS_MAX) : titleOf(parcel.alert);
  return { text, blocks, parse: 'none', link_names: false, mrkdwn: false, unfurl_links: false, unfurl_media: false };
}

function alertBlocks(alert: Alert): Block[] {
  const { agent, tool, code, audit, at, occurrences, justification, source, parameters } = alert;
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['Agent', agent],
    ['Tool', tool],
    ['Code', code],
    ['Occurrences', String(occurrences)],
    ['At', new Date(at).toISOString()],
    ['Audit id', audit],
  ];
  const words: readonly (readonly [string, string | undefined])[] = [
    ["Justification, in the agent's words", justification],
    ["Source, in the agent's words", source],
    ['Parameters', parameters === undefined ? undefined : JSON.stringify(parameters)],
  ];
  return [
    { type: 'header', text: slackPlain(titleOf(alert)) },
    { type: 'section', fields: fields.flatMap(([name, value]) => labelled(name, value, FIELD_CHARS_MAX)) },
    ...words.flatMap(([name, value]) => labelled(name, value, WORDS_CHARS_MAX)).map(({ text }) => section(text)),
  ];
}

const titleOf = ({ severity, rule }: Alert): string => `${severity} alert: rule ${escaped(rule, HEADER_CHARS_MAX)}`;

function labelled(name: string, value: string | undefined, charsMax: number): SlackPlainText[] {
  return value === undefined ? [] : [slackPlain(`${name}: ${escaped(value, charsMax)}`)];
}

const section = (text: string): Block => ({ type: 'section', text: slackPlain(text) });

const escaped = (text: string, charsMax: number): string => visibleText(text, charsMax, slackEscaped);
