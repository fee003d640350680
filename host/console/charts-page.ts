import { barChart } from './bar-chart.ts';
import { inlineText, plainText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { type Frame, type Page, table } from './layout.ts';
import { bigText, grouped, wallText } from './times.ts';
import type { ToolSeries, UsageSeries } from './usage-series.ts';

export type SpanName = 'hour' | 'day';

const METRICS = [
  { key: 'fuel', title: 'Fuel used', valueText: bigText },
  { key: 'wallMs', title: 'Time that calls took', valueText: wallText },
  {
    key: 'refusals',
    title: 'Requests that were refused',
    valueText: grouped,
  },
] as const;

/** Fuel, time and refusals over the last hour or day, by tool. */
export function chartsPage({ base }: Frame, name: SpanName, usage: UsageSeries): Page {
  const { tools, isCut } = usage;
  const tab = (key: SpanName, label: string) =>
    html`<li><a href="${base}/charts?span=${key}"${key === name ? html` aria-current="true"` : NOTHING}>${label}</a></li>`;
  const body = html`<h1>Charts</h1>
<p class="lead">What tools used, and how often agents were refused. Times are UTC.</p>
<ul class="tabs">${tab('hour', 'Last hour')}${tab('day', 'Last day')}</ul>
${isCut ? html`<p class="warn"><b>The trail has more records in this time than are read here:</b> the latest are not counted.</p>` : NOTHING}
${tools.length === 0 ? html`<p class="empty">Nothing was asked for in this time.</p>` : charts(usage, name)}`;
  return { title: 'Charts', place: 'charts', body };
}

function charts(usage: UsageSeries, name: SpanName): Html {
  const { tools } = usage;
  return html`<ul class="legend" aria-label="Colours">${tools.map(({ tool }, index) => html`<li><svg class="swatch" width="12" height="12" aria-hidden="true"><rect class="c${index % 7}" width="12" height="12" rx="2"></rect></svg>${inlineText(tool)}</li>`)}</ul>
<p class="sideways">Wider than the screen: charts move sideways.</p>
${METRICS.map((metric) => chart(metric, usage))}
<section aria-labelledby="h-numbers"><h2 id="h-numbers">The numbers, of the last ${name}</h2>${table('Numbers by tool', ['Tool', ...['Calls that ran', 'Refused', 'Fuel', 'Time', 'Time of a call'].map((num) => ({ num }))], tools.map(numbersRow), 'None.')}</section>
<details><summary>All numbers of the charts</summary>${METRICS.map(({ key, title, valueText }) => partsTable(usage, key, title, valueText))}</details>`;
}

type Metric = (typeof METRICS)[number];

function chart({ key, title, valueText }: Metric, usage: UsageSeries): Html {
  const bars = usage.tools.map(({ tool, parts }) => ({ name: tool, values: parts[key] }));
  const isEmpty = bars.every(({ values }) => values.every((value) => value === 0));
  return html`<section class="card" aria-labelledby="h-${key}"><h2 id="h-${key}">${title}</h2>${
    isEmpty
      ? html`<p class="small">None in this time.</p>`
      : html`<div class="scroll" role="region" aria-label="Chart: ${title}" tabindex="0">${barChart({ id: `chart-${key}`, title, bars, labels: labelsOf(usage), valueText })}</div>`
  }</section>`;
}

/** The instant at which each part begins. */
function labelsOf({ span, endsMs }: UsageSeries): readonly string[] {
  const part = span.ms / span.parts;
  return Array.from({ length: span.parts }, (_, index) => new Date(endsMs - span.ms + index * part).toISOString().slice(11, 16));
}

function numbersRow({ tool, calls, refusals, fuel, wallMs }: ToolSeries): Html {
  return html`<tr><th scope="row">${inlineText(tool)}</th><td class="num">${grouped(calls)}</td><td class="num">${grouped(refusals)}</td><td class="num">${bigText(fuel)}</td><td class="num">${wallText(wallMs)}</td><td class="num">${calls === 0 ? '' : wallText(wallMs / calls)}</td></tr>`;
}

function partsTable(usage: UsageSeries, key: Metric['key'], title: string, valueText: (value: number) => string): Html {
  const labels = labelsOf(usage);
  const rows = usage.tools.map(
    ({ tool, parts }) =>
      html`<tr><th scope="row">${inlineText(tool)}</th>${parts[key].map((value) => html`<td class="num">${value === 0 ? '0' : valueText(value)}</td>`)}</tr>`,
  );
  return html`<h3>${title}</h3>${table(plainText(`${title}, by time`), ['Tool', ...labels.map((num) => ({ num }))], rows, 'None.')}`;
}
