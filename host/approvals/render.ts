import type { PlainJson } from '../../runtime/index.ts';
import { printable, quote, quoteList } from '../policy/quote.ts';
import type { Asked, Shape } from './approval.ts';
import { isObject } from './digest.ts';
import { durationText, grouped, instantText, wrapped } from './text-lines.ts';
import { notAscii, piecesOf, visibleJson } from './visible-json.ts';

/*
 * What a human is shown before saying yes, in the host's words. Only the host writes at the beginning of a line: values stand behind a gutter,
 * `  > ` where one begins and `  : ` where it goes on, in JSON without anything invisible, and are broken here, never by the
 * terminal. So no value can look like a line of the host's or like another value.
 */

/** Characters of one parameter that are shown; `show --json` has them all. */
const PARAMETER_CHARS_MAX = 4000;
/** Characters of the justification, and of the source, that are shown. */
const WORDS_CHARS_MAX = 1000;
/** More than a question can have, as escapes. */
const DETAILS_CHARS_MAX = 8000;
const PARAMETERS_MAX = 50;
const LABEL_COLUMNS = 14;
const WIDTH_MIN = 40;
const WIDTH_MAX = 160;

/** Whether `renderApproval` shows all of what a yes would let run, or all of the question of a call. */
export function isShownWhole({ subject: { question }, parameters }: Asked): boolean {
  const fits = (value: PlainJson, charsMax: number) => piecesOf(visibleJson(value)).length <= charsMax;
  if (question !== undefined && !fits(question.text, PARAMETER_CHARS_MAX)) return false;
  if (question?.details !== undefined && !fits(question.details, DETAILS_CHARS_MAX)) return false;
  if (!isObject(parameters)) return parameters !== null && fits(parameters, PARAMETER_CHARS_MAX);
  const values = Object.values(parameters);
  return values.length <= PARAMETERS_MAX && values.every((value) => fits(value, PARAMETER_CHARS_MAX));
}

/**
 * The question as lines for a terminal, without line ends and without control characters.
 *
 * @param nowMs - milliseconds since 1970, for what is left of the time.
 * @param width - columns of the terminal; 40 to 160 are used.
 * Thread: any. Pure.
 */
export function renderApproval(asked: Asked, nowMs: number, width: number): readonly string[] {
  const columns = columnsFor(width);
  const { subject, parameters } = asked;
  return [
    ...titleLines(asked, columns),
    '',
    ...fields(callFields(asked), columns),
    '',
    ...parameterSection(parameters, `request ${printable(asked.audit)}`, columns),
    '',
    ...(isKept(asked)
      ? [...wordsSection('justification', subject.justification, columns), ...wordsSection('source', subject.source, columns), '']
      : []),
    ...fields(questionFields(asked, nowMs), columns),
  ];
}

function titleLines({ approval, subject: { question, tool } }: Asked, columns: number): readonly string[] {
  if (question === undefined) return [`Approval ${printable(approval)} is asked for.`];
  return [
    `Question ${printable(approval)} is asked by a call that runs; a yes lets no other call run.`,
    '',
    `question, in the words of the tool ${quote(tool)}, which nobody checked:`,
    ...valueLines('', question.text, columns),
    ...(question.details === undefined ? [] : ['details:', ...valueLines('', question.details, columns, DETAILS_CHARS_MAX)]),
  ];
}

/** A rule that an approver made, as lines for a terminal. */
export function renderShape({ added, uses }: Shape, nowMs: number, width: number): readonly string[] {
  const columns = columnsFor(width);
  return [
    `Shape ${printable(added.shape)} lets calls like one that was approved run without a question.`,
    '',
    ...fields(
      [
        ...subjectFields(added.subject),
        ['free', added.free.length === 0 ? 'no parameter' : quoteList(added.free, PARAMETERS_MAX)],
        ['made by', `${quote(added.by)} through ${printable(added.channel)}, ${instantText(added.at)}`],
        ['from', `approval ${printable(added.approval)}`],
        ['expires', expiryText(added.expiresAt, nowMs)],
        ['uses', `${grouped(uses)} of ${grouped(added.usesMax)}`],
        ['digest', printable(added.digest)],
      ],
      columns,
    ),
    '',
    ...parameterSection(added.parameters, `approval ${printable(added.approval)}`, columns, new Set(added.free)),
  ];
}

/** The book lets go of what can be large once an approval has ended. */
function isKept({ parameters }: Asked): boolean {
  return parameters !== null;
}

type Field = readonly [label: string, text: string];

function columnsFor(width: number): number {
  return Number.isFinite(width) ? Math.min(Math.max(Math.floor(width), WIDTH_MIN), WIDTH_MAX) : 80;
}

function callFields(asked: Asked): readonly Field[] {
  return [...subjectFields(asked.subject), ['rules', asked.rules.map((rule) => printable(rule, 200)).join('; ') || 'none']];
}

function subjectFields({
  agent,
  tool,
  function: name,
  component,
  session,
  grants,
  limits,
  policy,
}: Asked['subject']): readonly Field[] {
  const limitTexts = Object.entries(limits).map(([limit, value]) => `${printable(limit)} ${grouped(printable(value))}`);
  return [
    ['agent', quote(agent)],
    ...(session === undefined ? [] : [['session', quote(session)] as const]),
    ['tool', quote(tool)],
    ['function', quote(name)],
    ['component', printable(component)],
    ['grants', quoteList(grants, PARAMETERS_MAX)],
    ['limits', limitTexts.sort().join(', ') || 'none'],
    ['policy', printable(policy)],
  ];
}

function questionFields(
  { at, expiresAt, useWithinMs, approvers, channels, digest, subject }: Asked,
  nowMs: number,
): readonly Field[] {
  return [
    ['who may answer', approvers.length === 0 ? 'whoever operates this trail' : quoteList(approvers, PARAMETERS_MAX)],
    ['channels', ['command line', ...channels.map((channel) => printable(channel))].join(', ')],
    ['asked', instantText(at)],
    ['expires', expiryText(expiresAt, nowMs)],
    [subject.question === undefined ? 'use' : 'answer', `once, within ${durationText(useWithinMs)} after a yes`],
    ['digest', printable(digest)],
  ];
}

function expiryText(at: number, nowMs: number): string {
  return nowMs < at
    ? `${instantText(at)}, in ${durationText(at - nowMs)}; no answer is a no`
    : `${instantText(at)}, which is over`;
}

/** Labels at the beginning of lines; a text that goes on stands below itself. */
function fields(list: readonly Field[], columns: number): readonly string[] {
  return list.flatMap(([label, text]) => {
    const lines = wrapped([...text], columns - LABEL_COLUMNS - 2);
    return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL_COLUMNS)}  ${line}`);
  });
}

function parameterSection(
  parameters: PlainJson,
  whence: string,
  columns: number,
  free: ReadonlySet<string> = new Set(),
): readonly string[] {
  if (!isObject(parameters)) {
    if (parameters === null) return [`parameters: in the trail, ${whence}`];
    return ['parameters, exactly as the tool gets them:', ...valueLines('', parameters, columns)];
  }
  const entries = Object.entries(parameters);
  if (entries.length === 0) return ['parameters: none'];
  const lines = entries
    .slice(0, PARAMETERS_MAX)
    .flatMap(([name, value]) =>
      free.has(name) ? [`  > ${quote(name)} may be anything`] : valueLines(`${quote(name)} = `, value, columns),
    );
  const more = entries.length - PARAMETERS_MAX;
  const title = free.size === 0 ? 'parameters, exactly as the tool gets them:' : 'parameters:';
  return [title, ...lines, ...(more > 0 ? [`... ${grouped(more)} more parameters`] : [])];
}

function wordsSection(label: string, words: string | undefined, columns: number): readonly string[] {
  if (words === undefined) return [`${label}: none`];
  return [`${label}, in the words of the agent, which nobody checked:`, ...valueLines('', words, columns, WORDS_CHARS_MAX)];
}

/** A value behind the gutter, then the host's notes on it: what was cut, and which characters might be taken for others. */
function valueLines(head: string, value: PlainJson, columns: number, charsMax = PARAMETER_CHARS_MAX): readonly string[] {
  const pieces = piecesOf(visibleJson(value));
  const kept = pieces.slice(0, charsMax);
  const lines = wrapped([...head, ...kept], columns - 4).map((line, index) => `${index === 0 ? '  > ' : '  : '}${line}`);
  const note = notAscii(kept.join(''));
  if (note !== undefined) lines.push(...wrapped(note.split(/(?<= )/), columns - 4).map((line) => `    ${line.trimEnd()}`));
  if (pieces.length > charsMax) lines.push(`... ${grouped(pieces.length - charsMax)} more characters`);
  return lines;
}
