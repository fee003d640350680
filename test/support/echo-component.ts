import type { ValueType } from '../../runtime/component/types.ts';
import { guest } from './guests.ts';

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

/** Assembles the echo component for one type; it exports `echo`, and `flat` where the type is one core value. */
export async function echoComponent(type: ValueType): Promise<Uint8Array> {
  const types = new WitTypes();
  const padded = types.of(paddedType(type));
  const plain = types.of(type);
  const flat = FLAT[type.kind];
  const wit = `package test:echo;
    interface api {
      ${types.lines.join('\n      ')}
      echo: func(value: ${padded}) -> ${padded};
      ${flat === undefined ? '' : `flat: func(value: ${plain}) -> ${plain};`}
    }
    world w { export api; }`;
  return guest(coreText(flat), wit);
}

function coreText(flat: string | undefined): string {
  return `(module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
        (then (if (i32.eq (memory.grow (i32.add (i32.div_u (local.get $size) (i32.const 65536)) (i32.const 1))) (i32.const -1)) (then unreachable))))
      (local.get $at))
    (func (export "test:echo/api#echo") (param i32) (result i32) (local.get 0))
    ${flat === undefined ? '' : `(func (export "test:echo/api#flat") (param ${flat}) (result ${flat}) (local.get 0))`}
  )`;
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

/** WIT of types: records, variants, enums and flags are declared under a name, everything else is written in place. */
export class WitTypes {
  readonly lines: string[] = [];
  readonly #known = new Map<ValueType, string>();

  of(type: ValueType): string {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    const text = this.#write(type);
    this.#known.set(type, text);
    return text;
  }

  #write(type: ValueType): string {
    const of = (inner: ValueType | undefined) => (inner === undefined ? '_' : this.of(inner));
    switch (type.kind) {
      case 'list':
        return `list<${of(type.element)}>`;
      case 'tuple':
        return `tuple<${type.items.map(of).join(', ')}>`;
      case 'option':
        return `option<${of(type.some)}>`;
      case 'result':
        return type.ok === undefined && type.err === undefined
          ? 'result'
          : `result<${of(type.ok)}${type.err ? `, ${of(type.err)}` : ''}>`;
      case 'record':
        return this.#declare(
          'record',
          type.fields.map((field) => `%${field.name}: ${of(field.type)}`),
        );
      case 'variant':
        return this.#declare(
          'variant',
          type.cases.map((item) => `%${item.name}${item.type ? `(${of(item.type)})` : ''}`),
        );
      case 'enum':
      case 'flags':
        return this.#declare(
          type.kind,
          type.names.map((name) => `%${name}`),
        );
      case 'own':
      case 'borrow':
      case 'unsupported':
        throw new Error(`${type.kind} cannot be echoed`);
      default:
        return type.kind;
    }
  }

  #declare(keyword: string, members: readonly string[]): string {
    const name = `type-${letter(this.lines.length)}`;
    this.lines.push(`${keyword} ${name} { ${members.join(', ')} }`);
    return name;
  }
}

/** A kebab-case word that counts: a, b, .. z, ba, bb, .. */
function letter(at: number): string {
  const last = String.fromCharCode(97 + (at % 26));
  return at < 26 ? last : letter(Math.floor(at / 26)) + last;
}
