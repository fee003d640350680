import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ValueType } from '../../runtime/component/types.ts';

/*
 * Components that give back what they get, for any type. Two ways through the canonical ABI:
 *
 * - `echo` takes one record of the value and 17 padding flags. That is more than 16 core values, so the parameters arrive
 *   as a pointer; the result is a pointer too, to the same layout. The guest is the identity on i32, for every type.
 * - `flat` is made only for types of one core value: the guest is the identity on it.
 */

const PADDING = 17;

/** The record that `echo` takes and returns. */
export function paddedType(type: ValueType): ValueType & { kind: 'record' } {
  const padding = Array.from({ length: PADDING }, (_, at) => ({ name: `pad${letter(at)}`, type: { kind: 'bool' } as const }));
  return { kind: 'record', fields: [{ name: 'x', type }, ...padding] };
}

/** Assembles the echo component for one type. */
export async function echoComponent(type: ValueType): Promise<Uint8Array> {
  return parse(echoWat(type));
}

export function echoWat(type: ValueType): string {
  const types = new TypeText();
  const padded = types.of(paddedType(type));
  const flat = FLAT[type.kind];
  return `(component
  (core module $m
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
        (then (if (i32.eq (memory.grow (i32.add (i32.div_u (local.get $size) (i32.const 65536)) (i32.const 1))) (i32.const -1)) (then unreachable))))
      (local.get $at))
    (func (export "echo") (param i32) (result i32) (local.get 0))
    ${flat === undefined ? '' : `(func (export "flat") (param ${flat}) (result ${flat}) (local.get 0))`}
  )
  (core instance $i (instantiate $m))
${types.lines.map((line) => `  ${line}`).join('\n')}
  (func $echo (param "value" ${padded}) (result ${padded})
    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (export "echo" (func $echo))
  ${flat === undefined ? '' : flatWat(types.of(type))}
)`;
}

function flatWat(type: string): string {
  return `(func $flat (param "value" ${type}) (result ${type}) (canon lift (core func $i "flat")))
  (export "flat" (func $flat))`;
}

/** Core type of the kinds that are one core value. */
const FLAT: Partial<Record<ValueType['kind'], string>> = {
  bool: 'i32',
  s8: 'i32',
  u8: 'i32',
  s16: 'i32',
  u16: 'i32',
  s32: 'i32',
  u32: 'i32',
  s64: 'i64',
  u64: 'i64',
  f32: 'f32',
  f64: 'f64',
  char: 'i32',
};

/** Component-model text of types: records, variants, enums and flags must be exported under a name before use. */
class TypeText {
  readonly lines: string[] = [];
  readonly #known = new Map<ValueType, string>();

  of(type: ValueType): string {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    const text = this.#define(type);
    this.#known.set(type, text);
    return text;
  }

  #define(type: ValueType): string {
    switch (type.kind) {
      case 'list':
        return this.#plain(`(list ${this.of(type.element)})`);
      case 'tuple':
        return this.#plain(`(tuple ${type.items.map((item) => this.of(item)).join(' ')})`);
      case 'option':
        return this.#plain(`(option ${this.of(type.some)})`);
      case 'result':
        return this.#plain(`(result ${type.ok ? this.of(type.ok) : ''} ${type.err ? `(error ${this.of(type.err)})` : ''})`);
      case 'record':
        return this.#named(`(record ${type.fields.map((field) => `(field "${field.name}" ${this.of(field.type)})`).join(' ')})`);
      case 'variant':
        return this.#named(
          `(variant ${type.cases.map((item) => `(case "${item.name}" ${item.type ? this.of(item.type) : ''})`).join(' ')})`,
        );
      case 'enum':
        return this.#named(`(enum ${type.names.map((name) => `"${name}"`).join(' ')})`);
      case 'flags':
        return this.#named(`(flags ${type.names.map((name) => `"${name}"`).join(' ')})`);
      case 'own':
      case 'borrow':
      case 'unsupported':
        throw new Error(`${type.kind} cannot be echoed`);
      default:
        return type.kind;
    }
  }

  #plain(text: string): string {
    const name = `$t${this.lines.length}`;
    this.lines.push(`(type ${name} ${text})`);
    return name;
  }

  #named(text: string): string {
    const inner = this.#plain(text);
    const name = `$n${this.lines.length}`;
    this.lines.push(`(export ${name} "type-${letter(this.lines.length)}" (type ${inner}))`);
    return name;
  }
}

/** A kebab-case word that counts: a, b, .. z, ba, bb, .. */
function letter(at: number): string {
  const last = String.fromCharCode(97 + (at % 26));
  return at < 26 ? last : letter(Math.floor(at / 26)) + last;
}
