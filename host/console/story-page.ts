import type { PlainJson } from '../../runtime/index.ts';
import type { ReadRecord } from '../audit/index.ts';
import { exactValue, inlineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import type { Frame, Page } from './layout.ts';
import { askedWords, recordWords } from './record-words.ts';
import { RequestRows } from './request-row.ts';
import { instant } from './times.ts';
import { decisionPill, standingPill } from './words.ts';

const EVERY_MS = 3000;
const RECORDS_MAX = 200;
const USES_MAX = 100;

/** One request from its first record to its last. */
export function storyPage(frame: Frame, audit: string, records: readonly ReadRecord[]): Page {
  const own = records.filter((record) => 'audit' in record && record.audit === audit);
  const requested = own.find((record) => record.kind === 'requested');
  const rows = new RequestRows(1);
  for (const record of records) if (own.includes(record) || record.kind === 'approval') rows.apply(record);
  const [row] = rows.newest();
  // What is over does not change any more.
  const isOpen = row !== undefined && row.outcome === undefined && (row.effect === 'allow' || row.effect === 'ask');
  const name = requested?.kind === 'requested' ? askedWords(requested) : html`Request ${inlineText(audit)}`;
  const body = html`<h1>${name}</h1>
<p class="lead">Request <code>${inlineText(audit)}</code>${requested === undefined ? NOTHING : html`, filed ${instant(requested.at)}`}</p>
<div id="story" data-live><p>${decisionPill(row?.effect)} ${row === undefined ? NOTHING : standingPill(row)}</p>
<section class="card" aria-labelledby="h-story"><h2 id="h-story">What happened</h2><ol class="story">${records.slice(0, RECORDS_MAX).map((record, index) => step(frame, record, records[index - 1]))}</ol>${
    records.length > RECORDS_MAX
      ? html`<p>${records.length - RECORDS_MAX} more records: <code>cellblock audit show ${audit}</code></p>`
      : NOTHING
  }</section></div>
${requested?.kind === 'requested' ? askedCard(requested) : NOTHING}`;
  return { title: `Request ${audit.slice(0, 8)}`, place: 'trail', body, ...(isOpen ? { everyMs: EVERY_MS } : {}) };
}

function step({ base }: Frame, record: ReadRecord, before: ReadRecord | undefined): Html {
  const { tone, sentence } = recordWords(record);
  const after = before === undefined ? NOTHING : html` · ${laterText(record.at - before.at)}`;
  const link =
    record.kind === 'approval' && record.event === 'asked'
      ? html` <a href="${base}/approvals/${encodeURIComponent(record.approval)}">The question</a>`
      : record.kind === 'decided' && record.repeats !== undefined
        ? html` <a href="${base}/requests/${encodeURIComponent(record.repeats)}">That request</a>`
        : NOTHING;
  return html`<li class="${tone}"><p class="say">${sentence}${link}</p>
<p class="small">${instant(record.at)}${after} · record ${record.seq}, <code>${inlineText(record.kind)}</code></p>
${record.kind === 'outcome' ? usesOf(record) : NOTHING}
<details id="raw-${record.seq}"><summary>Record ${record.seq} as JSON</summary>${exactValue(jsonOf(record))}</details></li>`;
}

function laterText(ms: number): string {
  return ms < 1000 ? `${ms} ms later` : `${(ms / 1000).toFixed(1)} s later`;
}

/** What capabilities did, or refused. */
function usesOf({ uses = [], usesDropped = 0 }: Extract<ReadRecord, { kind: 'outcome' }>): Html {
  if (uses.length === 0) return NOTHING;
  const left = uses.length - USES_MAX + usesDropped;
  return html`<p class="small">Through its capabilities it did:</p><ul>${uses
    .slice(0, USES_MAX)
    .map(
      ({ capability, act, result }) =>
        html`<li><code>${inlineText(capability)}</code> ${inlineText(act, 300)}: ${inlineText(result, 300)}</li>`,
    )}</ul>${left > 0 ? html`<p class="small">and ${left} more</p>` : NOTHING}`;
}

function askedCard({ parameters, justification, source, session, requestId }: Extract<ReadRecord, { kind: 'requested' }>): Html {
  const words = (label: string, text: string | undefined) =>
    text === undefined ? NOTHING : html`<h3>${label}</h3>${exactValue(text)}`;
  const theirs = justification !== undefined || source !== undefined;
  return html`<section class="card" aria-labelledby="h-params"><h2 id="h-params">Parameters, as the trail keeps them</h2>${
    parameters === undefined ? html`<p>None were kept: they never had types.</p>` : exactValue(parameters)
  }<dl>${session === undefined ? NOTHING : html`<dt>Session</dt><dd>${inlineText(session, 256)}</dd>`}${
    requestId === undefined ? NOTHING : html`<dt>Request id</dt><dd>${inlineText(requestId, 256)}</dd>`
  }</dl></section>
${theirs ? html`<section class="card theirs" aria-labelledby="h-words"><h2 id="h-words">In the agent’s own words, which nobody checked</h2>${words('Why it asked', justification)}${words('What made it ask (source)', source)}</section>` : NOTHING}`;
}

function jsonOf(record: ReadRecord): PlainJson {
  // Records are lines of JSON, read as such.
  return record as unknown as PlainJson;
}
