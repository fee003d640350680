// Our bindings beside jco's glue: one component, one thread, plain core modules; processes in turns.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './machine.mjs';
import { duration, median, ratio, table } from './stats.mjs';

/**
 * Measures instantiation, calls of numbers and of text, and host calls.
 *
 * Each contender has a process of its own, so that none pays for the garbage or the polymorphism of another; the processes
 * take turns, so that whatever else the machine does meets all alike.
 *
 * @param peer - a folder with `node_modules/@bytecodealliance/jco`, for example version 1.10.2; without it only the current
 * jco is beside us.
 * @returns rows of `{contender, operation, nanoseconds, samples}`; samples are batch means in nanoseconds.
 */
export function measureBindings({ quick, peer }) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-bench-glue-'));
  const names = ['own', 'current', ...(peer === undefined ? [] : ['peer'])];
  const rows = [];
  try {
    for (let turn = 0; turn < (quick ? 2 : 5); turn += 1) {
      for (const name of names) {
        for (const row of runContender({ name, peer: name === 'peer' ? peer : ROOT, folder, rounds: quick ? 15 : 40 })) {
          const known = rows.find(({ contender, operation }) => contender === row.contender && operation === row.operation);
          if (known === undefined) rows.push(row);
          else known.samples.push(...row.samples);
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows.map((row) => ({ ...row, nanoseconds: median(row.samples) }));
}

function runContender(task) {
  const script = fileURLToPath(new URL('./bindings-contender.mjs', import.meta.url));
  const output = execFileSync(process.execPath, [script, JSON.stringify(task)], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const { contender, rows } = JSON.parse(output);
  return rows.map((row) => ({ contender, ...row }));
}

export function bindingsTable(rows) {
  const names = [...new Set(rows.map(({ contender }) => contender))];
  const cell = (contender, operation) => rows.find((row) => row.contender === contender && row.operation === operation);
  return table(
    ['bindings', ...names, ...names.slice(1).map((name) => `own / ${name}`)],
    [...new Set(rows.map(({ operation }) => operation))].map((operation) => {
      const [first, ...rest] = names.map((name) => cell(name, operation).nanoseconds);
      return [operation, ...[first, ...rest].map((value) => duration(value / 1e6)), ...rest.map((value) => ratio(first, value))];
    }),
  );
}
