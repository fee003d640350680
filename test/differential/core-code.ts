import type { ValueType } from '../../runtime/component/types.ts';
import {
  type Core,
  despecialize,
  discriminantBytes,
  fieldsAt,
  flagBytes,
  flatten,
  type Plain,
  payloadAt,
  sizeOf,
} from './spec-layout.ts';

/*
 * Core code, as text, that moves a value between its core values and its place in memory: what a compiler of guests would
 * make of a type. Source: CanonicalABI.md, `load`, `store`, `lift_flat`, `lower_flat`.
 *
 * A dirty guest sets every bit that the host must not look at: those above narrow integers and above joined core values,
 * flags without a label, bools other than 1, core values that the case does not use.
 */

export interface Dirt {
  readonly dirty: boolean;
}

/** A place in memory: a local that holds an address, and an offset from it. */
export interface Place {
  readonly local: string;
  readonly offset: number;
}

/**
 * Instructions that store a value whose core values are given as expressions. They trap (by `$must`) where the core values
 * are not exactly those that `lower_flat` gives: a bit too many, or something in a core value that the case does not use.
 */
export function storeCode(type: ValueType, to: Place, flat: readonly string[], dirt: Dirt): string {
  const plain = despecialize(type);
  const at = (offset: number): Place => ({ local: to.local, offset: to.offset + offset });
  switch (plain.kind) {
    case 'pair':
      return `(i32.store ${address(to)} ${flat[0]}) (i32.store ${address(at(4))} ${flat[1]})`;
    case 'record': {
      const offsets = fieldsAt(plain.fields);
      let used = 0;
      return plain.fields
        .map((field, index) => {
          const count = flatten(field).length;
          const code = storeCode(field, at(offsets[index]!), flat.slice(used, used + count), dirt);
          used += count;
          return code;
        })
        .join('\n');
    }
    case 'variant': {
      const width = discriminantBytes(plain.cases.length);
      const joined = flatten(type).slice(1);
      const payloads = plain.cases.map((payload, index) => {
        const spare = joined.map((core, each) => ({ core, each })).slice(payload === undefined ? 0 : flatten(payload).length);
        const unused = spare.map(({ core, each }) => mustBeZero(flat[each + 1]!, core)).join(' ');
        if (payload === undefined) return unused === '' ? '' : `(if (i32.eq ${flat[0]} (i32.const ${index})) (then ${unused}))`;
        const own = flatten(payload).map((core, each) => unjoin(flat[each + 1]!, joined[each]!, core));
        const widened = flatten(payload).flatMap((core, each) => mustBeWidened(flat[each + 1]!, joined[each]!, core));
        const code = storeCode(payload, at(payloadAt(plain.cases)), own, dirt);
        return `(if (i32.eq ${flat[0]} (i32.const ${index})) (then ${unused} ${widened.join(' ')} ${code}))`;
      });
      return `(${intOp('store', width)} ${address(to)} ${flat[0]}) ${payloads.join('\n')}`;
    }
    default:
      return `${mustBeNarrow(type, plain, flat[0]!)} (${scalarOp('store', plain)} ${address(to)} ${dirt.dirty ? soiled(type, plain, flat[0]!) : flat[0]})`;
  }
}

/** Expressions for the core values of a value in memory, one for each of `flatten(type)`. */
export function loadCode(type: ValueType, from: Place, dirt: Dirt): string[] {
  const plain = despecialize(type);
  const at = (offset: number): Place => ({ local: from.local, offset: from.offset + offset });
  switch (plain.kind) {
    case 'pair':
      return [`(i32.load ${address(from)})`, `(i32.load ${address(at(4))})`];
    case 'record': {
      const offsets = fieldsAt(plain.fields);
      return plain.fields.flatMap((field, index) => loadCode(field, at(offsets[index]!), dirt));
    }
    case 'variant':
      return loadVariant(plain.cases, type, from, dirt);
    default: {
      const loaded = `(${scalarOp('load', plain)} ${address(from)})`;
      return [dirt.dirty ? soiled(type, plain, loaded) : loaded];
    }
  }
}

function loadVariant(cases: readonly (ValueType | undefined)[], type: ValueType, from: Place, dirt: Dirt): string[] {
  const width = discriminantBytes(cases.length);
  const discriminant = `(${intOp('load', width)} ${address(from)})`;
  const payload: Place = { local: from.local, offset: from.offset + payloadAt(cases) };
  const joined = flatten(type).slice(1);
  const loaded = cases.map((item) => (item === undefined ? undefined : loadCode(item, payload, dirt)));
  const rest = joined.map((want, each) =>
    cases.reduce(
      (otherwise, item, index) => {
        const have = item === undefined ? undefined : flatten(item)[each];
        if (have === undefined) return otherwise;
        const value = joinTo(loaded[index]![each]!, have, want, dirt);
        return `(if (result ${want}) (i32.eq ${discriminant} (i32.const ${index})) (then ${value}) (else ${otherwise}))`;
      },
      unused(want, dirt),
    ),
  );
  return [discriminant, ...rest];
}

/** `lower_flat_variant`: what a core value of the case's own type is in the joined type. */
export function joinTo(value: string, have: Core, want: Core, dirt: Dirt): string {
  if (have === want) return value;
  const bits = have === 'f32' ? `(i32.reinterpret_f32 ${value})` : value;
  if (want === 'i32') return bits;
  if (have === 'f64') return `(i64.reinterpret_f64 ${value})`;
  const wide = `(i64.extend_i32_u ${bits})`;
  return dirt.dirty ? `(i64.or ${wide} (i64.const 0xdeadbeef00000000))` : wide;
}

/** `lift_flat_variant`: the reverse. */
function unjoin(value: string, have: Core, want: Core): string {
  if (have === want) return value;
  if (have === 'i64' && want === 'f64') return `(f64.reinterpret_i64 ${value})`;
  const bits = have === 'i64' ? `(i32.wrap_i64 ${value})` : value;
  return want === 'f32' ? `(f32.reinterpret_i32 ${bits})` : bits;
}

const must = (condition: string): string => `(call $must ${condition})`;

/** An i32 or f32 in an i64 leaves the upper half zero. */
function mustBeWidened(value: string, have: Core, want: Core): string[] {
  if (have !== 'i64' || want === 'i64' || want === 'f64') return [];
  return [must(`(i64.eqz (i64.shr_u ${value} (i64.const 32)))`)];
}

function mustBeZero(value: string, core: Core): string {
  if (core.startsWith('i')) return must(`(${core}.eqz ${value})`);
  const bits = core === 'f32' ? 'i32' : 'i64';
  return must(`(${bits}.eqz (${bits}.reinterpret_${core} ${value}))`);
}

/** What is narrower than its core value is extended by its sign, or by zeros. */
function mustBeNarrow(type: ValueType, plain: Plain, value: string): string {
  const below = (bits: number) => must(`(i32.eqz (i32.shr_u ${value} (i32.const ${bits})))`);
  if (type.kind === 'bool') return below(1);
  if (plain.kind === 'flags') return plain.labels === 32 ? '' : below(plain.labels);
  if (type.kind === 'u8' || type.kind === 'u16') return below(type.kind === 'u8' ? 8 : 16);
  if (type.kind === 's8') return must(`(i32.eq ${value} (i32.extend8_s ${value}))`);
  return type.kind === 's16' ? must(`(i32.eq ${value} (i32.extend16_s ${value}))`) : '';
}

function unused(core: Core, dirt: Dirt): string {
  return `(${core}.const ${dirt.dirty ? '77' : '0'})`;
}

/** Sets the bits of a core value that say nothing. */
function soiled(type: ValueType, plain: Plain, value: string): string {
  if (type.kind === 'bool') return `(i32.shl ${value} (i32.const 5))`;
  if (plain.kind === 'flags') {
    const spare = plain.labels === 32 ? 0 : ~(2 ** plain.labels - 1);
    return `(i32.or ${value} (i32.const ${spare}))`;
  }
  if (plain.kind !== 'int' || plain.bytes > 2) return value;
  return `(i32.or (i32.and ${value} (i32.const ${plain.bytes === 1 ? 0xff : 0xffff})) (i32.const ${plain.bytes === 1 ? '0xabcdef00' : '0xabcd0000'}))`;
}

function address({ local, offset }: Place): string {
  return `offset=${offset} (local.get ${local})`;
}

function scalarOp(move: 'load' | 'store', plain: Exclude<Plain, { kind: 'record' | 'variant' | 'pair' }>): string {
  if (plain.kind === 'float') return `f${plain.bytes * 8}.${move}`;
  if (plain.kind === 'flags') return intOp(move, flagBytes(plain.labels));
  const signed = plain.of === 's8' || plain.of === 's16';
  return intOp(move, plain.bytes, signed);
}

function intOp(move: 'load' | 'store', bytes: 1 | 2 | 4 | 8, signed = false): string {
  if (bytes >= 4) return `i${bytes * 8}.${move}`;
  if (move === 'store') return `i32.store${bytes * 8}`;
  return `i32.load${bytes * 8}_${signed ? 's' : 'u'}`;
}

/** Core values beyond which parameters go through memory: the specification's `MAX_FLAT_PARAMS`. */
export const FLAT_PARAMS_MAX = 16;

/** How a function of component types looks in core wasm, on either side of it. */
export interface CoreSignature {
  /** Parameters as core types; one pointer when there would be too many. */
  readonly params: readonly Core[];
  readonly paramsInMemory: boolean;
  /** The one core result, where the result is one core value; undefined when it lies in memory or is absent. */
  readonly result: Core | undefined;
  readonly resultInMemory: boolean;
}

export function coreSignature(params: readonly ValueType[], result: ValueType | undefined): CoreSignature {
  const flat = params.flatMap(flatten);
  const paramsInMemory = flat.length > FLAT_PARAMS_MAX;
  const results = result === undefined ? [] : flatten(result);
  return {
    params: paramsInMemory ? ['i32'] : flat,
    paramsInMemory,
    result: results.length === 1 ? results[0] : undefined,
    resultInMemory: results.length > 1,
  };
}

/** The type of an imported function: a large result goes where the last parameter says. */
export function importType(signature: CoreSignature): string {
  const params: readonly Core[] = signature.resultInMemory ? [...signature.params, 'i32'] : signature.params;
  return `${clause('param', params)} ${clause('result', signature.result === undefined ? [] : [signature.result])}`;
}

function clause(keyword: string, cores: readonly Core[]): string {
  return cores.length === 0 ? '' : `(${keyword} ${cores.join(' ')})`;
}

/** Core text of a memory with an allocator whose `post-return` spoils all that was handed out: nothing may be read after it. */
export function memoryText(base: number): string {
  return `(memory (export "memory") 2)
    (global $next (mut i32) (i32.const ${base}))
    (func $alloc (param $align i32) (param $size i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
        (then (if (i32.eq (memory.grow (i32.add (i32.div_u (local.get $size) (i32.const 65536)) (i32.const 1))) (i32.const -1)) (then unreachable))))
      (local.get $at))
    (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32) (local $at i32)
      (local.set $at (call $alloc (local.get $align) (local.get $size)))
      (memory.fill (local.get $at) (i32.const 0xa5) (local.get $size))
      (memory.copy (local.get $at) (local.get $old)
        (select (local.get $old_size) (local.get $size) (i32.lt_u (local.get $old_size) (local.get $size))))
      (local.get $at))
    (func $must (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
    (func $spoil
      (memory.fill (i32.const ${base}) (i32.const 0xee) (i32.sub (global.get $next) (i32.const ${base})))
      (global.set $next (i32.const ${base})))`;
}

/** An area for a value, filled with what must not be read. */
export function areaCode(type: ValueType, align: number): string {
  const size = sizeOf(type);
  return `(call $alloc (i32.const ${align}) (i32.const ${size}))`;
}
