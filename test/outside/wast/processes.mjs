import { fork } from 'node:child_process';

const CHILD = new URL('./child.mjs', import.meta.url);
/** Processes that one file may use up, so that a build which always crashes comes to an end. */
const PROCESSES_MAX = 40;
const STDERR_SHOWN = 300;
/** Milliseconds until a process must have begun with the file. */
const START_MS_MAX = 60_000;

/**
 * Runs one file in processes of its own. Where a process crashes, hangs or is spoiled, the directive at fault has failed,
 * and the next process goes through the file again and takes up after it.
 *
 * @param {{file: string, dist: string, bindings: string, timeoutMsMax: number}} job - the time is for one directive
 * @returns items of all directives, in order; see `FileRun`
 */
export async function runInProcesses(job) {
  const items = [];
  const dead = [];
  for (let count = 0; count < PROCESSES_MAX; count += 1) {
    const after = Math.max(-1, ...dead);
    const end = await runProcess({ ...job, dead, after }, items);
    if (end.done) return items;
    dead.push(end.index);
    if (!end.reported) items.push({ ...end.item, status: 'failed', reason: end.reason });
    if (end.index < 0) return items;
  }
  items.push({ line: 0, kind: 'file', status: 'failed', reason: `given up after ${PROCESSES_MAX} processes` });
  return items;
}

/** @returns how the process ended, and in which directive: -1 when it was in none. */
function runProcess({ timeoutMsMax, ...args }, items) {
  return new Promise((resolve) => {
    const child = fork(CHILD, [JSON.stringify(args)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const end = { index: -1, item: { line: 0, kind: 'file' }, done: false, reported: false, reason: undefined };
    let said = '';
    const stopAfter = (ms) =>
      setTimeout(() => {
        end.reason = `did not end within ${ms} ms`;
        child.kill('SIGKILL');
      }, ms);
    let timer = stopAfter(START_MS_MAX);
    child.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4096);
    });
    child.on('message', ({ type, index, item }) => {
      clearTimeout(timer);
      timer = stopAfter(timeoutMsMax);
      if (type === 'begin') Object.assign(end, { index, item, reported: false });
      if (type === 'end') items.push(item);
      if (type === 'end' || type === 'poisoned') end.reported = true;
      if (type === 'done') end.done = true;
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      end.reason ??= `the process ended with ${signal ?? status}: ${lastWords(said)}`;
      resolve(end);
    });
  });
}

/** The line of an uncaught error, or the last one. */
function lastWords(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /^\w*(Error|Fault)\b|FATAL/.test(line)) ?? lines.at(-1) ?? 'it said nothing').slice(
    0,
    STDERR_SHOWN,
  );
}
