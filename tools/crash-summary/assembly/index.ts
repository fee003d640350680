/** The tool's one function, as its WIT has it. */

import { CrashSummaryGuest, ParseError, PodSummary, ReasonTag, Summary } from './bindings/exports/crash-summary';
import { Option, Result } from './bindings/values';
import { readLine } from './lines';
import { Pod, Pods } from './pod';

/** Longest log, in UTF-16 code units: its copies fit well below 64 MiB. */
const LOG_UNITS_MAX: i32 = 4 * 1024 * 1024;

export class CrashSummary implements CrashSummaryGuest {
  summarise(text: string, podsMax: Option<u32>): Result<Summary, ParseError> {
    if (text.length > LOG_UNITS_MAX) return fail(ParseError.tooLong(LOG_UNITS_MAX));
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
    if (lines == 0) return fail(ParseError.empty());
    if (pods.all.length == 0) return fail(ParseError.notKubernetes());
    const troubled = pods.all.filter((pod) => pod.inTrouble).sort(worstFirst);
    const shown = podsMax.isNone || podsMax.value > <u32>troubled.length ? troubled.length : <i32>podsMax.value;
    const summaries = troubled.slice(0, shown).map<PodSummary>((pod) => summaryOf(pod));
    return Result.ok<Summary, ParseError>(new Summary(lines, unrelated, pods.all.length, headline(troubled), summaries));
  }
}

function fail(error: ParseError): Result<Summary, ParseError> {
  return Result.err<Summary, ParseError>(error);
}

function worstFirst(a: Pod, b: Pod): i32 {
  return a.restarts != b.restarts ? b.restarts - a.restarts : a.order - b.order;
}

function summaryOf(pod: Pod): PodSummary {
  return new PodSummary(
    pod.namespace,
    pod.name,
    pod.container,
    <u32>pod.restarts,
    pod.reason,
    pod.backOff < 0 ? Option.none<u32>() : Option.some<u32>(<u32>pod.backOff),
    pod.errors,
    pod.lastError,
    pod.firstSeen,
    pod.lastSeen,
  );
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
  switch (pod.reason.tag) {
    case ReasonTag.OomKilled:
      return 'out of memory';
    case ReasonTag.CrashLoopBackOff:
      return 'crash loop without a stated cause';
    case ReasonTag.ErrorExit:
      return 'exit code ' + pod.exitCode.toString();
    case ReasonTag.ImagePull:
      return 'image cannot be pulled';
    case ReasonTag.ProbeFailed:
      return 'failed probe';
    default:
      return 'unknown cause';
  }
}
