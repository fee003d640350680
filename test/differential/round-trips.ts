import fc from 'fast-check';
import type { ValueType } from '../../runtime/component/types.ts';
import { encodeParams, encodeValue, jsonText, toJson, type WitValue } from '../../runtime/value/index.ts';
import { paddedType } from '../support/echo-component.ts';
import { arbDeepValue, arbEncoding, arbParamTypes, pick } from './arbitrary.ts';
import { coreSignature } from './core-code.ts';
import { type Difference, factsOf, hasMark, hex, type Report } from './difference.ts';
import {
  API,
  HOST,
  ROUND_FUNCTIONS,
  type RoundFunction,
  type RoundGuest,
  resultOf,
  roundGuest,
  roundWit,
} from './round-guest.ts';
import { type Contender, type Ending, functionType, hostImports, type Instance, type Subject, subject, WIDE } from './sides.ts';

/*
 * Values in and out of guests by every way that the canonical ABI has, against what they were and against jco.
 */

/** A guest and what goes through it. */
export interface RoundTripCase extends RoundGuest {
  readonly seed: number;
  readonly values: readonly (readonly WitValue[])[];
}

/** The case of a seed: one guest, with as many values as asked for. */
export function roundTripCase(seed: number, count: number): RoundTripCase {
  const arb = fc.record({ params: arbParamTypes(), encoding: arbEncoding, dirty: fc.boolean() });
  const guest: RoundGuest = pick(arb, seed, 1)[0]!;
  const values = pick(fc.tuple(...guest.params.map(arbDeepValue)), seed, count);
  return { ...guest, seed, values };
}

export async function runRoundTrips(given: RoundTripCase): Promise<Report> {
  const withJco = given.encoding !== 'latin1+utf16'; // jco panics on it
  const linked = subject(await roundGuest(given), withJco);
  const differences: Difference[] = [];
  let calls = 0;
  for (const contender of linked.contenders) {
    const run = new Run(linked, contender, given);
    for (const values of given.values) differences.push(...run.values(values));
    calls += run.calls;
  }
  return { counts: { guests: 1, values: given.values.length, calls }, differences };
}

/** All values of a case by one contender. */
class Run {
  calls = 0;
  readonly #subject: Subject;
  readonly #contender: Contender;
  readonly #case: RoundTripCase;
  #instance: Instance | undefined;
  /** Canonical bytes of what the host was called with, in the call that runs. */
  #seen: string[] = [];

  constructor(linked: Subject, contender: Contender, given: RoundTripCase) {
    this.#subject = linked;
    this.#contender = contender;
    this.#case = given;
  }

  *values(values: readonly WitValue[]): Generator<Difference> {
    const result = resultOf(this.#case.params);
    const value = values.length === 1 ? values[0]! : values;
    const wide = paddedType(result);
    for (const name of ROUND_FUNCTIONS) {
      const params = name === 'echo' || name === 'fill' ? [padded(wide, value)] : values;
      const expected = hex(name === 'echo' ? encodeValue(params[0]!, wide, WIDE) : encodeValue(value, result, WIDE));
      const ending = this.#call(name, params);
      const found = 'bytes' in ending ? hex(ending.bytes) : ending.what;
      if (found !== expected) yield this.#difference(name, values, 'result', expected, found);
      if ('what' in ending) {
        this.#instance = undefined; // the host may not have been called, and the instance is lost
        continue;
      }
      const wanted = name === 'relay' || name === 'fill' ? hex(encodeValue(value, result, WIDE)) : NOT_CALLED;
      const seen = this.#seen.join(' ') || NOT_CALLED;
      if (seen !== wanted) yield this.#difference(name, values, 'seen by the host', wanted, seen);
    }
  }

  #call(name: RoundFunction, values: readonly WitValue[]): Ending {
    this.calls += 1;
    this.#seen = [];
    this.#instance ??= this.#subject.instantiate(this.#contender, this.#imports());
    const { params } = functionType(this.#subject.component.exports, API, name);
    return this.#instance.call(API, name, encodeParams(values, params, WIDE));
  }

  #imports() {
    const type = functionType(this.#subject.component.imports, HOST, 'echo');
    const result = type.result as ValueType; // the guest's WIT has one
    const call = (args: readonly WitValue[]): WitValue => {
      const value = args.length === 1 ? args[0]! : args;
      this.#seen.push(hex(encodeValue(value, result, WIDE)));
      return value;
    };
    return hostImports(this.#contender, new Map([[HOST, new Map([['echo', { type, call }]])]]));
  }

  #difference(name: RoundFunction, values: readonly WitValue[], what: string, expected: string, found: string): Difference {
    const { seed, params, encoding, dirty } = this.#case;
    const shown = values.map((value, at) => jsonText(toJson(value, params[at]!))).join(', ');
    return {
      title: `round-trip:${seed}, \`${name}\` of (${shown})`,
      contender: this.#contender,
      what,
      expected,
      found,
      types: params,
      encoding,
      facts: factsOf({
        dirty,
        'core values': isLiftedFlat(name, params),
        'checked by the guest': name === 'spill' && !coreSignature(params, resultOf(params)).paramsInMemory,
        'byte order mark': hasMark(values),
      }),
      detail: roundWit(params),
    };
  }
}

const NOT_CALLED = '(not called)';

/** `fill` and `relay` give the host core values while there are few; results are core values when there is one. */
function isLiftedFlat(name: RoundFunction, params: readonly ValueType[]): boolean {
  const signature = coreSignature(params, resultOf(params));
  if (name === 'fill' || name === 'relay') return !signature.paramsInMemory;
  return name === 'spill' && !signature.resultInMemory;
}

/** The value with its padding, as `echo` and `fill` take it. */
export function padded(wide: ValueType & { kind: 'record' }, value: WitValue): WitValue {
  const fields = wide.fields.map((field, at) => [field.name, at === 0 ? value : at % 2 === 0] as const);
  return Object.assign(Object.create(null), Object.fromEntries(fields)) as WitValue; // fields of the record's type
}
