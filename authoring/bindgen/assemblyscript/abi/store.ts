import type { ValueType } from '../../../../runtime/index.ts';
import { PRIMITIVES } from '../scope.ts';
import { indented } from '../text.ts';
import type { Site } from './abi-file.ts';
import { takeApart } from './cases.ts';
import { lowerHandle } from './handles.ts';
import { discriminantBytes, isUnion, layoutOf, offsetsOf, payloadOffset, payloadsOf } from './layout.ts';
import { type List, lengthOf, storeFixedListBody, storeListBody, typedArrayOf } from './lists.ts';
import { membersOf } from './members.ts';

/** Statements that store a value in memory, `offset` bytes after `at`. */
export function store(site: Site, type: ValueType, at: string, offset: number, value: string): string {
  const tail = offset === 0 ? '' : `, ${offset}`;
  const pair = (pointer: string, length: string): string =>
    `store<usize>(${at}, ${pointer}${tail});\nstore<i32>(${at}, ${length}, ${offset + 4});\n`;
  switch (type.kind) {
    case 'bool':
    case 'enum':
    case 'flags': {
      const unsigned = `u${layoutOf(type).size * 8}`;
      return `store<${unsigned}>(${at}, <${unsigned}>${value}${tail});\n`;
    }
    case 'string':
      return site.once(value, (name) => pair(`changetype<usize>(${name})`, `${name}.length`));
    case 'list':
      return site.once(value, (name) => pair(lowerList(site, type, name), lengthOf(type, name)));
    case 'own':
    case 'borrow':
      return `store<i32>(${at}, ${lowerHandle(type, value)}${tail});\n`;
    default: {
      const primitive = PRIMITIVES[type.kind];
      if (primitive !== undefined) return `store<${primitive}>(${at}, ${value}${tail});\n`;
      return `${storeFunction(site, type)}(${at}${offset === 0 ? '' : ` + ${offset}`}, ${value});\n`;
    }
  }
}

/** Expression for the pointer to the items of a list, which `name` holds. */
export function lowerList(site: Site, type: List, name: string): string {
  return typedArrayOf(type) === undefined ? `${storeFunction(site, type)}(${name})` : `${name}.dataStart`;
}

function storeFunction(site: Site, type: ValueType): string {
  return site.function('store', type, (home, name) => {
    const spelled = home.scope.type(type);
    const head = type.kind === 'list' ? `(list: ${spelled}): usize` : `(at: usize, value: ${spelled}): void`;
    return `export function ${name}${head} {\n${indented(storeBody(home, type))}}\n`;
  });
}

function storeBody(home: Site, type: ValueType): string {
  const item = (part: ValueType, at: string, offset: number, value: string): string => store(home, part, at, offset, value);
  if (type.kind === 'list') return storeListBody(type, item);
  if (type.kind === 'unsupported') return storeFixedListBody(type, item);
  if (isUnion(type)) {
    const payloads = payloadsOf(type);
    const bits = discriminantBytes(payloads.length) * 8;
    const mark = (number: number): string => `store<u${bits}>(at, ${number});\n`;
    return takeApart(type, 'value', mark, (payload, value) => store(home, payload, 'at', payloadOffset(payloads), value));
  }
  if (type.kind !== 'record' && type.kind !== 'tuple') return '';
  const members = membersOf(type);
  const offsets = offsetsOf(members.map((member) => member.type));
  return members.map((member, index) => store(home, member.type, 'at', offsets[index] ?? 0, `value.${member.name}`)).join('');
}
