import { readSort } from './aliases.ts';
import { readExternName, UniqueNames } from './names.ts';
import { readPlainName } from './plain-names.ts';
import { article, type ByteReader, hex, malformed, quote } from './reader.ts';
import { instantiate } from './remap.ts';
import { CORE_SORTS, type Scope, type Sort } from './scope.ts';
import type { Extern, Externs, Instance, TypeSpace } from './type-space.ts';

/** Takes one core instance: a core module with its arguments, or a bag of core items. Its exports are not looked at. */
export function readCoreInstance(reader: ByteReader, scope: Scope, space: TypeSpace): void {
  const offset = reader.position;
  const form = reader.byte('a core instance');
  if (form === 0x00) readCoreArguments(reader, scope, space);
  else if (form === 0x01) readCoreBag(reader, scope, space);
  else throw malformed(offset, `expected a core instance (0x00 or 0x01), found ${hex(form)}`);
  scope.add('core instance');
}

function readCoreArguments(reader: ByteReader, scope: Scope, space: TypeSpace): void {
  const offset = reader.position;
  scope.check('core module', reader.u32('a core module index'), offset);
  const seen = new Set<string>();
  const count = reader.count('core instantiation arguments', 3);
  space.charge(count);
  for (let index = 0; index < count; index++) {
    addOnce(seen, reader.position, readPlainName(reader, 'an argument name'));
    reader.expect(0x12, 'the core instance sort');
    const at = reader.position;
    scope.check('core instance', reader.u32('a core instance index'), at);
  }
}

function readCoreBag(reader: ByteReader, scope: Scope, space: TypeSpace): void {
  const seen = new Set<string>();
  const count = reader.count('core exports', 3);
  space.charge(count);
  for (let index = 0; index < count; index++) {
    addOnce(seen, reader.position, readPlainName(reader, 'a core export name'));
    const at = reader.position;
    const sort = CORE_SORTS[reader.byte('a core sort')];
    if (sort === undefined) throw malformed(at, 'expected a core sort');
    scope.check(sort, reader.u32(`${article(sort)} index`), at);
  }
}

function addOnce(seen: Set<string>, offset: number, name: string): void {
  if (seen.has(name)) throw malformed(offset, `expected a name not used before, found ${quote(name)} again`);
  seen.add(name);
}

/** Takes one component instance: a component with its arguments, or a bag of items, each by its name. */
export function readInstance(reader: ByteReader, scope: Scope, space: TypeSpace): Instance {
  const offset = reader.position;
  space.at = offset;
  const form = reader.byte('an instance');
  if (form === 0x01) return space.instance(readBag(reader, scope, space));
  if (form !== 0x00) throw malformed(offset, `expected an instance (0x00 or 0x01), found ${hex(form)}`);
  const at = reader.position;
  const template = scope.component(reader.u32('a component index'), at);
  return instantiate(space, template, readArguments(reader, scope, space));
}

function readArguments(reader: ByteReader, scope: Scope, space: TypeSpace): Externs {
  const args = new Map<string, Extern>();
  const count = reader.count('instantiation arguments', 3);
  space.charge(count);
  for (let index = 0; index < count; index++) {
    const offset = reader.position;
    const name = readPlainName(reader, 'an argument name');
    if (args.has(name)) throw malformed(offset, `expected an argument name not used before, found ${quote(name)} again`);
    args.set(name, readItem(reader, scope));
  }
  return args;
}

function readBag(reader: ByteReader, scope: Scope, space: TypeSpace): Externs {
  const exports = new Map<string, Extern>();
  const names = new UniqueNames();
  const count = reader.count('exports of an instance', 4);
  space.charge(count);
  for (let index = 0; index < count; index++) {
    const offset = reader.position;
    const name = readExternName(reader);
    names.add(name, offset, 'an export name');
    exports.set(name, readItem(reader, scope));
  }
  return exports;
}

function readItem(reader: ByteReader, scope: Scope): Extern {
  const sort = readSort(reader);
  const offset = reader.position;
  return externAt(scope, sort, reader.u32(`${article(sort)} index`), offset);
}

/** The entry of an index space as an extern; throws `component/malformed` for core sorts other than modules. */
export function externAt(scope: Scope, sort: Sort, index: number, offset: number): Extern {
  scope.check(sort, index, offset);
  switch (sort) {
    case 'func':
      return { kind: 'func', type: scope.func(index, offset) };
    case 'instance':
      return { kind: 'instance', instance: scope.instance(index, offset) };
    case 'component':
      return { kind: 'component', template: scope.component(index, offset) };
    case 'type': {
      const definition = scope.type(index, offset);
      if (definition.kind === 'value') return { kind: 'type', type: definition.type };
      if (definition.kind === 'resource') return { kind: 'resource', resource: definition.resource, fresh: false };
      return { kind: 'definition', definition };
    }
    case 'core module':
      return { kind: 'module' };
    case 'value':
      return { kind: 'value' };
    default:
      throw malformed(offset, `expected a component item, found ${article(sort)}`);
  }
}
