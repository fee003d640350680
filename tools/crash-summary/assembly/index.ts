/** The tool's one function. `export-names.mjs` gives it the name that the component model asks for. */

import { cabi_realloc, liftString, Writer } from './abi';
import { readLine } from './lines';
import { CRASH_LOOP_BACK_OFF, ERROR_EXIT, IMAGE_PULL, OOM_KILLED, Pod, Pods, PROBE_FAILED } from './pod';

export { cabi_realloc };

/** Longest log, in UTF-16 code units: its copies fit well below 64 MiB. */
const LOG_UNITS_MAX: u32 = 4 * 1024 * 1024;

/** Cases of `parse-error`, numbered as the WIT orders them. */
const EMPTY: u32 = 0;
const NOT_KUBERNETES: u32 = 1;
const TOO_LONG: u32 = 2;

/** Sizes by the Canonical ABI, in bytes: the result with its summary, and one pod. */
const RESULT_BYTES: usize = 32;
const POD_BYTES: usize = 96;

/** Core signature of `summarise: func(log: string, pods-max: option<u32>) -> result<summary, parse-error>`. */
export function summarise(log: usize, logUnits: usize, podsMaxGiven: i32, podsMax: u32): usize {
  if (logUnits > LOG_UNITS_MAX) return fail(TOO_LONG, LOG_UNITS_MAX);
  const text = liftString(log, logUnits);
  const pods = new Pods();
  let lines: u32 = 0;
  let unrelated: u32 = 0;
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf('\n', at);
    const end = feed < 0 ? text.length : feed;
    const line = text.substring(at, end).trimEnd();
    if (line.length > 0) {
      lines++;
      if (!readLine(line, pods)) unrelated++;
    }
    at = end + 1;
  }
  if (lines == 0) return fail(EMPTY, 0);
  if (pods.all.length == 0) return fail(NOT_KUBERNETES, 0);
  const troubled = pods.all.filter((pod) => pod.inTrouble).sort(worstFirst);
  const shown = podsMaxGiven == 0 || podsMax > <u32>troubled.length ? troubled.length : <i32>podsMax;
  return succeed(lines, unrelated, pods.all.length, troubled, shown);
}

function worstFirst(a: Pod, b: Pod): i32 {
  return a.restarts != b.restarts ? b.restarts - a.restarts : a.order - b.order;
}

function fail(kind: u32, value: u32): usize {
  const out = Writer.over(RESULT_BYTES);
  const start = out.pointer;
  out.u32(1);
  out.u32(kind);
  out.u32(value);
  return start;
}

function succeed(lines: u32, unrelated: u32, seen: u32, troubled: Pod[], shown: i32): usize {
  const out = Writer.over(RESULT_BYTES);
  const start = out.pointer;
  out.u32(0);
  out.u32(lines);
  out.u32(unrelated);
  out.u32(seen);
  out.string(headline(troubled));
  const list = out.list(shown, POD_BYTES);
  for (let i = 0; i < shown; i++) writePod(list, troubled[i]);
  return start;
}

/** The fields of `pod-summary`, in the order of the WIT. */
function writePod(out: Writer, pod: Pod): void {
  out.optionString(pod.namespace);
  out.string(pod.name);
  out.optionString(pod.container);
  out.u32(<u32>pod.restarts);
  writeReason(out, pod);
  out.optionU32(pod.backOff);
  out.u32(pod.errors);
  out.optionString(pod.lastError);
  out.optionString(pod.firstSeen);
  out.optionString(pod.lastSeen);
}

/** `reason` has 4 bytes of discriminant and 8 of payload, whatever the case. */
function writeReason(out: Writer, pod: Pod): void {
  const reason = pod.reason;
  out.u32(reason);
  const probe = pod.probe;
  if (reason == PROBE_FAILED && probe !== null) {
    out.string(probe);
    return;
  }
  out.u32(reason == ERROR_EXIT ? <u32>pod.exitCode : reason == CRASH_LOOP_BACK_OFF && pod.backOff > 0 ? <u32>pod.backOff : 0);
  out.skip(4);
}

function headline(troubled: Pod[]): string {
  if (troubled.length == 0) return 'no pod is in trouble';
  const worst = troubled[0];
  const more = troubled.length - 1;
  const rest = more == 0 ? '' : more == 1 ? '; 1 more pod is in trouble' : '; ' + more.toString() + ' more pods are in trouble';
  const times = worst.restarts == 1 ? ' restart' : ' restarts';
  return worst.fullName + ': ' + causeOf(worst) + ', ' + worst.restarts.toString() + times + rest;
}

function causeOf(pod: Pod): string {
  const reason = pod.reason;
  if (reason == OOM_KILLED) return 'out of memory';
  if (reason == CRASH_LOOP_BACK_OFF) return 'crash loop without a stated cause';
  if (reason == ERROR_EXIT) return 'exit code ' + pod.exitCode.toString();
  if (reason == IMAGE_PULL) return 'image cannot be pulled';
  return reason == PROBE_FAILED ? 'failed probe' : 'unknown cause';
}
