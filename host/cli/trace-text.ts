import { grouped } from '../approvals/text-lines.ts';
import type { TracedCall } from '../call-trace.ts';

/** Code units of what is shown of arguments and of an answer in a terminal. */
const SHOWN_CHARS_MAX = 160;

/** One host call as lines for a person: what was asked, and below it the decision, the answer and what it cost. Not yet escaped. */
export function traceLines({
  number,
  function: name,
  args,
  decision,
  by,
  why,
  answer,
  milliseconds,
  fuelUsed,
}: TracedCall): readonly string[] {
  const decided = [decision, by === undefined ? '' : ` by ${by}`, why === undefined ? '' : `: ${why}`].join('');
  const given = answer === undefined ? '' : ` -> ${cut(answer)}`;
  return [
    `#${number} ${name}(${cut(args)})`,
    `   ${decided}${given}  (${milliseconds.toFixed(3)} ms, ${grouped(fuelUsed)} fuel used)`,
  ];
}

function cut(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}
