// The fuel benchmark's ratios as an SVG, written out by hand.
import { Measured, summary } from './measured.mjs';
import { DISJOINT_SETS } from './sets.mjs';

const ROW = 16;
const LEFT = 190;
const RIGHT = 190;
const WIDTH = 1080;
const TOP = 92;
const AXIS_MIN = 0.9;
/** What is beyond stands right of it, with its number: one outlier must not press all others together. */
const AXIS_MAX = 1.7;

const COLOURS = { region: '#1f6fb4', exact: '#d9822b' };

/**
 * Draws warm ratios of `region` and `exact`: a row for each job, a dot for each model and Node. Full dots are the newest Node,
 * hollow ones the oldest; others are in the tables.
 *
 * @param results - what `measureFuel` returned. @returns the text of an SVG file.
 */
export function fuelPlot(results) {
  const measured = new Measured(results);
  const nodes = measured.enginesOf('node').sort((a, b) => versionOf(a) - versionOf(b));
  const shown = [...new Set([nodes[0], nodes.at(-1)])];
  const rows = rowsOf(measured, shown.at(-1));
  const height = TOP + rows.length * ROW + 46;
  const body = rows.flatMap((row, at) => drawRow(measured, shown, row, TOP + at * ROW + ROW / 2));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(16, 24, 'What fuel costs: time of the metered program over the plain one, warm', {
      'font-size': 16,
      'font-weight': 'bold',
    }),
    ...legend(shown),
    ...grid(TOP, TOP + rows.length * ROW),
    ...body,
    text((LEFT + WIDTH - RIGHT) / 2, height - 10, 'time over plain (1 = no cost); shortest run of all turns', {
      'text-anchor': 'middle',
    }),
    '</svg>',
    '',
  ].join('\n');
}

function versionOf(name) {
  return Number.parseFloat(name.replace(/^\D+/, ''));
}

/** Titles of groups, and their jobs from the cheapest to the dearest. */
function rowsOf(measured, engine) {
  return DISJOINT_SETS.flatMap(({ title, has }) => {
    const jobs = measured.jobs(has).map(({ name }) => ({ name, ratio: measured.warm(engine, name, 'region') }));
    if (jobs.length === 0) return [];
    jobs.sort((a, b) => a.ratio - b.ratio);
    return [{ title, names: jobs.map(({ name }) => name) }, ...jobs.map(({ name }) => ({ name }))];
  });
}

function drawRow(measured, engines, { title, name, names }, y) {
  if (title !== undefined) return drawTitle(measured, engines, title, names, y);
  const marks = engines.flatMap((engine, at) =>
    ['exact', 'region'].map((mode) => ({ ratio: measured.warm(engine, name, mode), mode, hollow: isHollow(engines, at) })),
  );
  const places = marks.filter(({ ratio }) => Number.isFinite(ratio)).map(({ ratio }) => xOf(ratio));
  const span = `<line x1="${Math.min(...places)}" x2="${Math.max(...places)}" y1="${y}" y2="${y}" stroke="#bbb"/>`;
  const inside = marks.filter(({ ratio }) => ratio >= AXIS_MIN && ratio <= AXIS_MAX);
  const beyond = marks.filter(({ ratio }) => ratio < AXIS_MIN || ratio > AXIS_MAX);
  return [
    text(LEFT - 8, y + 4, name, { 'text-anchor': 'end' }),
    ...(places.length === 0 ? [] : [span]),
    ...inside.map((mark) => dot(xOf(mark.ratio), y, mark)),
    ...beyond.flatMap((mark, at) => {
      const x = WIDTH - RIGHT + 16 + at * 43;
      return [dot(x, y, mark), text(x + 7, y + 4, String(Number(mark.ratio.toPrecision(3))), { fill: COLOURS[mark.mode] })];
    }),
  ];
}

/** A group's title, with its geometric means as ticks and in numbers. */
function drawTitle(measured, engines, title, names, y) {
  const means = engines.map((engine) =>
    ['region', 'exact'].map((mode) => summary(names.map((name) => measured.warm(engine, name, mode))).counted.toFixed(2)),
  );
  const numbers = engines.map((engine, at) => `${engine}: region ${means[at][0]}, exact ${means[at][1]}`).join('; ');
  const band = `<rect x="0" y="${y - ROW / 2}" width="${WIDTH}" height="${ROW}" fill="#eef1f4"/>`;
  return [
    band,
    text(8, y + 4, title, { 'font-weight': 'bold' }),
    text(LEFT + 8, y + 4, `geomean, below 1 as 1: ${numbers}`, { fill: '#444' }),
  ];
}

function isHollow(engines, at) {
  return engines.length > 1 && at === 0;
}

function xOf(ratio) {
  const within = Math.min(AXIS_MAX, Math.max(AXIS_MIN, ratio));
  return Number((LEFT + ((within - AXIS_MIN) / (AXIS_MAX - AXIS_MIN)) * (WIDTH - LEFT - RIGHT)).toFixed(1));
}

function dot(x, y, { mode, hollow }) {
  const colour = COLOURS[mode];
  return `<circle cx="${x}" cy="${y}" r="4" fill="${hollow ? '#fff' : colour}" stroke="${colour}" stroke-width="1.5"/>`;
}

function grid(top, bottom) {
  const lines = [];
  for (let tenths = Math.round(AXIS_MIN * 10); tenths <= Math.round(AXIS_MAX * 10); tenths += 1) {
    const x = xOf(tenths / 10);
    const colour = tenths === 10 ? '#666' : '#ddd';
    lines.push(`<line x1="${x}" x2="${x}" y1="${top - 4}" y2="${bottom + 4}" stroke="${colour}"/>`);
    lines.push(text(x, top - 10, (tenths / 10).toFixed(1), { 'text-anchor': 'middle' }));
    lines.push(text(x, bottom + 18, (tenths / 10).toFixed(1), { 'text-anchor': 'middle' }));
  }
  return lines;
}

function legend(engines) {
  const entries = engines.flatMap((engine, at) =>
    ['region', 'exact'].map((mode) => ({ label: `${mode}, ${engine}`, mode, hollow: isHollow(engines, at) })),
  );
  return entries.flatMap((entry, at) => [dot(22 + at * 190, 48, entry), text(32 + at * 190, 52, entry.label)]);
}

function text(x, y, content, attributes = {}) {
  const rest = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return `<text x="${x}" y="${y}"${rest.join('')}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}
