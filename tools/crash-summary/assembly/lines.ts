/** The forms of line we know. Each reader takes a line, tells the pod what it says, and answers whether the form was its own. */

import { Pod, Pods } from './pod';
import { between, cut, isDigit, numberAt, rfc3339, secondsAt, syslogTime, words } from './text';

/** Longest `last-error` and probe message, in UTF-16 code units. */
const MESSAGE_UNITS_MAX: i32 = 300;

/** Signs of an error in the output of programs, whatever logger they use. */
const ERROR_SIGNS: string[] = [
  'ERROR',
  'FATAL',
  'CRITICAL',
  'SEVERE',
  'panic:',
  'Exception',
  'Traceback',
  'level=error',
  '"level":"error"',
  'level=fatal',
  '"level":"fatal"',
  '[error]',
  '[crit]',
  '[emerg]',
];
/** Signs that the program ends here. */
const FATAL_SIGNS: string[] = ['FATAL', 'panic:', 'level=fatal', '"level":"fatal"'];
const EXIT_SIGNS: string[] = ['exit code', 'exitCode', 'exit status', 'exited with code'];

/** Reads one line; false where it names no pod. */
export function readLine(line: string, pods: Pods): bool {
  if (line.startsWith('[pod/')) return readOutput(line, pods);
  if (line.includes(' pod="')) return readJournal(line, pods);
  // Rows have few words before their message: more are not worth the memory.
  const row = words(line, 10);
  return readPodRow(row, pods) || readEventRow(line, row, pods);
}

/** `kubectl logs --prefix [--timestamps]`: `[pod/NAME/CONTAINER] 2026-03-14T02:11:07.1Z text`. */
function readOutput(line: string, pods: Pods): bool {
  const end = line.indexOf('] ');
  const slash = line.indexOf('/', 5);
  if (slash < 6 || end < slash) return false;
  const pod = pods.find(line.substring(5, slash), null);
  if (pod.container === null) pod.container = line.substring(slash + 1, end);
  const rest = line.substring(end + 2);
  const time = rfc3339(rest);
  if (time > 0) pod.seenAt(rest.substring(0, time));
  const text = rest.substring(time);
  if (hasAny(text, ERROR_SIGNS)) {
    pod.errors++;
    pod.lastError = cut(text, MESSAGE_UNITS_MAX);
  }
  if (hasAny(text, FATAL_SIGNS)) pod.trouble = true;
  readExit(text, pod);
  return true;
}

/** The kubelet's journal: klog's quoted message and `key="value"` pairs, of which `pod="namespace/name"` is one. */
function readJournal(line: string, pods: Pods): bool {
  const id = between(line, ' pod="', '"');
  const slash = id === null ? -1 : id.indexOf('/');
  if (id === null || slash < 1 || slash == id.length - 1) return false;
  const pod = pods.find(id.substring(slash + 1), id.substring(0, slash));
  const time = syslogTime(line);
  if (time > 0) pod.seenAt(line.substring(0, time));
  const container = firstOf(between(line, 'containerName="', '"'), between(line, 'for \\"', '\\"'));
  if (container !== null) pod.container = container;
  if (line.includes('"Probe failed"')) readProbe(line, pod);
  readStatus(line, pod);
  const wait = line.indexOf('back-off ');
  if (wait >= 0) readBackOff(line, wait + 9, pod);
  readExit(line, pod);
  return true;
}

function readProbe(line: string, pod: Pod): void {
  // A readiness probe takes a pod out of service; only the other two restart it.
  if (line.includes('probeType="Readiness"')) return;
  const output = between(line, 'output="', '"');
  failProbe(output === null ? 'probe failed' : output, pod);
}

/** `kubectl get pods [-A]`: `[NAMESPACE] NAME 0/1 STATUS RESTARTS [(2m ago)] AGE`. */
function readPodRow(row: string[], pods: Pods): bool {
  const ready = row.length > 3 && isReady(row[1]) ? 1 : row.length > 4 && isReady(row[2]) ? 2 : 0;
  if (ready == 0) return false;
  const restarts = numberAt(row[ready + 2], 0);
  if (restarts < 0) return false;
  const pod = pods.find(row[ready - 1], ready == 2 ? row[0] : null);
  if (restarts > pod.restartsStated) pod.restartsStated = restarts;
  const status = row[ready + 1];
  readStatus(status, pod);
  // `Error` is how kubectl says that the last exit code was not 0.
  if (status == 'Error' || status == 'Init:Error') pod.trouble = true;
  return true;
}

/** Whether `word` is a count such as `0/1`. */
function isReady(word: string): bool {
  const slash = word.indexOf('/');
  return slash > 0 && slash < word.length - 1 && isDigit(word.charCodeAt(0)) && isDigit(word.charCodeAt(slash + 1));
}

/** `kubectl get events [-A]`, `kubectl events`: `[NAMESPACE] LAST-SEEN [(x5 over 10m)] TYPE REASON pod/NAME MESSAGE`. */
function readEventRow(line: string, row: string[], pods: Pods): bool {
  let type = 1;
  while (type < row.length && row[type] != 'Normal' && row[type] != 'Warning') type++;
  if (type > 5 || type + 2 >= row.length) return false;
  const object = row[type + 2];
  if (!object.startsWith('pod/') && !object.startsWith('Pod/')) return false;
  let times = 1;
  let before = type;
  if (type >= 4 && row[type - 3].startsWith('(x')) {
    times = numberAt(row[type - 3], 2);
    before -= 3;
  }
  const pod = pods.find(object.substring(4), before == 2 ? row[0] : null);
  pod.seenAt(row[before - 1]);
  readEvent(row[type + 1], line.substring(line.indexOf(object) + object.length).trim(), times, pod);
  return true;
}

function readEvent(reason: string, message: string, times: i32, pod: Pod): void {
  const container = firstOf(between(message, 'failed container ', ' '), between(message, 'Container ', ' '));
  if (container !== null) pod.container = container;
  if (reason == 'Started') pod.starts += times;
  else if (reason == 'BackOff' && message.startsWith('Back-off restarting')) readBackOff(message, 9, pod);
  else if (reason == 'BackOff' || (reason == 'Failed' && message.includes('image'))) pullFailed(pod);
  else if (reason == 'Unhealthy' && !message.startsWith('Readiness')) failProbe(message, pod);
  readStatus(message, pod);
  readExit(message, pod);
}

/** The words that Kubernetes itself uses for the state of a container. */
function readStatus(text: string, pod: Pod): void {
  if (text.includes('OOMKilled')) {
    pod.oomKilled = true;
    pod.trouble = true;
  }
  if (text.includes('ImagePullBackOff') || text.includes('ErrImagePull') || text.includes('InvalidImageName')) pullFailed(pod);
  if (text.includes('CrashLoopBackOff')) {
    pod.crashLoop = true;
    pod.trouble = true;
  }
}

function readBackOff(text: string, at: i32, pod: Pod): void {
  const seconds = secondsAt(text, at);
  if (seconds > 0 && <i64>seconds > pod.backOff) pod.backOff = seconds;
  // The back-off of an image pull is no crash loop, and says `pulling`.
  if (text.includes('pulling image')) return;
  pod.crashLoop = true;
  pod.trouble = true;
}

/** An exit code in any of the usual spellings: `exit code 1`, `exit code: 1`, `exitCode=1`, `exit status 1`. */
function readExit(text: string, pod: Pod): void {
  for (let i = 0; i < EXIT_SIGNS.length; i++) {
    const sign = text.indexOf(EXIT_SIGNS[i]);
    if (sign < 0) continue;
    let at = sign + EXIT_SIGNS[i].length;
    const limit = at + 2;
    while (at < limit && at < text.length && !isDigit(text.charCodeAt(at)) && text.charAt(at) != '-') at++;
    const negative = at < text.length && text.charAt(at) == '-';
    const code = numberAt(text, negative ? at + 1 : at);
    if (code <= 0) continue;
    pod.exitCode = negative ? -code : code;
    pod.trouble = true;
    return;
  }
}

function failProbe(message: string, pod: Pod): void {
  pod.probe = cut(message, MESSAGE_UNITS_MAX);
  pod.trouble = true;
}

function pullFailed(pod: Pod): void {
  pod.imagePull = true;
  pod.trouble = true;
}

function hasAny(text: string, signs: string[]): bool {
  for (let i = 0; i < signs.length; i++) if (text.includes(signs[i])) return true;
  return false;
}

function firstOf(a: string | null, b: string | null): string | null {
  return a === null ? b : a;
}
