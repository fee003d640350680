import type { ValueType } from '../../../../runtime/index.ts';
import type { Site } from './abi-file.ts';
import { takeApart } from './cases.ts';
import { widen } from './core-bits.ts';
import { lowerHandle } from './handles.ts';
import { type Core, flatOf, type Union } from './layout.ts';
import { fixedListOf, lengthOf } from './lists.ts';
import { type Member, membersOf } from './members.ts';
import { lowerList } from './store.ts';

/** A place for one flat value: gives the statement that puts an expression of a core type there. */
export type Place = (expression: string, core: Core) => string;

const NO_PLACE: Place = () => '';

/** Statements that put the flat core values of a value into places, one for each of `flatOf(type)`. */
export function lower(site: Site, type: ValueType, value: string, places: readonly Place[]): string {
  const [first = NO_PLACE, second = NO_PLACE] = places;
  switch (type.kind) {
    case 's64':
    case 'u64':
      return first(value, 'i64');
    case 'f32':
    case 'f64':
      return first(value, type.kind);
    case 'string':
      return site.once(value, (name) => first(`<i32>changetype<usize>(${name})`, 'i32') + second(`${name}.length`, 'i32'));
    case 'list':
      return site.once(
        value,
        (name) => first(`<i32>${lowerList(site, type, name)}`, 'i32') + second(lengthOf(type, name), 'i32'),
      );
    case 'own':
    case 'borrow':
      return first(lowerHandle(type, value), 'i32');
    case 'record':
    case 'tuple':
      return site.once(value, (name) => lowerMembers(site, membersOf(type), (member) => `${name}.${member.name}`, places));
    case 'variant':
    case 'option':
    case 'result':
      return lowerCases(site, type, value, places);
    case 'unsupported': {
      const { element, length } = fixedListOf(type);
      const items = Array.from({ length }, (_, index) => ({ type: element, name: `${index}` }));
      return site.once(value, (name) => lowerMembers(site, items, (item) => `${name}[${item.name}]`, places));
    }
    case 'enum':
    case 'flags':
    case 's32':
      return first(value, 'i32');
    default:
      return first(`<i32>${value}`, 'i32');
  }
}

/** Parts of a value, one after the other. */
function lowerMembers(
  site: Site,
  members: readonly Member[],
  spell: (member: Member) => string,
  places: readonly Place[],
): string {
  let from = 0;
  return members
    .map((member) => {
      const count = flatOf(member.type).length;
      from += count;
      return lower(site, member.type, spell(member), places.slice(from - count, from));
    })
    .join('');
}

/** The number of the case, then its payload in places that have to do for all cases. */
function lowerCases(site: Site, type: Union, value: string, [tag = NO_PLACE, ...rest]: readonly Place[]): string {
  const joined = flatOf(type).slice(1);
  const payload = (inner: ValueType, from: string): string => {
    const places = flatOf(inner).map((core, index): Place => {
      const to = joined[index] ?? core;
      return (expression, own) => (rest[index] ?? NO_PLACE)(widen(expression, own, to), to);
    });
    return lower(site, inner, from, places);
  };
  return site.once(value, (name) => takeApart(type, name, (number) => tag(`${number}`, 'i32'), payload));
}

/** Expressions for the flat core values of a value; undefined where it takes statements to find them. */
export function lowerSimply(site: Site, type: ValueType, value: string): readonly string[] | undefined {
  const expressions: string[] = [];
  const noted: Place = (expression) => {
    expressions.push(expression);
    return '';
  };
  const flat = flatOf(type);
  const statements = lower(
    site,
    type,
    value,
    flat.map(() => noted),
  );
  return statements === '' && expressions.length === flat.length ? expressions : undefined;
}

/** Statements that put the flat core values of a value into new local variables. */
export function lowerToLocals(site: Site, type: ValueType, value: string, names: readonly string[]): string {
  const flat = flatOf(type);
  const places = names.map(
    (name): Place =>
      (expression) =>
        `${name} = ${expression};\n`,
  );
  const declared = names.map((name, index) => `let ${name}: ${flat[index] ?? 'i32'} = 0;\n`);
  return declared.join('') + lower(site, type, value, places);
}
