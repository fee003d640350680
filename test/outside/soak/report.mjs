// Whether a soak went well: errors, and what grew from the second fifth of the time to the last.

/** What may be more at the end, as a factor and in the unit of the sample: noise of the collector and of connections that come and go. */
const GROWTH = {
  rssBytes: { factor: 1.1, more: 16 * 2 ** 20 },
  heapBytes: { factor: 1.1, more: 4 * 2 ** 20 },
  externalBytes: { factor: 1.1, more: 4 * 2 ** 20 },
  handles: { factor: 1.1, more: 20 },
  fds: { factor: 1.1, more: 20 },
};
const STDERR_CHARS_SHOWN = 2000;

function percentile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted.length === 0
    ? Number.NaN
    : sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/** Of the samples of one fifth of the time, 0 to 4, the middle one. */
function middle(samples, durationMs, fifth, name) {
  const inside = samples.filter(({ atMs }) => Math.floor((atMs / durationMs) * 5) === fifth);
  return percentile(inside.map((sample) => sample[name]).filter(Number.isFinite), 0.5);
}

/** @returns `{ good, errors, growth: { name: { second, last, grew } } }` */
export function verdictOf({ minutes, ledger, samples }) {
  const durationMs = minutes * 60_000;
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample)))].filter(
    (name) => !['atMs', 'actions', 'resources'].includes(name),
  );
  const growth = {};
  for (const name of names) {
    const second = middle(samples, durationMs, 1, name);
    const last = middle(samples, durationMs, 4, name);
    // What the server's metrics say of the load is shown and not judged: it is as high as the machine is slow.
    const most = GROWTH[name];
    growth[name] = { second, last, grew: most !== undefined && last > second * most.factor + most.more };
  }
  const grew = Object.values(growth).some((row) => row.grew);
  return { good: ledger.errorCount === 0 && !grew, errors: ledger.errorCount, growth };
}

export function printReport({ minutes, clients, agents, beganMs, ledger, samples, stderr }, { good, errors, growth }) {
  const seconds = minutes * 60;
  console.log(
    `${clients} clients of ${agents} agents, ${minutes} min: ${ledger.actions} actions, ${(ledger.actions / seconds).toFixed(1)} a second`,
  );
  console.log(`${ledger.approvals.approved} approved, ${ledger.approvals.denied} denied; ${samples.length} samples`);
  console.log('\n| action | times | p50 ms | p95 ms | max ms |\n|---|--:|--:|--:|--:|');
  for (const action of new Set(ledger.latencies.map((row) => row.action))) {
    const all = ledger.latencies.filter((row) => row.action === action).map(({ ms }) => ms);
    console.log(
      `| ${action} | ${all.length} | ${[0.5, 0.95, 1].map((share) => percentile(all, share).toFixed(1)).join(' | ')} |`,
    );
  }
  console.log('\n| held | second fifth | last fifth | |\n|---|--:|--:|---|');
  for (const [name, { second, last, grew }] of Object.entries(growth)) {
    console.log(`| ${name} | ${shown(name, second)} | ${shown(name, last)} | ${grew ? 'GREW' : ''} |`);
  }
  const echo = (fifth) => {
    const inside = ledger.latencies.filter(
      ({ action, atMs }) => action === 'echo' && Math.floor(((atMs - beganMs) / (seconds * 1000)) * 5) === fifth,
    );
    return percentile(
      inside.map(({ ms }) => ms),
      0.5,
    ).toFixed(1);
  };
  console.log(`\necho, median: ${echo(1)} ms in the second fifth, ${echo(4)} ms in the last`);
  for (const error of ledger.errors) console.log(`error: ${error}`);
  const said = stderr.replace(/\n?SOAK .*\n/g, '');
  if (!good && said.trim() !== '') console.log(`\nthe server said, at last:\n${said.slice(-STDERR_CHARS_SHOWN)}`);
  console.log(
    good
      ? '\ngood: no errors, no growth'
      : `\nBAD: ${errors} errors${Object.values(growth).some((row) => row.grew) ? ', and growth' : ''}`,
  );
}

function shown(name, value) {
  return /Bytes$/.test(name) ? `${(value / 2 ** 20).toFixed(1)} MiB` : String(Math.round(value));
}
