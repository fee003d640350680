import type { Param, ValueType } from '../../runtime/index.ts';
import type { PathStep } from '../policy/conditions/index.ts';
import { quote, quoteList } from '../policy/quote.ts';
import { nearestName } from './nearest-name.ts';

/** A place that parameters have, or not. */
export type PlaceType =
  /** The types that a value there may have: several below `value` of a variant, and for `[*]` of a tuple. */
  | {
      readonly kind: 'types';
      readonly types: readonly ValueType[] /** What is on the way may be absent. */;
      readonly isOptional: boolean;
    }
  /** There is no such field or item; what is on the way could have others. */
  | { readonly kind: 'missing'; readonly reason: string }
  /** What is on the way can have no field, or no item. */
  | { readonly kind: 'mistyped'; readonly reason: string };

/** A type or the parameters of a call, as a step looks at them. */
type Holder = ValueType | { readonly kind: 'params'; readonly fields: readonly Param[] };

type Found =
  | { readonly kind: 'found'; readonly types: readonly ValueType[]; readonly isOptional?: boolean }
  | { readonly kind: 'missing' | 'mistyped'; readonly reason: string };

/** What a parameter path leads to in the parameters of a function. Follows `parameterRecord`: an option is its value or absent. */
export function typesAt(params: readonly Param[], steps: readonly PathStep[]): PlaceType {
  let holders: readonly Holder[] = [{ kind: 'params', fields: params }];
  let isOptional = false;
  for (const step of steps) {
    const found = holders.map((holder) => stepInto(holder, step));
    const types = found.flatMap((one) => (one.kind === 'found' ? one.types : []));
    // Several types on the way are those of a variant's cases: one that has the field is enough.
    if (!found.some(({ kind }) => kind === 'found')) return worst(found);
    isOptional ||= found.length > 1 || found.some((one) => one.kind !== 'found' || one.isOptional === true);
    const inner = types.map(withoutOption);
    isOptional ||= inner.some((type, index) => type !== types[index]);
    holders = inner;
  }
  return { kind: 'types', types: holders as readonly ValueType[], isOptional };
}

function worst(found: readonly Found[]): PlaceType {
  const problems = found.filter((one) => one.kind !== 'found');
  const { kind, reason } = problems.find((one) => one.kind === 'missing') ?? problems[0]!;
  return { kind, reason };
}

/** The type of the value, where there is one. */
export function withoutOption(type: ValueType): ValueType {
  return type.kind === 'option' ? withoutOption(type.some) : type;
}

function stepInto(holder: Holder, step: PathStep): Found {
  if (step.kind === 'field') return fieldOf(holder, step.name);
  switch (holder.kind) {
    case 'list':
      return holder.element.kind === 'u8' ? noItems(holder) : { kind: 'found', types: [holder.element], isOptional: true };
    case 'flags':
      return { kind: 'found', types: [{ kind: 'enum', names: holder.names }], isOptional: true };
    case 'tuple':
      return itemOf(holder.items, step);
    default:
      return noItems(holder);
  }
}

function itemOf(items: readonly ValueType[], step: Exclude<PathStep, { kind: 'field' }>): Found {
  if (step.kind === 'every') return { kind: 'found', types: items };
  const item = items[step.index];
  if (item !== undefined) return { kind: 'found', types: [item] };
  return { kind: 'missing', reason: `a tuple of ${items.length} items has no \`[${step.index}]\`` };
}

function noItems({ kind }: Holder): Found {
  return { kind: 'mistyped', reason: `${withArticle(kind)} has no items that a path can select` };
}

function fieldOf(holder: Holder, name: string): Found {
  switch (holder.kind) {
    case 'params':
    case 'record':
      return among(
        holder.fields.map((field) => [field.name, [field.type]]),
        name,
        holder.kind === 'params' ? 'parameters' : 'fields',
      );
    case 'variant': {
      const payloads = holder.cases.flatMap(({ type }) => type ?? []);
      const tag: ValueType = { kind: 'enum', names: holder.cases.map((one) => one.name) };
      const found = among(
        payloads.length === 0
          ? [['tag', [tag]]]
          : [
              ['tag', [tag]],
              ['value', payloads],
            ],
        name,
        'fields',
      );
      return name === 'value' && found.kind === 'found' ? { ...found, isOptional: payloads.length < holder.cases.length } : found;
    }
    case 'result': {
      const sides = (['ok', 'err'] as const).flatMap((side): [string, ValueType[]][] =>
        holder[side] === undefined ? [] : [[side, [holder[side]]]],
      );
      return { ...among(sides, name, 'fields'), isOptional: true } as Found;
    }
    default:
      return { kind: 'mistyped', reason: `${withArticle(holder.kind)} has no fields` };
  }
}

function among(fields: readonly (readonly [string, readonly ValueType[]])[], name: string, what: string): Found {
  const found = fields.find(([known]) => known === name);
  if (found !== undefined) return { kind: 'found', types: found[1] };
  const names = fields.map(([known]) => known);
  const near = nearestName(name, names);
  const hint = near === undefined ? `${what} here: ${quoteList(names)}` : `did you mean ${quote(near)}?`;
  return { kind: 'missing', reason: `there is no ${quote(name)}; ${hint}` };
}

/** A kind of type for a sentence: `a u32`, `an enum`. */
export function withArticle(kind: string): string {
  return `${/^(?:[aeio]|[fs]\d)/.test(kind) ? 'an' : 'a'} ${kind}`;
}
