import { encodeValue, jsonText } from '../../../../runtime/value/index.ts';
import { hasMark, hex } from '../../../differential/difference.ts';
import { type Contender, functionType, isJco, type Subject, subject, WIDE } from '../../../differential/sides.ts';
import type { ShapesCall } from './cases.ts';
import { type AnsweredCall, callJson } from './golden.ts';
import { named } from './host.ts';
import { ShapesRun } from './run.ts';

/** jco's glue takes some 40 ms where ours takes a tenth of one: it is asked every so many-th time. */
const JCO_STEP = 17;

/** What our own bindings say of calls, for those that nobody recorded. */
export function expectedAnswers(bytes: Uint8Array, calls: readonly ShapesCall[]): readonly AnsweredCall[] {
  const run = new ShapesRun(subject(bytes, false), 'own, values');
  return calls.map((call) => {
    const { ending, seen } = run.call(call);
    return { call, result: 'bytes' in ending ? hex(ending.bytes) : ending.what, things: seen.things };
  });
}

/** Differences as text, and how many answers were looked at. */
export interface Compared {
  readonly compared: number;
  readonly differences: readonly string[];
}

/**
 * Asks a component by our own bindings, in every form of host functions, and by jco where it can. Values go through `relay`, too,
 * by way of the host, which has to see what was given.
 *
 * @param withJco - false where jco panics: texts that pass between two components and are not UTF-8 on both sides.
 */
export function ourDifferences(bytes: Uint8Array, expected: readonly AnsweredCall[], withJco = true): Compared {
  const linked = subject(bytes, withJco);
  const differences: string[] = [];
  let compared = 0;
  for (const contender of linked.contenders) {
    const asked = isJco(contender) ? expected.filter(({ call }, at) => at % JCO_STEP === 0 && !hasMark(call.params)) : expected;
    const run = new ShapesRun(linked, contender);
    for (const one of asked) {
      const ways = one.call.within === 'shapes' ? ['shapes', 'relay'] : [one.call.within];
      for (const within of ways) {
        compared += 1;
        differences.push(...differencesOf(linked, contender, run, { ...one, call: { ...one.call, within } }));
      }
    }
  }
  return { compared, differences };
}

function* differencesOf(
  linked: Subject,
  contender: Contender,
  run: ShapesRun,
  { call, result, things }: AnsweredCall,
): Generator<string> {
  const { ending, seen } = run.call(call);
  const found = 'bytes' in ending ? hex(ending.bytes) : ending.what;
  const params = () => jsonText(callJson(linked.component, call).params).slice(0, 300);
  const say = (what: string, wanted: string, got: string) =>
    `${contender}, ${call.within}#${call.name} of ${params()}: ${what}\n  expected ${wanted.slice(0, 300)}\n  found    ${got.slice(0, 300)}`;
  if (found !== result) yield say('result', result, found);
  if (seen.things.join('\n') !== things.join('\n')) yield say('things', things.join(', '), seen.things.join(', '));
  const given = call.within === 'relay' ? mirrored(linked, call) : '';
  if (seen.mirrored.join() !== given) yield say('mirrored', given, seen.mirrored.join());
}

/** Canonical bytes of what the mirror must see of a call. */
function mirrored({ component }: Subject, { name, params }: ShapesCall): string {
  const value = params.length === 1 ? params[0]! : params;
  return hex(encodeValue(value, functionType(component.exports, named('relay'), name).result!, WIDE)); // relays have one
}
