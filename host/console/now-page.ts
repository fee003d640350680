import { inlineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { type Frame, type Page, table } from './layout.ts';
import type { RequestRow } from './request-row.ts';
import { bigText, shortInstant, wallText } from './times.ts';
import { decisionPill, standingPill } from './words.ts';

const ROWS_MAX = 100;
const EVERY_MS = 2000;

/** The newest requests as they come. */
export function nowPage(frame: Frame, rows: readonly RequestRow[], problem?: string): Page {
  const { base, waiting } = frame;
  const body = html`<h1>Now</h1>
<p class="lead">What agents ask for, newest first, and what became of it. Open a request to read its whole story.</p>
${problem === undefined ? NOTHING : html`<p class="warn"><b>The trail cannot be read:</b> ${inlineText(problem, 400)}. Requests from before this console are missing here.</p>`}
<div id="asked" data-live>${
    waiting === 0
      ? NOTHING
      : html`<p class="warn"><b>${waiting === 1 ? '1 question waits' : `${waiting} questions wait`} for a human.</b> <a href="${base}/approvals">See and answer</a></p>`
  }</div>
<div id="requests" data-live>${requestTable(frame, rows.slice(0, ROWS_MAX))}${
    rows.length > ROWS_MAX
      ? html`<p class="small">The newest ${ROWS_MAX}; <a href="${base}/trail">those before are in the trail</a>.</p>`
      : NOTHING
  }</div>`;
  return { title: 'Now', place: 'now', body, everyMs: EVERY_MS };
}

/** Requests with their decision, and how they ended. */
export function requestTable(frame: Frame, rows: readonly RequestRow[]): Html {
  return table(
    'Requests',
    ['Filed', 'Tool and agent', 'What became of it', 'Decision', { num: 'Fuel' }, { num: 'Time' }, 'Rule'],
    rows.map((row) => requestRow(frame, row)),
    'No agent has asked for anything yet. Requests appear here by themselves.',
  );
}

function requestRow({ base, nowMs }: Frame, row: RequestRow): Html {
  const { audit, at, agent, tool, effect, rules, outcome, code, fuel, wallMs, approval } = row;
  const [rule, ...others] = rules;
  return html`<tr>
<td class="tight"><a href="${base}/requests/${encodeURIComponent(audit)}">${shortInstant(at, nowMs)}</a></td>
<th scope="row">${tool === '' ? html`<span class="small">no tool named</span>` : inlineText(tool)}<br><span class="small agent">${inlineText(agent)}</span></th>
<td>${standingPill(row)}${code === undefined ? NOTHING : html`<br><code class="small">${inlineText(code)}</code>`}</td>
<td>${decisionPill(effect)}${
    effect === 'ask' && approval !== undefined
      ? html` <a href="${base}/approvals/${encodeURIComponent(approval)}">question</a>`
      : NOTHING
  }</td>
<td class="num">${fuel === undefined || outcome === undefined ? NOTHING : html`<span title="${fuel} units">${bigText(Number(fuel))}</span>`}</td>
<td class="num">${wallMs === undefined ? NOTHING : wallText(wallMs)}</td>
<td class="small">${rule === undefined ? NOTHING : inlineText(rule, 120)}${others.length === 0 ? NOTHING : ` and ${others.length} more`}</td>
</tr>`;
}
