import { approvalStatus } from '../approvals/approval.ts';
import type { Approval, Shape } from '../approvals/index.ts';
import { quoteList } from '../policy/quote.ts';
import { isOfAnotherPolicy } from './approval-page.ts';
import { callName, inlineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { csrfField, type Frame, type Page, table } from './layout.ts';
import { ago, durationText, grouped, instant } from './times.ts';
import { pill, statusWords } from './words.ts';

const EVERY_MS = 3000;
const ENDED_MAX = 50;

/** All questions: those that wait first, then what was answered in the last day, then the rules that approvers made. */
export function approvalsPage(frame: Frame, approvals: readonly Approval[], shapes: readonly Shape[]): Page {
  const { nowMs } = frame;
  const newest = [...approvals].reverse();
  const open = newest.filter((approval) => approvalStatus(approval, nowMs) === 'pending');
  const ended = newest.filter((approval) => approvalStatus(approval, nowMs) !== 'pending');
  const body = html`<h1>Approvals</h1>
<p class="lead">Calls that wait for a human. Each is asked once for exactly the call that is shown; without an answer in time it does not run.</p>
<section aria-labelledby="h-open"><h2 id="h-open">Waiting</h2><div id="open" data-live>${waitingTable(frame, open)}</div></section>
<section aria-labelledby="h-ended"><h2 id="h-ended">Answered or over, in the last day</h2><div id="ended" data-live>${endedTable(frame, ended.slice(0, ENDED_MAX))}${
    ended.length > ENDED_MAX
      ? html`<p class="small">${grouped(ended.length - ENDED_MAX)} more; <a href="${frame.base}/trail?kind=approval">all in the trail</a>.</p>`
      : NOTHING
  }</div></section>
<section aria-labelledby="h-shapes"><h2 id="h-shapes">Calls that approvers let run without asking again</h2>${shapesTable(frame, shapes)}</section>`;
  return { title: open.length === 0 ? 'Approvals' : `Approvals (${open.length})`, place: 'approvals', body, everyMs: EVERY_MS };
}

function waitingTable({ base, nowMs, door }: Frame, open: readonly Approval[]): Html {
  return table(
    'Questions that wait',
    ['Call', 'Time left', 'Agent', 'Asked', door.mayAnswer ? 'Answer' : 'Look'],
    open.map(({ asked }) => {
      const { subject, approval, at, expiresAt } = asked;
      const path = `${base}/approvals/${encodeURIComponent(approval)}`;
      return html`<tr>
<th scope="row"><a href="${path}">${inlineText(callName(subject), 120)}</a><br><span class="small"><span class="tight">${approval}</span>${subject.question === undefined ? NOTHING : ', a running call asks'}${isOfAnotherPolicy(door, subject) ? ', under another policy' : NOTHING}</span></th>
<td class="tight">${durationText(expiresAt - nowMs)}</td>
<td>${inlineText(subject.agent)}</td>
<td class="tight">${ago(at, nowMs)}</td>
<td class="tight"><a href="${path}">${door.mayAnswer ? 'Look and answer' : 'Look'}<span class="sr"> at question ${approval}</span></a></td>
</tr>`;
    }),
    'Nothing waits for a human.',
  );
}

function endedTable({ base, nowMs, door }: Frame, ended: readonly Approval[]): Html {
  return table(
    'Questions that were answered or are over',
    ['Call', 'What became of it', 'By', 'When', 'Agent'],
    ended.map((approval) => {
      const { asked, approved, ended: end } = approval;
      const by = end?.by ?? approved?.by;
      return html`<tr>
<th scope="row"><a href="${base}/approvals/${encodeURIComponent(asked.approval)}">${inlineText(callName(asked.subject), 120)}</a><br><span class="small"><span class="tight">${asked.approval}</span>${approvalStatus(approval, nowMs) === 'approved' && isOfAnotherPolicy(door, asked.subject) ? ', under another policy' : NOTHING}</span></th>
<td>${pill(...statusWords(approvalStatus(approval, nowMs)))}</td>
<td>${by === undefined ? NOTHING : inlineText(by)}</td>
<td class="tight">${ago(end?.at ?? approved?.at ?? asked.expiresAt, nowMs)}</td>
<td>${inlineText(asked.subject.agent)}</td>
</tr>`;
    }),
    'None.',
  );
}

function shapesTable(frame: Frame, shapes: readonly Shape[]): Html {
  const { base, nowMs, door } = frame;
  const action = door.mayAnswer ? ['End it'] : [];
  return table(
    'Rules that approvers made',
    ['Call', 'Agent', 'Parameters that may differ', { num: 'Used' }, 'Ends', 'Made by', ...action],
    shapes.map(
      ({ added, uses }) => html`<tr>
<th scope="row">${inlineText(callName(added.subject), 120)}</th>
<td>${inlineText(added.subject.agent)}</td>
<td>${added.free.length === 0 ? 'none' : quoteList(added.free)}</td>
<td class="num">${grouped(uses)} of ${grouped(added.usesMax)}</td>
<td class="tight">${instant(added.expiresAt)}<br><span class="small">in ${durationText(added.expiresAt - nowMs)}</span></td>
<td>${inlineText(added.by)}, <a href="${base}/approvals/${encodeURIComponent(added.approval)}">question</a></td>
${door.mayAnswer ? html`<td><form method="post" action="${base}/approvals/${encodeURIComponent(added.shape)}/revoke">${csrfField(frame)}<button>End<span class="sr"> rule ${added.shape}</span></button></form></td>` : NOTHING}
</tr>`,
    ),
    'None: each call of a tool that asks is asked about by itself.',
  );
}
