import type { ValueType } from '../../../../runtime/index.ts';
import { PRIMITIVES } from '../scope.ts';
import { indented } from '../text.ts';
import type { Site } from './abi-file.ts';
import { putTogether } from './cases.ts';
import { liftHandle } from './handles.ts';
import { discriminantBytes, isUnion, layoutOf, offsetsOf, payloadOffset, payloadsOf } from './layout.ts';
import { type List, loadFixedListBody, loadListBody, typedArrayOf } from './lists.ts';
import { construct, membersOf } from './members.ts';

/** Expression for the value of a type that lies in memory, `offset` bytes after `at`. */
export function load(site: Site, type: ValueType, at: string, offset: number): string {
  const where = offset === 0 ? at : `${at}, ${offset}`;
  const next = `${at}, ${offset + 4}`;
  switch (type.kind) {
    case 'bool':
      return `load<u8>(${where}) != 0`;
    case 'enum':
    case 'flags':
      return `<i32>load<u${layoutOf(type).size * 8}>(${where})`;
    case 'string':
      return `cm.liftString(load<usize>(${where}), load<i32>(${next}))`;
    case 'list':
      return liftList(site, type, `load<usize>(${where})`, `load<i32>(${next})`);
    case 'own':
    case 'borrow':
      return liftHandle(site, type, `load<i32>(${where})`);
    default: {
      const primitive = PRIMITIVES[type.kind];
      if (primitive !== undefined) return `load<${primitive}>(${where})`;
      return `${loadFunction(site, type)}(${at}${offset === 0 ? '' : ` + ${offset}`})`;
    }
  }
}

/** Expression for the list that a pointer and a length stand for. The block it lies in is the list's afterwards, or given back. */
export function liftList(site: Site, type: List, pointer: string, length: string): string {
  const typed = typedArrayOf(type);
  return typed === undefined
    ? `${loadFunction(site, type)}(${pointer}, ${length})`
    : `cm.liftNumbers<${typed}>(${pointer}, ${length})`;
}

function loadFunction(site: Site, type: ValueType): string {
  return site.function('load', type, (home, name) => {
    const params = type.kind === 'list' ? 'at: usize, length: i32' : 'at: usize';
    return `export function ${name}(${params}): ${home.scope.type(type)} {\n${indented(loadBody(home, type))}}\n`;
  });
}

function loadBody(home: Site, type: ValueType): string {
  const item = (part: ValueType, at: string, offset: number): string => load(home, part, at, offset);
  if (type.kind === 'list') return loadListBody(type, home.scope.shape(type), item);
  if (type.kind === 'unsupported') return loadFixedListBody(type, home.scope.shape(type), item);
  if (isUnion(type)) {
    const payloads = payloadsOf(type);
    const tag = `load<u${discriminantBytes(payloads.length) * 8}>(at)`;
    return putTogether(type, tag, home.scope, (payload) => load(home, payload, 'at', payloadOffset(payloads)));
  }
  if (type.kind !== 'record' && type.kind !== 'tuple') return '';
  const types = membersOf(type).map((member) => member.type);
  const offsets = offsetsOf(types);
  const parts = types.map((part, index) => load(home, part, 'at', offsets[index] ?? 0));
  return `return ${construct(home.scope.shape(type), parts)};\n`;
}
