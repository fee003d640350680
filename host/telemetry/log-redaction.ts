import { randomBytes } from 'node:crypto';
import type { PlainJson } from '../../runtime/index.ts';
import { createRedactor } from '../audit/index.ts';
import { jsonEscape } from '../policy/quote.ts';

/*
 * Keeps out of the log what does not belong there, whoever logs it. It looks at finished lines: what child loggers bind, what messages have interpolated
 * and what errors carry all passes here.
 */

/** Members that are never logged, whatever is in them: what agents say and what tools answer. The trail has it, redacted, by the audit id. */
const NEVER =
  /^(?:parameters|params|arguments|args|argumentsjson|parametersjson|justification|source|sourceloglines?|result|value|body|stdout|stderr)$/;
/** UTF-16 units of one line; a longer one is told by its length alone. */
const LINE_CHARS_MAX = 16_384;
const DEPTH_MAX = 8;
/** What JSON lets stand and a terminal obeys, or shows elsewhere or not at all: C1 controls, DEL, line separators, and what reorders. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
const NO_PATHS: readonly string[] = [];

/** Its key lives as long as the process: digests in the log say only that two secrets of one run are the same. */
const REDACTOR = createRedactor(randomBytes(32));

/** True for a text in which something looks like a token, a key or a password. */
export function holdsSecret(text: string): boolean {
  return REDACTOR.redactText(text) !== text;
}

/** @param line - JSON with its line break. @returns a line of the same level and time that holds no secret that can be known for one. */
export function redactedLine(line: string): string {
  try {
    if (line.length > LINE_CHARS_MAX) return tooLong(line);
    const whole = JSON.parse(line) as PlainJson; // a line of ours, so JSON
    return `${JSON.stringify(REDACTOR.redactParameters(withoutWords(whole, 0), NO_PATHS)).replace(UNSEEN, jsonEscape)}\n`;
  } catch {
    return `${JSON.stringify({ level: 50, time: Date.now(), msg: 'a log line could not be redacted, and is left out' })}\n`;
  }
}

function tooLong(line: string): string {
  const level = Number(/^\{"level":(\d{1,3})/.exec(line)?.[1] ?? 50);
  return `${JSON.stringify({ level, time: Date.now(), msg: 'a log line was too long, and is left out', chars: line.length })}\n`;
}

function withoutWords(json: PlainJson, depth: number): PlainJson {
  if (typeof json !== 'object' || json === null) return json;
  if (depth >= DEPTH_MAX) return '[left out]';
  if (Array.isArray(json)) return json.map((item: PlainJson) => withoutWords(item, depth + 1));
  const entries = Object.entries(json).map(([name, value]): [string, PlainJson] => [
    name,
    NEVER.test(name.toLowerCase().replace(/[_-]/g, '')) ? '[left out]' : withoutWords(value, depth + 1),
  ]);
  return Object.fromEntries(entries);
}
