import { bareObject, type Param, type ValueType } from '../../runtime/index.ts';
import {
  type ConditionMode,
  type ConditionScope,
  type ParameterConditionsSpec,
  parseParameterPath,
  type Scalar,
} from '../policy/conditions/index.ts';
import type { ParameterValue } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import { childOf, merged, NOTHING_SAID, PathNode } from './path-tree.ts';
import { fitValue, satisfies, spelledFor } from './value-fit.ts';

/** Parameters as a program gives them (`paramsFromPlain`): integers are bigint, bytes `Uint8Array`. */
export type Plain =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [name: string]: Plain };

/** The conditions of one rule that parameters are to satisfy. */
export interface Wanted {
  readonly parameters: ParameterConditionsSpec;
  readonly mode: ConditionMode;
}

/** Parameters with places whose values can be chosen. */
export interface ParameterPlan {
  /** Values to choose from, for each place; at least one each. */
  readonly choices: readonly (readonly Plain[])[];
  /** @param chosen - one for each place, in order. */
  build(chosen: readonly Plain[]): { readonly [name: string]: Plain };
}

export interface PlanOptions {
  /** Undefined where types are not known: then only what paths name is there. */
  readonly params: readonly Param[] | undefined;
  readonly scope: ConditionScope;
  readonly hints: readonly Scalar[];
  /** Give each path of a restricting rule with `[*]` an item of its own. */
  readonly apart: boolean;
  /** Options of which nothing is asked have values. */
  readonly filled: boolean;
  /** Parameters that are there without types, too. */
  readonly named: readonly string[];
}

/** @returns a plan whose parameters should satisfy all that is wanted (who uses it asks `decide`), or why none was found. */
export function planParameters(wanted: readonly Wanted[], options: PlanOptions): ParameterPlan | { readonly reason: string } {
  const root = new PathNode();
  for (const { parameters, mode } of wanted) {
    for (const [path, spec] of Object.entries(parameters))
      root.add(parseParameterPath(path).steps, { path, spec, mode }, options.apart);
  }
  const builder = new Builder(options);
  try {
    if (options.params === undefined) for (const name of options.named) childOf(root.fields, name);
    const make = builder.fields(root, options.params);
    return { choices: builder.choices, build: (chosen) => make(chosen) as { readonly [name: string]: Plain } };
  } catch (error) {
    if (error instanceof NoValue) return { reason: error.message };
    throw error;
  }
}

/** Ends a plan; never leaves this file. */
class NoValue extends Error {}

type Make = (chosen: readonly Plain[]) => Plain;

/** Values to choose from where nothing is asked. */
const CHOICES_MAX = 16;
/** Items of all lists that are made together: lists in lists can be asked for that fill the memory. */
const ITEMS_MAX = 2_000;

class Builder {
  readonly choices: (readonly Plain[])[] = [];
  readonly #options: PlanOptions;
  #items = 0;

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  /** A record: of the fields that its type has, or of those that paths name. */
  fields(node: PathNode, fields: readonly Param[] | undefined): Make {
    const known = fields ?? [...node.fields.keys()].map((name) => ({ name, type: undefined }));
    for (const name of node.fields.keys()) {
      if (!known.some((field) => field.name === name) && !node.fields.get(name)!.isOptional()) {
        throw new NoValue(`there is no ${quote(name)}`);
      }
    }
    const made = known.map(({ name, type }) => [name, this.value(node.fields.get(name) ?? NOTHING_SAID, type)] as const);
    return (chosen) => recordOf(made.map(([name, make]) => [name, make(chosen)]));
  }

  value(node: PathNode, type: ValueType | undefined): Make {
    const inner = type?.kind === 'option' ? type.some : undefined;
    if (inner === undefined) return this.#present(node, type);
    if (node === NOTHING_SAID && !this.#options.filled) return () => null;
    const before = this.choices.length;
    try {
      const make = this.value(node, inner);
      // An option in an option is told apart by a record, as in the JSON of its values.
      return inner.kind === 'option' ? (chosen) => ({ some: make(chosen) }) : make;
    } catch (error) {
      if (!(error instanceof NoValue) || !node.isOptional()) throw error;
      this.choices.length = before;
      return () => null;
    }
  }

  #present(node: PathNode, type: ValueType | undefined): Make {
    switch (type?.kind) {
      case 'record':
        return this.#below(node, () => this.fields(node, type.fields));
      case 'variant':
        return this.#below(node, () => this.#variant(node, type));
      case 'result':
        return this.#below(node, () => this.#result(node, type));
      case 'tuple':
        return this.#tuple(node, type.items);
      case 'list':
        return type.element.kind === 'u8' ? this.#leaf(node, type) : this.#list(node, type.element);
      case 'flags':
        return node.hasItems ? this.#flags(node, type.names) : this.#leaf(node, type);
      case undefined:
        return this.#untyped(node);
      default:
        return this.#leaf(node, type);
    }
  }

  /** A record satisfies no condition, so only paths that lead below it can hold. */
  #below(node: PathNode, make: () => Make): Make {
    const leaf = node.leaves.find(({ spec }) => spec.optional !== true) ?? node.leaves[0];
    if (leaf !== undefined) throw new NoValue(`${quote(leaf.path)} is no single value`);
    return make();
  }

  #untyped(node: PathNode): Make {
    if (node.fields.size > 0) return this.fields(node, undefined);
    return node.hasItems ? this.#list(node, undefined) : this.#leaf(node, undefined);
  }

  #variant(node: PathNode, { cases }: Extract<ValueType, { kind: 'variant' }>): Make {
    const value = node.fields.get('value');
    const tags: ValueType = { kind: 'enum', names: cases.map(({ name }) => name) };
    const wanted = this.#valuesFor(node.fields.get('tag') ?? NOTHING_SAID, tags);
    const fitting = cases.filter(({ name, type }) => wanted.includes(name) && (value === undefined || type !== undefined));
    if (fitting.length === 0) throw new NoValue('no case of the variant fits');
    for (const { name, type } of fitting) {
      const before = this.choices.length;
      try {
        const payload = type === undefined ? undefined : this.value(value ?? NOTHING_SAID, type);
        return (chosen) => recordOf([['tag', name], ...(payload === undefined ? [] : [['value', payload(chosen)] as const])]);
      } catch (error) {
        if (!(error instanceof NoValue) || name === fitting.at(-1)!.name) throw error;
        this.choices.length = before;
      }
    }
    throw new NoValue('no case of the variant fits');
  }

  #result(node: PathNode, type: Extract<ValueType, { kind: 'result' }>): Make {
    const side = node.fields.has('err') ? 'err' : 'ok';
    if (node.fields.size > 1) throw new NoValue('a result is either `ok` or `err`');
    const payload = type[side] === undefined ? () => null : this.value(node.fields.get(side) ?? NOTHING_SAID, type[side]);
    return (chosen) => recordOf([[side, payload(chosen)]]);
  }

  #tuple(node: PathNode, types: readonly ValueType[]): Make {
    const items = types.map((type, index) => this.value(merged(node.items.get(index), node.every), type));
    return (chosen) => items.map((make) => make(chosen));
  }

  #list(node: PathNode, element: ValueType | undefined): Make {
    const lengths = this.#lengths(node);
    const items = Array.from({ length: lengths }, (_, index) => this.value(merged(node.items.get(index), node.every), element));
    return (chosen) => items.map((make) => make(chosen));
  }

  /** As short as paths and conditions let it be. */
  #lengths(node: PathNode): number {
    const needed = node.every !== undefined && !node.every.isOptional() ? 1 : 0;
    const indexes = [...node.items].filter(([, item]) => !item.isOptional()).map(([index]) => index + 1);
    const least = Math.max(needed, ...indexes, ...node.leaves.map(({ spec }) => spec.lengthMin ?? 0));
    this.#items += least;
    if (this.#items > ITEMS_MAX) throw new NoValue(`lists of more than ${ITEMS_MAX} items are not made to show a rule`);
    const made = Array<ParameterValue>(least).fill('a');
    const { scope } = this.#options;
    const unmet = node.leaves.find(({ spec, mode }) => !satisfies(made, spec, { mode, scope, type: undefined }));
    if (unmet !== undefined) throw new NoValue(`no list was found for ${quote(unmet.path)}`);
    return least;
  }

  #flags(node: PathNode, names: readonly string[]): Make {
    const wanted = this.#valuesFor(merged(node.items.get(0), node.every), { kind: 'enum', names });
    return this.#choice(wanted.map((name) => [name]));
  }

  #leaf(node: PathNode, type: ValueType | undefined): Make {
    const path = node.leaves[0]?.path;
    if (node.fields.size > 0 || node.hasItems)
      throw new NoValue(`${type === undefined ? 'a value' : type.kind} has no such field or item`);
    const values = this.#valuesFor(node, type);
    if (values.length === 0) throw new NoValue(`${path === undefined ? '' : `${quote(path)}: `}no value was found`);
    return this.#choice(values);
  }

  #choice(values: readonly Plain[]): Make {
    if (values.length === 0) throw new NoValue('no value was found');
    if (values.length === 1) return () => values[0]!;
    const place = this.choices.push(values) - 1;
    return (chosen) => chosen[place]!;
  }

  /** Values that satisfy all that is said of a place. */
  #valuesFor({ leaves }: PathNode, type: ValueType | undefined): readonly Plain[] {
    const { scope, hints } = this.#options;
    const [first, ...others] = leaves;
    if (first === undefined) return unasked(type, hints);
    const fit = fitValue(first.spec, { mode: first.mode, scope, type, hints });
    if (fit.kind !== 'values') throw new NoValue(`${quote(first.path)}: ${fit.reason}`);
    const all = leaves.flatMap(({ spec, mode }) => {
      const also = fitValue(spec, { mode, scope, type, hints });
      return also.kind === 'values' ? also.values : [];
    });
    const fitting = all.filter((value) => others.every(({ spec, mode }) => satisfies(value, spec, { mode, scope, type })));
    const kept = fitting.filter((value) => satisfies(value, first.spec, { mode: first.mode, scope, type }));
    // Leaves are no records; bytes have no form where types are not known.
    return [...new Set(kept)].filter((value) => type !== undefined || !(value instanceof Uint8Array)) as readonly Plain[];
  }
}

/** Values of a type of which nothing is asked, ordinary ones first. */
function unasked(type: ValueType | undefined, hints: readonly Scalar[]): readonly Plain[] {
  const hinted = type === undefined ? hints : hints.flatMap((hint) => spelledFor(hint, type) as Plain[]);
  return [...new Set([...ordinary(type), ...hinted])].slice(0, CHOICES_MAX);
}

function ordinary(type: ValueType | undefined): readonly Plain[] {
  switch (type?.kind) {
    case 'bool':
      return [false, true];
    case 'char':
      return ['a', 'Z', '0'];
    case 'enum':
      return type.names;
    case 'f32':
    case 'f64':
      return [0, 1];
    case 'list':
      return [new Uint8Array(0)];
    case 'flags':
      return [[], ...type.names.map((name) => [name])];
    case undefined:
    case 'string':
      return ['text', ''];
    default:
      return [0n, 1n];
  }
}

function recordOf(entries: readonly (readonly [string, Plain])[]): { readonly [name: string]: Plain } {
  const record = bareObject<Plain>();
  for (const [name, value] of entries) record[name] = value;
  return record;
}
