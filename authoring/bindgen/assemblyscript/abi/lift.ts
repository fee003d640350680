import type { ValueType } from '../../../../runtime/index.ts';
import { PRIMITIVES } from '../scope.ts';
import { indented } from '../text.ts';
import type { Site } from './abi-file.ts';
import { putTogether } from './cases.ts';
import { narrow } from './core-bits.ts';
import { liftHandle } from './handles.ts';
import { type Core, flatOf, isUnion } from './layout.ts';
import { fixedListOf } from './lists.ts';
import { liftList } from './load.ts';
import { construct, membersOf } from './members.ts';

/** Expression for the value that flat core values stand for. */
export function lift(site: Site, type: ValueType, flat: readonly string[]): string {
  const [first = '', second = ''] = flat;
  switch (type.kind) {
    case 'bool':
      return `${first} != 0`;
    case 'string':
      return `cm.liftString(${first}, ${second})`;
    case 'list':
      return liftList(site, type, first, second);
    case 'own':
    case 'borrow':
      return liftHandle(site, type, first);
    case 'enum':
    case 'flags':
    case 's32':
    case 's64':
    case 'f32':
    case 'f64':
      return first;
    default: {
      const primitive = PRIMITIVES[type.kind];
      if (primitive !== undefined) return `<${primitive}>${first}`;
      return `${liftFunction(site, type)}(${flat.join(', ')})`;
    }
  }
}

function liftFunction(site: Site, type: ValueType): string {
  return site.function('lift', type, (home, name) => {
    const flat = flatOf(type);
    const params = flat.map((core, index) => `f${index}: ${core}`).join(', ');
    return `export function ${name}(${params}): ${home.scope.type(type)} {\n${indented(liftBody(home, type, flat))}}\n`;
  });
}

/** The body of a function of `f0`, `f1` and so on. */
function liftBody(home: Site, type: ValueType, flat: readonly Core[]): string {
  const names = flat.map((_, index) => `f${index}`);
  if (type.kind === 'unsupported') {
    const { element, length } = fixedListOf(type);
    const items = liftAll(home, new Array<ValueType>(length).fill(element), names);
    const sets = items.map((item, index) => `unchecked((list[${index}] = ${item}));\n`).join('');
    return `const list = new ${home.scope.shape(type)}(${items.length});\n${sets}return list;\n`;
  }
  if (isUnion(type))
    return putTogether(type, 'f0', home.scope, (payload) =>
      lift(
        home,
        payload,
        flatOf(payload).map((core, index) => narrow(names[index + 1] ?? '', flat[index + 1] ?? core, core)),
      ),
    );
  if (type.kind !== 'record' && type.kind !== 'tuple') return '';
  const types = membersOf(type).map((member) => member.type);
  return `return ${construct(home.scope.shape(type), liftAll(home, types, names))};\n`;
}

/** Expressions for values whose flat core values come one after the other. */
function liftAll(home: Site, types: readonly ValueType[], names: readonly string[]): string[] {
  let from = 0;
  return types.map((type) => {
    const count = flatOf(type).length;
    from += count;
    return lift(home, type, names.slice(from - count, from));
  });
}
