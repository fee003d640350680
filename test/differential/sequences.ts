import type { FunctionType, ValueType } from '../../runtime/component/types.ts';
import { encodeParams, encodeValue, type WitValue } from '../../runtime/value/index.ts';
import { type Difference, factsOf, hasMark, hex, type Report } from './difference.ts';
import { heardName, RUN_INTERFACE, returningStep, sequenceGuest, sequenceWit } from './sequence-guest.ts';
import { BROKEN, type Program, type Step } from './sequence-program.ts';
import {
  type Contender,
  functionType,
  type Host,
  type HostFunction,
  hostImports,
  rootFunctionType,
  type Subject,
  subject,
  WIDE,
} from './sides.ts';

/*
 * Programs of host calls: what the host saw, call by call, and what came out in the end, against what the program says and
 * against jco.
 */

/** All that can be seen of a run from outside. */
interface Observed {
  readonly calls: readonly string[];
  readonly ending: string;
}

export async function runSequence(program: Program): Promise<Report> {
  const linked = subject(await sequenceGuest(program), program.encoding !== 'latin1+utf16'); // jco panics on it
  const expected = expectedOf(program);
  const differences: Difference[] = [];
  let calls = 0;
  for (const contender of linked.contenders) {
    const found = observe(linked, contender, program);
    calls += found.calls.length;
    const [wanted, seen] = [shown(expected), shown(found)];
    if (wanted !== seen) differences.push(differenceOf(program, contender, expected, found));
  }
  return { counts: { sequences: 1, 'host calls': calls }, differences };
}

const HOST_BROKE = 'the host is broken';

/** What the specification says: every call arrives as it was made, every answer as it was given. */
function expectedOf(program: Program): Observed {
  const calls: string[] = [];
  for (const { func, args, answer } of program.steps) {
    const { name, params, result } = program.functions[func]!;
    calls.push(callText(name, params, args));
    if (answer === BROKEN) return { calls, ending: `Error: ${HOST_BROKE}` };
    if (result !== undefined) calls.push(callText(heardName(name), [result], [answer as WitValue])); // functions with a result answer
  }
  const returning = program.steps[returningStep(program)];
  if (returning === undefined) return { calls, ending: hex(new Uint8Array(0)) };
  const result = program.functions[returning.func]!.result as ValueType; // a returning step has one
  return { calls, ending: hex(encodeValue(returning.answer as WitValue, result, WIDE)) };
}

function observe(linked: Subject, contender: Contender, program: Program): Observed {
  const calls: string[] = [];
  try {
    const instance = linked.instantiate(contender, hostImports(contender, hostOf(program, linked, calls)));
    const ending = instance.call(RUN_INTERFACE, 'run', new Uint8Array(0));
    return { calls, ending: 'bytes' in ending ? hex(ending.bytes) : ending.what };
  } catch (error) {
    return { calls, ending: `not instantiated: ${String(error)}` };
  }
}

/** A host that answers by the program: its n-th call of a function is the program's n-th. */
function hostOf(program: Program, linked: Subject, calls: string[]): Host {
  const host = new Map<string, Map<string, HostFunction>>();
  const left = [...program.steps];
  for (const [index, { place, name, params, result }] of program.functions.entries()) {
    const members = host.get(place) ?? new Map<string, HostFunction>();
    host.set(place, members);
    const answer = (args: readonly WitValue[]): WitValue | undefined => {
      calls.push(callText(name, params, args));
      return answerOf(left.shift(), index);
    };
    members.set(name, { type: typeOf(linked, place, name), call: answer });
    if (result === undefined) continue;
    const hear = (args: readonly WitValue[]): undefined => void calls.push(callText(heardName(name), [result], args));
    members.set(heardName(name), { type: typeOf(linked, place, heardName(name)), call: hear });
  }
  return host;
}

function answerOf(step: Step | undefined, func: number): WitValue | undefined {
  if (step?.func !== func) throw new Error('a call that the program does not have');
  if (step.answer === BROKEN) throw new Error(HOST_BROKE);
  return step.answer;
}

function typeOf(linked: Subject, place: string, name: string): FunctionType {
  const { imports } = linked.component;
  return place === '' ? rootFunctionType(imports, name) : functionType(imports, place, name);
}

function callText(name: string, params: readonly ValueType[], args: readonly WitValue[]): string {
  const named = params.map((type, at) => ({ name: `${at}`, type }));
  return `${name}(${params.length === 0 ? '' : hex(encodeParams(args, named, WIDE))})`;
}

function shown({ calls, ending }: Observed): string {
  return [...calls, `=> ${ending}`].join('\n');
}

/** Told by the first thing that is different: what follows it may be its consequence. */
function differenceOf(program: Program, contender: Contender, expected: Observed, found: Observed): Difference {
  const at = expected.calls.findIndex((call, index) => call !== found.calls[index]);
  const first = at < 0 ? found.calls.length : at;
  return {
    title: `sequence:${program.seed}, ${at < 0 ? 'the end' : `call ${at}`}`,
    contender,
    what: at < 0 || found.calls[first] === undefined ? 'ending' : 'seen by the host',
    expected: expected.calls[first] ?? expected.ending,
    found: found.calls[first] ?? found.ending,
    types: program.functions.flatMap(({ params, result }) => (result === undefined ? params : [...params, result])),
    encoding: program.encoding,
    facts: factsOf({ dirty: program.dirty, 'core values': true, 'byte order mark': hasMark(program.steps) }),
    detail: `${shown(expected)}\n\n${shown(found)}\n\n${sequenceWit(program)}`,
  };
}
