import type { PlainJson } from '../../runtime/index.ts';
import { printable, quote } from '../policy/quote.ts';
import type { Approval, Shape } from './approval.ts';
import type { ApprovalBook } from './book.ts';
import { renderApproval, renderShape } from './render.ts';
import { durationText, instantText } from './text-lines.ts';

/** One line of a list: id, status, who asks for what, how long it waits. */
export function approvalLine(book: ApprovalBook, approval: Approval, nowMs: number): string {
  const { asked } = approval;
  const status = book.status(approval, nowMs);
  const until = status === 'pending' ? `, expires in ${durationText(asked.expiresAt - nowMs)}` : '';
  const { agent, tool, question } = asked.subject;
  const about =
    question === undefined
      ? `${quote(agent)} asks for ${quote(tool)}`
      : `question of ${quote(tool)} for ${quote(agent)}: ${quote(question.text)}`;
  return `${printable(asked.approval)}  ${status.padEnd(8)}  ${about}, ${instantText(asked.at)}${until}`;
}

export function shapeLine(book: ApprovalBook, shape: Shape, nowMs: number): string {
  const { added, uses } = shape;
  const status = book.shapeStatus(shape, nowMs);
  const about = `${quote(added.subject.agent)} may call ${quote(added.subject.tool)}`;
  const until = `until ${instantText(added.expiresAt)}`;
  return `${printable(added.shape)}  ${status.padEnd(8)}  shape: ${about}, ${uses} of ${added.usesMax} used, ${until}`;
}

/** All about one approval or shape, and what became of it, as lines for a terminal. */
export function itemLines(book: ApprovalBook, item: Approval | Shape, nowMs: number, width: number): readonly string[] {
  if ('added' in item)
    return [...renderShape(item, nowMs, width), '', `status: ${book.shapeStatus(item, nowMs)}${endText(item)}`];
  const answers = item.approved === undefined ? '' : ` (approved ${saidText(item.approved)})`;
  return [...renderApproval(item.asked, nowMs, width), '', `status: ${book.status(item, nowMs)}${answers}${endText(item)}`];
}

/** The item as the trail has it, with its status of now. */
export function itemJson(book: ApprovalBook, item: Approval | Shape, nowMs: number): PlainJson {
  const status = 'added' in item ? book.shapeStatus(item, nowMs) : book.status(item, nowMs);
  return { status, ...item } as unknown as PlainJson; // folded from records, which are plain JSON data
}

function endText({ ended }: Pick<Approval, 'ended'> | Pick<Shape, 'ended'>): string {
  if (ended?.by === undefined) return '';
  return ` (${ended.status} ${saidText({ ...ended, by: ended.by })})`;
}

function saidText({ by, at, reason }: { readonly by: string; readonly at: number; readonly reason?: string }): string {
  return `by ${quote(by)}, ${instantText(at)}${reason === undefined ? '' : `, who said: ${printable(reason, 1000)}`}`;
}
