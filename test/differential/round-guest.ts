import type { ValueType } from '../../runtime/component/types.ts';
import { paddedType, WitTypes } from '../support/echo-component.ts';
import { component, type Encoding } from './assembly.ts';
import {
  areaCode,
  type CoreSignature,
  coreSignature,
  type Dirt,
  importType,
  loadCode,
  memoryText,
  storeCode,
} from './core-code.ts';
import { alignmentOf, sizeOf } from './spec-layout.ts';

/*
 * A guest for one list of parameter types. Each of its functions gives back what it was given, and each takes another way
 * through the canonical ABI:
 *
 * | function | parameters come   | then                                             | result leaves       |
 * |----------|-------------------|--------------------------------------------------|---------------------|
 * | `echo`   | in memory         | nothing                                          | from memory         |
 * | `spill`  | as core values    | generated code stores them                       | from memory         |
 * | `relay`  | as core values    | they go to the host as they are, its result back | as the host's came  |
 * | `fill`   | in memory         | generated code loads them, they go to the host   | as the host's came  |
 *
 * Values of more than 16 core values are in memory everywhere.
 */

export interface RoundGuest extends Dirt {
  readonly params: readonly ValueType[];
  readonly encoding: Encoding;
}

export const HOST = 'test:diff/host';
export const API = 'test:diff/api';
export const ROUND_FUNCTIONS = ['echo', 'spill', 'relay', 'fill'] as const;
export type RoundFunction = (typeof ROUND_FUNCTIONS)[number];

/** The result of functions that take these parameters: the only one, or a tuple of all. */
export function resultOf(params: readonly ValueType[]): ValueType {
  return params.length === 1 ? params[0]! : { kind: 'tuple', items: params };
}

export function roundGuest(guest: RoundGuest): Promise<Uint8Array> {
  return component(coreText(guest), roundWit(guest.params), guest.encoding);
}

export function roundWit(params: readonly ValueType[]): string {
  const result = resultOf(params);
  const types = new WitTypes();
  const signature = plainSignature(types, params, result);
  const padded = types.of(paddedType(result));
  const hostTypes = new WitTypes();
  const hostSignature = plainSignature(hostTypes, params, result);
  return `package test:diff;
    interface host {
      ${hostTypes.lines.join('\n      ')}
      echo: ${hostSignature};
    }
    interface api {
      ${types.lines.join('\n      ')}
      echo: func(value: ${padded}) -> ${padded};
      spill: ${signature};
      relay: ${signature};
      fill: func(value: ${padded}) -> ${types.of(result)};
    }
    world w { import host; export api; }`;
}

function plainSignature(types: WitTypes, params: readonly ValueType[], result: ValueType): string {
  return `func(${params.map((type, at) => `${'abc'[at]}: ${types.of(type)}`).join(', ')}) -> ${types.of(result)}`;
}

function coreText({ params, dirty }: RoundGuest): string {
  const result = resultOf(params);
  const signature = coreSignature(params, result);
  const locals = signature.params.map((core, at) => `(param $p${at} ${core})`).join(' ');
  const leaves = signature.resultInMemory ? '(result i32)' : `(result ${signature.result})`;
  const passed = signature.params.map((_, at) => `(local.get $p${at})`);
  const loaded = signature.paramsInMemory ? ['(local.get $p0)'] : loadCode(result, { local: '$p0', offset: 0 }, { dirty });
  return `(module
    (import "${HOST}" "echo" (func $host ${importType(signature)}))
    ${memoryText(1024)}
    (func (export "${API}#echo") (param i32) (result i32) (local.get 0))
    (func (export "${API}#spill") ${locals} ${leaves} (local $to i32)
      (local.set $to ${areaCode(result, alignmentOf(result))})
      (memory.fill (local.get $to) (i32.const ${dirty ? 0xa5 : 0}) (i32.const ${sizeOf(result)}))
      ${spillCode(signature, result, passed, { dirty })})
    (func (export "${API}#relay") ${locals} ${leaves} (local $to i32) ${toHost(signature, result, passed)})
    (func (export "${API}#fill") (param $p0 i32) ${leaves} (local $to i32) ${toHost(signature, result, loaded)})
    (func (export "cabi_post_${API}#echo") (param i32) (call $spoil))
    ${['spill', 'relay', 'fill'].map((name) => `(func (export "cabi_post_${API}#${name}") (param ${signature.resultInMemory ? 'i32' : signature.result}) (call $spoil))`).join('\n')}
  )`;
}

function spillCode(signature: CoreSignature, result: ValueType, passed: readonly string[], dirt: Dirt): string {
  const stored = signature.paramsInMemory
    ? `(memory.copy (local.get $to) (local.get $p0) (i32.const ${sizeOf(result)}))`
    : storeCode(result, { local: '$to', offset: 0 }, passed, dirt);
  const left = signature.resultInMemory ? '(local.get $to)' : loadCode(result, { local: '$to', offset: 0 }, dirt)[0];
  return `${stored} ${left}`;
}

function toHost(signature: CoreSignature, result: ValueType, passed: readonly string[]): string {
  if (!signature.resultInMemory) return `(call $host ${passed.join(' ')})`;
  return `(local.set $to ${areaCode(result, alignmentOf(result))})
      (call $host ${passed.join(' ')} (local.get $to))
      (local.get $to)`;
}
