import { plainText } from './exact-text.ts';
import { type Html, html } from './html.ts';

/** One colour of a chart, with a value for each part of the time. */
export interface Bars {
  readonly name: string;
  readonly values: readonly number[];
}

export interface ChartOptions {
  /** For those who do not see it: what is shown. */
  readonly title: string;
  readonly id: string;
  readonly bars: readonly Bars[];
  /** Below each part; as many as there are values. */
  readonly labels: readonly string[];
  readonly valueText: (value: number) => string;
}

const WIDTH = 960;
const HEIGHT = 220;
const LEFT = 78;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 30;
const STEPS = 4;

/** Bars on top of each other over time, as SVG without styles or scripts of its own. */
export function barChart({ title, id, bars, labels, valueText }: ChartOptions): Html {
  const totals = labels.map((_, part) => bars.reduce((sum, { values }) => sum + (values[part] ?? 0), 0));
  const most = niceMost(Math.max(...totals, 0));
  const wide = (WIDTH - LEFT - RIGHT) / Math.max(1, labels.length);
  const scale = (HEIGHT - TOP - BOTTOM) / most;
  const lines = Array.from({ length: STEPS + 1 }, (_, step) => (most / STEPS) * step);
  const every = Math.ceil(labels.length / 12);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">Bars over time, one colour for each tool. The table below has the numbers.</desc>
${lines.map((value) => {
  const y = HEIGHT - BOTTOM - value * scale;
  return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"></line><text class="dim" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${valueText(value)}</text>`;
})}
${labels.map((label, part) => {
  let y = HEIGHT - BOTTOM;
  const stack = bars.map(({ name, values }, index) => {
    const value = values[part] ?? 0;
    const tall = value * scale;
    y -= tall;
    return value === 0
      ? ''
      : html`<rect class="c${index % 7}" x="${round(LEFT + part * wide + 3)}" y="${round(y)}" width="${round(wide - 6)}" height="${round(Math.max(tall, 0.5))}"><title>${plainText(name)}, ${label}: ${valueText(value)}</title></rect>`;
  });
  const text =
    part % every === 0
      ? html`<text class="dim" x="${round(LEFT + (part + 0.5) * wide)}" y="${HEIGHT - 10}" text-anchor="middle">${label}</text>`
      : '';
  return html`${stack}${text}`;
})}
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}"></line>
</svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const NICE = [1, 2, 3, 4, 5, 6, 8, 10];

/** The least that is not below the value and has four round steps, which are whole from 4 on. */
function niceMost(value: number): number {
  if (value <= STEPS) return value <= 0 || value > 1 ? STEPS : 1;
  const step = value / STEPS;
  const power = 10 ** Math.floor(Math.log10(step));
  return STEPS * power * (NICE.find((times) => times * power >= step) ?? 10);
}
