// The fuel benchmark's results as Markdown.
import { duration, median, table } from '../stats.mjs';
import { Measured, summary } from './measured.mjs';
import { DISJOINT_SETS, SETS } from './sets.mjs';

const BLOCK_COUNTER = 'block counter in a global';
const WASM_METERING = 'wasm-metering';
const ALL_OFF = 'region, all optimizations off';
const WITHOUT = 'region without ';

/** Modules of this many bytes and more are in the table of rewriting speed one by one. */
const LARGE_BYTES = 1_000_000;

/** All tables of one run. @param results - what `measureFuel` returned. */
export function fuelTables(results) {
  const measured = new Measured(results);
  const nodes = measured.enginesOf('node');
  const parts = [
    paceText(results),
    summaryTable(measured),
    ...nodes.map((engine) => `**${engine}**, each job\n\n${jobsTable(measured, engine)}`),
    ...measured.enginesOf('wasmtime').map((engine) => `**${engine}**, its own fuel\n\n${wasmtimeTable(measured, engine)}`),
    ...nodes.map((engine) => [engine, switchesTable(measured, engine)]).flatMap(titled('optimizations off in turn')),
    ...nodes.map((engine) => [engine, rewritingTable(measured, engine)]).flatMap(titled('the rewriter, MB/s of input, one core')),
    checksText(measured, results),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function titled(title) {
  return ([engine, text]) => (text === '' ? [] : [`**${engine}**, ${title}\n\n${text}`]);
}

function paceText({ pace, engines }) {
  const versions = engines.map(({ name, versions: { v8 } }) => (v8 === undefined ? name : `${name} (V8 ${v8})`)).join(', ');
  return `${versions}; ${pace.turns} turns of plain, region and exact, ${pace.otherTurns} of all else; at least ${pace.kernelMs} ms of warm runs a process for kernels, ${pace.workloadMs} ms for workloads`;
}

function times(value) {
  return Number.isFinite(value) ? value.toFixed(3) : '-';
}

function short(value) {
  return Number.isFinite(value) ? value.toFixed(2) : '-';
}

/** A row for each engine, group and mode that all jobs of the group ran in; wasm-metering fails on some and stays. */
function summaryTable(measured) {
  const rows = [];
  for (const engine of measured.engines) {
    const modes = measured.modes(engine.name).filter((mode) => mode !== 'plain' && mode !== ALL_OFF && !mode.startsWith(WITHOUT));
    for (const { title, has } of SETS) {
      const jobs = measured.jobs(has);
      for (const mode of modes) {
        const ratios = jobs
          .map(({ name }) => [name, measured.warm(engine.name, name, mode)])
          .filter(([, ratio]) => Number.isFinite(ratio));
        if (ratios.length > 0 && (ratios.length === jobs.length || mode === WASM_METERING)) {
          rows.push([engine.name, title, mode, ratios.length, ...summaryCells(ratios)]);
        }
      }
    }
  }
  return table(
    ['warm, over plain', 'jobs', 'mode', 'count', 'geomean, below 1 as 1', 'raw geomean', 'median', 'worst', 'which'],
    rows,
  );
}

function summaryCells(ratios) {
  const { counted, raw, median: middle, max } = summary(ratios.map(([, ratio]) => ratio));
  return [times(counted), times(raw), times(middle), times(max), ratios.find(([, ratio]) => ratio === max)[0]];
}

function jobsTable(measured, engine) {
  const hasPeer = measured.modes(engine).includes(WASM_METERING);
  const modes = [BLOCK_COUNTER, ...(hasPeer ? [WASM_METERING] : [])];
  const row = ({ name, kind }) => {
    const [low, high] = measured.spread(engine, name, 'region');
    return [
      name,
      kind,
      duration(measured.bestMs(engine, name, 'plain')),
      times(measured.warm(engine, name, 'region')),
      `${short(low)}-${short(high)}`,
      times(measured.warm(engine, name, 'exact')),
      ...modes.map((mode) => times(measured.warm(engine, name, mode))),
      ...['region', 'exact'].map((mode) => short(measured.first(engine, name, mode))),
      ...['region', 'exact'].map((mode) => short(measured.compile(engine, name, mode, false))),
      ...['region', 'exact'].map((mode) => short(measured.compile(engine, name, mode, true))),
      ...['region', 'exact'].map((mode) => short(measured.code(name, mode))),
    ];
  };
  const jobs = DISJOINT_SETS.flatMap(({ has }) => measured.jobs(has));
  const warm = ['region', 'by turn', 'exact', ...modes.map((mode) => (mode === BLOCK_COUNTER ? 'block counter' : mode))];
  const cold = ['first', 'compile', 'compile whole', 'code'].flatMap((what) => [`${what}, region`, `${what}, exact`]);
  return table(['job', 'kind', 'plain', ...warm, ...cold], [...jobs.map(row), meansRow(measured, engine, jobs, modes)]);
}

/** Geometric means over all jobs, with ratios below 1 as 1, but for sizes. */
function meansRow(measured, engine, jobs, modes) {
  const mean = (ratioOf) => {
    const ratios = jobs.map(({ name }) => ratioOf(name)).filter(Number.isFinite);
    return ratios.length === 0 ? Number.NaN : summary(ratios).counted;
  };
  const isEverywhere = (mode) => jobs.every(({ name }) => Number.isFinite(measured.warm(engine, name, mode)));
  const warm = (mode) => (isEverywhere(mode) ? times(mean((name) => measured.warm(engine, name, mode))) : '-');
  const both = (ratioOf) => ['region', 'exact'].map((mode) => short(mean((name) => ratioOf(name, mode))));
  return [
    ...['**geomean**', '', '', warm('region'), '', warm('exact'), ...modes.map(warm)],
    ...both((name, mode) => measured.first(engine, name, mode)),
    ...both((name, mode) => measured.compile(engine, name, mode, false)),
    ...both((name, mode) => measured.compile(engine, name, mode, true)),
    ...both((name, mode) => measured.code(name, mode)),
  ];
}

function wasmtimeTable(measured, engine) {
  const jobs = measured.jobs(({ name }) => measured.samples(engine, name, 'fuel').length > 0);
  return table(
    ['kernel', 'plain', 'fuel over plain', 'by turn', 'first, fuel over plain'],
    jobs.map(({ name }) => {
      const [low, high] = measured.spread(engine, name, 'fuel');
      const plain = duration(measured.bestMs(engine, name, 'plain'));
      return [
        name,
        plain,
        times(measured.warm(engine, name, 'fuel')),
        `${short(low)}-${short(high)}`,
        short(measured.first(engine, name, 'fuel')),
      ];
    }),
  );
}

/** What each optimization buys, where all modes were measured. */
function switchesTable(measured, engine) {
  const modes = measured.modes(engine).filter((mode) => mode.startsWith(WITHOUT));
  const jobs = measured.jobs(({ name }) => modes.length > 0 && measured.samples(engine, name, modes[0]).length > 0);
  if (jobs.length === 0) return '';
  const columns = ['region', ...modes, ALL_OFF, 'exact', BLOCK_COUNTER];
  const head = ['warm, over plain', ...columns.map((mode) => mode.replace('region, ', '').replace('region without', 'no'))];
  const rows = jobs.map(({ name }) => [name, ...columns.map((mode) => times(measured.warm(engine, name, mode)))]);
  const means = columns.map((mode) => times(summary(jobs.map(({ name }) => measured.warm(engine, name, mode))).counted));
  return table(head, [...rows, ['**geomean, below 1 as 1**', ...means]]);
}

/** Large modules one by one, then all: their bytes over the sum of their times, cold of those that came first in a process. */
function rewritingTable(measured, engine) {
  const region = measured.rewriting(engine, 'region').filter(({ coldMs, warmMs }) => coldMs !== undefined && warmMs.length > 0);
  if (region.length === 0) return '';
  const exact = measured.rewriting(engine, 'exact');
  const rows = region.map((row) => {
    const other = exact.find(({ job, module }) => job === row.job && module === row.module);
    return { name: row.job, bytes: row.bytes, coldMs: row.coldMs, regionMs: steady(row.warmMs), exactMs: steady(other.warmMs) };
  });
  const total = { name: `**all ${rows.length}**` };
  for (const field of ['bytes', 'coldMs', 'regionMs', 'exactMs']) total[field] = rows.reduce((sum, row) => sum + row[field], 0);
  const large = rows.filter(({ bytes }) => bytes >= LARGE_BYTES).sort((a, b) => b.bytes - a.bytes);
  const speed = (bytes, ms) => (bytes / ms / 1000).toFixed(1);
  return table(
    ['largest module of', 'MB', 'region, cold', 'region, warm', 'exact, warm'],
    [...large, total].map(({ name, bytes, coldMs, regionMs, exactMs }) => [
      name,
      (bytes / 1e6).toFixed(2),
      ...[coldMs, regionMs, exactMs].map((ms) => speed(bytes, ms)),
    ]),
  );
}

/** The median of the later half: the earlier runs still compile the rewriter. */
function steady(samples) {
  return median(samples.slice(Math.floor(samples.length / 2)));
}

/** What the run checked beside its times. */
function checksText(measured, { failures }) {
  const nodes = measured.enginesOf('node');
  const jobs = measured.jobs();
  const differing = jobs.filter(({ name }) => ['region', 'exact'].some((mode) => measured.fuel(nodes, name, mode).size > 1));
  const all = differing.length === 0 ? '' : `, but for ${differing.map(({ name }) => name).join(', ')}`;
  const lines = [
    `- All ${jobs.length} jobs gave the same answer in every mode, on every engine and in every turn.`,
    `- The first run took the same fuel on every Node and in every turn${all}.`,
  ];
  for (const engine of measured.enginesOf('wasmtime')) {
    const kernels = jobs.filter(({ name }) => measured.samples(engine, name, 'fuel').length > 0);
    const equal = kernels.filter(({ name }) => {
      const all = new Set([...measured.fuel(nodes, name, 'exact'), ...measured.fuel([engine], name, 'fuel')]);
      return all.size === 1;
    });
    lines.push(`- \`exact\` is ${engine}'s fuel to the unit for ${equal.length} of ${kernels.length} kernels.`);
  }
  for (const reason of new Set(failures.map((failure) => failure.reason))) {
    const alike = failures.filter((failure) => failure.reason === reason);
    lines.push(`- ${alike[0].mode} fails on ${alike.map(({ job }) => job).join(', ')}: ${reason.split('\n')[0]}`);
  }
  return lines.join('\n');
}
