import type { PlainJson } from '../../runtime/index.ts';
import { type SlackPlainText, slackEscaped, slackPlain } from '../outbound/index.ts';
import { printable, quote, quoteList } from '../policy/quote.ts';
import type { Asked } from './approval.ts';
import { isObject } from './digest.ts';
import { durationText, grouped, instantText } from './text-lines.ts';
import { notAscii, piecesOf, visibleJson } from './visible-json.ts';

/*
 * The question as a message of Slack's Block Kit. Values stand in code blocks of their own, as JSON without backticks and anything invisible, with
 * the three characters escaped that Slack gives a meaning to: they cannot leave the block, mention anybody or become a link.
 * https://docs.slack.dev/messaging/formatting-message-text, https://docs.slack.dev/reference/block-kit/blocks
 */

/** Parts of a message that we make; a subset of what Slack knows. */
export type SlackText = SlackPlainText | { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: true };

export type SlackBlock =
  | { readonly type: 'header'; readonly text: SlackText }
  | { readonly type: 'section'; readonly text: SlackText }
  | { readonly type: 'context'; readonly elements: readonly SlackText[] }
  | { readonly type: 'actions'; readonly block_id: string; readonly elements: readonly SlackButton[] };

export interface SlackButton {
  readonly type: 'button';
  readonly text: SlackText;
  readonly action_id: string;
  readonly value: string;
  readonly style: 'primary' | 'danger';
}

/** Body of `chat.postMessage`, or of an incoming webhook. */
export interface SlackMessage {
  /** For notifications: names only. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

export const APPROVE_ACTION = 'cellblock.approve';
export const DENY_ACTION = 'cellblock.deny';

/** Slack takes 3,000 characters in a section, 50 blocks and about 13,000 characters in a message; these stay below. */
const SECTION_CHARS_MAX = 2900;
const PARAMETERS_CHARS_MAX = 5000;
const WORDS_CHARS_MAX = 1000;
const PARAMETERS_MAX = 30;
const NAME_CHARS_MAX = 200;
const LIST_CHARS_MAX = 500;

/**
 * The question for a Slack channel, with a button for each answer. Where parameters had to be cut, the button that approves is left out:
 * nobody says yes to what they cannot see there.
 *
 * @param nowMs - milliseconds since 1970, for what is left of the time.
 * Thread: any. Pure.
 */
export function slackMessage(asked: Asked, { nowMs }: { readonly nowMs: number }): SlackMessage {
  const { subject, approval } = asked;
  const { sections, isCut: parametersCut } = parameterSections(asked.parameters);
  const { question } = subject;
  const asks = questionSections(question);
  const isCut = parametersCut || asks.isCut;
  return {
    text: `Approval ${approval}: agent ${code(subject.agent)} asks ${question === undefined ? 'for' : 'a question in'} ${code(subject.tool)}`,
    blocks: [
      { type: 'header', text: slackPlain(`${question === undefined ? 'Approval' : 'Question'} ${approval}`) },
      mrkdwn(callText(asked)),
      ...asks.sections,
      ...sections,
      ...wordsSection('justification', subject.justification),
      ...wordsSection('source', subject.source),
      { type: 'context', elements: [text(questionText(asked, nowMs))] },
      ...(isCut ? [mrkdwn(CUT_TEXT.replace('ID', approval))] : []),
      actions(asked, isCut),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

const CUT_TEXT = 'Not all is shown here, so it cannot be approved here. On the command line: `cellblock approvals show ID`';

function callText({ subject, rules }: Asked): string {
  const limits = Object.entries(subject.limits).map(([name, value]) => `${printable(name)} ${grouped(printable(value))}`);
  const lines = [
    `*agent* ${code(subject.agent)}${subject.session === undefined ? '' : `, session ${code(subject.session)}`}`,
    `*tool* ${code(subject.tool)}, function ${code(subject.function)}`,
    `*component* ${code(subject.component)}`,
    `*grants* ${escapedUpTo([...quoteList(subject.grants)], LIST_CHARS_MAX).text}`,
    `*limits* ${escapedUpTo([...limits.sort().join(', ')], LIST_CHARS_MAX).text || 'none'}`,
    `*rules* ${escapedUpTo([...quoteList(rules)], LIST_CHARS_MAX).text}`,
  ];
  return lines.join('\n');
}

function questionText({ approvers, expiresAt, useWithinMs, digest }: Asked, nowMs: number): string {
  const who = approvers.length === 0 ? 'whoever operates the trail' : escapedUpTo([...quoteList(approvers)], LIST_CHARS_MAX).text;
  const left = nowMs < expiresAt ? `in ${durationText(expiresAt - nowMs)}` : 'over';
  return [
    `May be answered by ${who}. Expires ${instantText(expiresAt)} (${left}); no answer is a no.`,
    `A yes is for one call, within ${durationText(useWithinMs)}. ${slackEscaped(printable(digest))}`,
  ].join('\n');
}

function actions({ approval, digest }: Asked, isCut: boolean): SlackBlock {
  const value = `${approval} ${digest}`;
  const approve = {
    type: 'button',
    text: slackPlain('Approve once'),
    action_id: APPROVE_ACTION,
    value,
    style: 'primary',
  } as const;
  const deny = { type: 'button', text: slackPlain('Deny'), action_id: DENY_ACTION, value, style: 'danger' } as const;
  return { type: 'actions', block_id: `cellblock.${approval}`, elements: isCut ? [deny] : [approve, deny] };
}

function parameterSections(parameters: PlainJson): { readonly sections: readonly SlackBlock[]; readonly isCut: boolean } {
  if (!isObject(parameters)) return { sections: [mrkdwn('*parameters* none are kept')], isCut: true };
  const entries = Object.entries(parameters);
  if (entries.length === 0) return { sections: [mrkdwn('*parameters* none')], isCut: false };
  const sections: SlackBlock[] = [];
  let left = PARAMETERS_CHARS_MAX;
  let isCut = false;
  for (const [name, value] of entries.slice(0, PARAMETERS_MAX)) {
    if (left < 2 * NAME_CHARS_MAX) break;
    const block = valueBlock(`*parameter* ${code(name)}`, value, Math.min(left, SECTION_CHARS_MAX));
    sections.push(mrkdwn(block.text));
    left -= block.text.length;
    isCut ||= block.isCut;
  }
  const more = entries.length - sections.length;
  if (more > 0) sections.push(mrkdwn(`... ${grouped(more)} more parameters`));
  return { sections, isCut: isCut || more > 0 };
}

/** Nobody says yes to a part of a question: what is cut is answered on the command line. */
function questionSections(question: Asked['subject']['question']): {
  readonly sections: readonly SlackBlock[];
  readonly isCut: boolean;
} {
  if (question === undefined) return { sections: [], isCut: false };
  const words = 'in the words of the tool, which nobody checked';
  const { text: asks, details } = question;
  const blocks = [valueBlock(`*question of a running call*, ${words}`, asks, SECTION_CHARS_MAX)];
  if (details !== undefined) blocks.push(valueBlock('*details*', details, SECTION_CHARS_MAX));
  return { sections: blocks.map((block) => mrkdwn(block.text)), isCut: blocks.some(({ isCut }) => isCut) };
}

function wordsSection(label: string, words: string | undefined): readonly SlackBlock[] {
  if (words === undefined) return [];
  return [mrkdwn(valueBlock(`*${label}*, in the words of the agent, which nobody checked`, words, WORDS_CHARS_MAX).text)];
}

/** Characters of the notes below a value, and of what makes it a code block. */
const NOTES_CHARS = 200;

/** A title of the host's, a value in a code block of its own, and the host's notes on it; at most `charsMax` long. */
function valueBlock(title: string, value: PlainJson, charsMax: number): { readonly text: string; readonly isCut: boolean } {
  const pieces = piecesOf(visibleJson(value));
  const shown = escapedUpTo(
    pieces.map((piece) => piece.replaceAll('`', '\\u0060')),
    charsMax - title.length - NOTES_CHARS,
  );
  const more = pieces.length - shown.count;
  const note = notAscii(pieces.slice(0, shown.count).join(''));
  const lines = [title, `\`\`\`${shown.text || ' '}\`\`\``];
  if (note !== undefined) lines.push(note);
  if (more > 0) lines.push(`... ${grouped(more)} more characters`);
  return { text: lines.join('\n'), isCut: more > 0 };
}

/** A name as code: ASCII only, without backticks of its own. */
function code(name: string): string {
  const { text: shown, count } = escapedUpTo([...quote(name).slice(1, -1)], NAME_CHARS_MAX - 5);
  return `\`${shown}${count < quote(name).length - 2 ? '...' : ''}\``;
}

/** As many whole pieces as there is room for, and how many those are. */
function escapedUpTo(pieces: readonly string[], charsMax: number): { readonly text: string; readonly count: number } {
  let shown = '';
  let count = 0;
  for (const piece of pieces) {
    const next = slackEscaped(piece);
    if (shown.length + next.length > charsMax) break;
    shown += next;
    count += 1;
  }
  return { text: shown, count };
}

/** `verbatim`: Slack then makes no links and mentions of its own out of it. */
function text(value: string): SlackText {
  return { type: 'mrkdwn', text: value, verbatim: true };
}

function mrkdwn(value: string): SlackBlock {
  return { type: 'section', text: text(value) };
}
