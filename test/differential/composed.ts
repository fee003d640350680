import { parse, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ValueType } from '../../runtime/component/types.ts';
import { encodeParams, encodeValue, jsonText, toJson, type WitValue } from '../../runtime/value/index.ts';
import { paddedType, WitTypes } from '../support/echo-component.ts';
import { arbEncoding, pick } from './arbitrary.ts';
import { component, type Encoding } from './assembly.ts';
import { coreSignature, memoryText, storeCode } from './core-code.ts';
import { type Difference, factsOf, hasMark, hex, type Report } from './difference.ts';
import { API, HOST, resultOf, roundGuest, roundWit } from './round-guest.ts';
import { padded, type RoundTripCase, roundTripCase } from './round-trips.ts';
import { type Contender, functionType, type Instance, type Subject, subject, WIDE } from './sides.ts';
import { alignmentOf, sizeOf } from './spec-layout.ts';

/*
 * Values from one component to another and back: the guest of the round trips, with a second component in the place of the
 * host, whose strings may have another encoding.
 */

/** A round trip whose host is a component. */
export interface ComposedCase extends RoundTripCase {
  readonly inner: Encoding;
}

/** The case of a seed. */
export function composedCase(seed: number, count: number): ComposedCase {
  return { ...roundTripCase(seed, count), inner: pick(arbEncoding, seed + 1, 1)[0]! };
}

export async function runComposed(given: ComposedCase): Promise<Report> {
  const encodings = [given.encoding, given.inner];
  // jco panics on components that pass text on in another encoding, and where both have UTF-16.
  const linked = subject(
    await composedComponent(given),
    encodings.every((encoding) => encoding === 'utf8'),
  );
  const contenders = linked.contenders.filter((name) => name === 'own, values' || name === 'jco, plain'); // no host functions
  const differences = contenders.flatMap((contender) => [...run(linked, contender, given)]);
  return { counts: { compositions: 1, 'values through compositions': given.values.length }, differences };
}

async function composedComponent(given: ComposedCase): Promise<Uint8Array> {
  const outer = await print(await roundGuest(given));
  const inner = await print(await innerGuest(given));
  return parse(`(component
    ${inner.replace('(component', '(component $inner')}
    ${outer.replace('(component', '(component $outer')}
    (instance $i (instantiate $inner))
    (alias export $i "${HOST}" (instance $host))
    (instance $o (instantiate $outer (with "${HOST}" (instance $host))))
    (alias export $o "${API}" (instance $api))
    (export "${API}" (instance $api)))`);
}

/** Exports `host`; its `echo` stores what it gets, by generated code. */
function innerGuest({ params, inner, dirty }: ComposedCase): Promise<Uint8Array> {
  const result = resultOf(params);
  const signature = coreSignature(params, result);
  const types = new WitTypes();
  const list = params.map((type, at) => `${'abc'[at]}: ${types.of(type)}`).join(', ');
  const wit = `package test:diff; interface host { ${types.lines.join('\n')} echo: func(${list}) -> ${types.of(result)}; } world v { export host; }`;
  const locals = signature.params.map((core, at) => `(param $p${at} ${core})`).join(' ');
  const passed = signature.params.map((_, at) => `(local.get $p${at})`);
  const stored = signature.paramsInMemory
    ? `(memory.copy (local.get $to) (local.get $p0) (i32.const ${sizeOf(result)}))`
    : storeCode(result, { local: '$to', offset: 0 }, passed, { dirty });
  const body = signature.resultInMemory
    ? `(local.set $to (call $alloc (i32.const ${alignmentOf(result)}) (i32.const ${sizeOf(result)}))) ${stored} (local.get $to)`
    : passed[0];
  const core = signature.resultInMemory ? 'i32' : signature.result;
  return component(
    `(module ${memoryText(1024)}
      (func (export "${HOST}#echo") ${locals} (result ${core}) (local $to i32) ${body})
      (func (export "cabi_post_${HOST}#echo") (param ${core}) (call $spoil)))`,
    wit,
    inner,
  );
}

function* run(linked: Subject, contender: Contender, given: ComposedCase): Generator<Difference> {
  const result = resultOf(given.params);
  const wide = paddedType(result);
  let instance: Instance | undefined;
  for (const values of given.values) {
    const value: WitValue = values.length === 1 ? values[0]! : values;
    for (const name of ['relay', 'fill'] as const) {
      instance ??= linked.instantiate(contender, {});
      const { params } = functionType(linked.component.exports, API, name);
      const ending = instance.call(API, name, encodeParams(name === 'fill' ? [padded(wide, value)] : values, params, WIDE));
      if ('what' in ending) instance = undefined;
      const found = 'bytes' in ending ? hex(ending.bytes) : ending.what;
      const expected = hex(encodeValue(value, result, WIDE));
      if (found !== expected) yield difference(given, contender, name, values, expected, found);
    }
  }
}

function difference(
  { seed, params, encoding, inner, dirty }: ComposedCase,
  contender: Contender,
  name: string,
  values: readonly WitValue[],
  expected: string,
  found: string,
): Difference {
  const shown = values.map((value, at) => jsonText(toJson(value, params[at] as ValueType))).join(', '); // a value for each
  return {
    title: `composition:${seed}, ${encoding} and ${inner}, \`${name}\` of (${shown})`,
    contender,
    what: 'result',
    expected,
    found,
    types: params,
    encoding,
    facts: factsOf({ dirty, 'core values': true, 'byte order mark': hasMark(values) }),
    detail: roundWit(params),
  };
}
