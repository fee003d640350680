import type { ReadRecord } from '../audit/index.ts';
import type { ChainCheck } from './chain-check.ts';
import { inlineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { csrfField, type Frame, type Page, table } from './layout.ts';
import { recordWords } from './record-words.ts';
import { ago, grouped, shortInstant } from './times.ts';
import { type Found, type Search, TEXT_FIELDS, TIME_FIELDS } from './trail-search.ts';
import { pill } from './words.ts';

const KINDS = [
  'requested',
  'decided',
  'approval',
  'shape',
  'intent',
  'outcome',
  'alert',
  'opened',
  'closed',
  'recovered',
  'segment',
];
const OUTCOMES = ['ok', 'tool-error', 'refused', 'trapped', 'limited', 'pending', 'cancelled', 'failed'];

/** Records that are looked for, newest first, and whether the chain holds. */
export function trailPage(frame: Frame, search: Search, found: Found, check: ChainCheck): Page {
  const { records, isCut, broken } = found;
  const searched = Object.keys(search.texts).length > 0;
  const body = html`<h1>Trail</h1>
<p class="lead">Everything that was asked, decided, approved and run, in a chain in which no record can be changed unseen.</p>
${chainCard(frame, check)}
${searchForm(frame, search)}
${search.problem === undefined ? NOTHING : html`<p class="warn"><b>Not understood.</b> ${search.problem}</p>`}
${isCut ? html`<p class="warn"><b>The search went through 200,000 records and stopped:</b> newer ones were not looked at. Narrow it by a time.</p>` : NOTHING}
${broken === undefined ? NOTHING : html`<p class="warn"><b>The trail cannot be read to its end:</b> ${inlineText(broken, 400)}. What is below comes before that.</p>`}
<section aria-labelledby="h-records"><h2 id="h-records">${searched ? 'Records that were found' : 'The newest records'}</h2>
${table(
  'Records of the trail',
  ['No.', 'When', 'What it says', 'Kind', 'Request'],
  records.map((record) => recordRow(frame, record)),
  searched ? 'No record is like that.' : 'The trail has no records yet.',
)}
${pages(frame, search, found)}</section>`;
  return { title: 'Trail', place: 'trail', body };
}

function recordRow({ base, nowMs }: Frame, record: ReadRecord): Html {
  const { sentence, tone } = recordWords(record);
  const audit = 'audit' in record ? record.audit : undefined;
  const link =
    audit !== undefined
      ? html`<a href="${base}/requests/${encodeURIComponent(audit)}">${inlineText(audit.slice(0, 8))}<span class="sr"> story of this request</span></a>`
      : record.kind === 'approval'
        ? html`<a href="${base}/approvals/${encodeURIComponent(record.approval)}">question</a>`
        : NOTHING;
  return html`<tr><td class="num">${record.seq}</td><td class="tight">${shortInstant(record.at, nowMs)}</td><td class="says">${sentence}</td><td>${pill(tone, record.kind.slice(0, 20))}</td><td class="tight">${link}</td></tr>`;
}

function pages({ base }: Frame, { texts, before }: Search, { records, hasOlder }: Found): Html {
  const path = (more: Record<string, string>) => html`${base}/trail?${new URLSearchParams({ ...texts, ...more }).toString()}`;
  const last = records.at(-1);
  return html`<p class="buttons">${before === undefined ? NOTHING : html`<a class="button" href="${path({})}">Newest</a>`}${
    hasOlder && last !== undefined ? html`<a class="button" href="${path({ before: String(last.seq) })}">Older</a>` : NOTHING
  }</p>`;
}

const LABELS: Readonly<Record<string, string>> = {
  agent: 'Agent',
  tool: 'Tool',
  outcome: 'Outcome',
  code: 'Code',
  kind: 'Kind of record',
  text: 'Text anywhere',
  since: 'From (UTC, or 24h)',
  until: 'Before (UTC, or 1h)',
};

function searchForm({ base, door }: Frame, { texts }: Search): Html {
  const value = (name: string) => texts[name] ?? '';
  const choice = (name: string, options: readonly string[]) =>
    html`<div><label for="f-${name}">${LABELS[name]}</label><select id="f-${name}" name="${name}"><option value="">any</option>${options.map((option) => html`<option value="${option}"${option === value(name) ? html` selected` : NOTHING}>${option}</option>`)}</select></div>`;
  const input = (name: string, list?: string) =>
    html`<div><label for="f-${name}">${LABELS[name]}</label><input id="f-${name}" name="${name}" value="${value(name)}" maxlength="300" autocomplete="off" spellcheck="false"${list === undefined ? NOTHING : html` list="${list}"`}></div>`;
  const lists = { agent: [...door.policy.agents.keys()], tool: [...door.policy.tools.keys()] };
  return html`<form class="card" method="get" action="${base}/trail" role="search" aria-label="Records of the trail"><div class="filters">
${TEXT_FIELDS.map((name) => (name === 'kind' ? choice(name, KINDS) : name === 'outcome' ? choice(name, OUTCOMES) : input(name, name === 'agent' || name === 'tool' ? `l-${name}` : undefined)))}
${TIME_FIELDS.map((name) => input(name))}
</div>${Object.entries(lists).map(([name, all]) => html`<datalist id="l-${name}">${all.slice(0, 200).map((one) => html`<option value="${one}"></option>`)}</datalist>`)}
<div class="buttons"><button class="go">Search</button><a href="${base}/trail">Clear</a></div></form>`;
}

/** Whether each record is as it was written: known once somebody has had it checked. */
function chainCard(frame: Frame, check: ChainCheck): Html {
  const { result, at, isRunning, records, problem } = check;
  const form = html`<form method="post" action="${frame.base}/trail/check">${csrfField(frame)}<button>Check the whole chain${result === undefined ? '' : ' again'}</button></form>`;
  const when = at === undefined ? NOTHING : html` <span class="small">Checked ${ago(at, frame.nowMs)}.</span>`;
  if (isRunning) {
    return html`<div class="card state ask"><p class="big">The chain is being checked: ${grouped(records)} records so far</p><p><a href="">Reload</a> to see how far it is.</p></div>`;
  }
  if (problem !== undefined)
    return html`<div class="card state no"><p class="big">The chain cannot be checked</p><p>${inlineText(problem, 400)}</p>${form}</div>`;
  if (result === undefined) {
    return html`<div class="card state"><p><b>Chain not checked yet</b> since this console was opened. Reading a gigabyte takes about 20 s.</p>${form}</div>`;
  }
  if (!result.ok) {
    const { seq, file, line, why } = result;
    return html`<div class="card state no"><p class="big">The chain is broken at record ${seq}</p><p>Record ${seq} ${inlineText(why, 300)} (${inlineText(file)}, line ${line}). All before it are as they were written.${when}</p>${form}</div>`;
  }
  const { lastSeq, checkpoints, anchoredSeq } = result;
  return html`<div class="card state ok"><p class="big">The chain is intact up to record ${grouped(lastSeq)}</p><p>${counted(result.records, 'record')} in ${counted(result.segments, 'file')}, ${counted(checkpoints, 'checkpoint')}.${
    anchoredSeq === undefined ? ' Only a checkpoint that is kept elsewhere can show whether records were cut off at its end.' : ''
  }${when}</p>${form}</div>`;
}

function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
}
