import { isCoreItem, readSort } from './aliases.ts';
import { instantiate } from './bind.ts';
import { checkCoreArguments } from './core-match.ts';
import type { CoreExtern, CoreInstanceType } from './core-types.ts';
import { checkName } from './declarations.ts';
import type { CoreItem, NamedItem } from './definitions.ts';
import { readExternName } from './extern-names.ts';
import { UniqueNames } from './names.ts';
import { readCoreName } from './plain-names.ts';
import { article, type ByteReader, hex, malformed, quote } from './reader.ts';
import { CORE_SORTS, type Scope, type Sort } from './scope.ts';
import type { Extern, Externs, Instance } from './type-space.ts';
import type { ValueType } from './types.ts';

/** Takes one core instance: a core module with its arguments, or a bag of core items. */
export function readCoreInstance(reader: ByteReader, scope: Scope): void {
  const offset = reader.position;
  const form = reader.byte('a core instance');
  if (form > 0x01) throw malformed(offset, `expected a core instance (0x00 or 0x01), found ${hex(form)}`);
  scope.add('core instance', form === 0x00 ? readCoreInstantiate(reader, scope) : readCoreBag(reader, scope));
}

function readCoreInstantiate(reader: ByteReader, scope: Scope): CoreInstanceType {
  const offset = reader.position;
  const module = reader.u32('a core module index');
  const type = scope.at('core module', module, offset);
  const seen = new Map<string, CoreInstanceType>();
  const count = reader.count('core instantiation arguments', 3);
  scope.space.charge(count);
  const args: { name: string; instance: number }[] = [];
  for (let index = 0; index < count; index++) {
    const name = readOnce(reader, scope, seen, 'an argument name');
    reader.expect(0x12, 'the core instance sort');
    const at = reader.position;
    const instance = reader.u32('a core instance index');
    seen.set(name, scope.at('core instance', instance, at));
    args.push({ name, instance });
  }
  checkCoreArguments(scope.space, type, seen, offset);
  scope.definitions.push({ kind: 'core-instantiate', module, args });
  return type.exports;
}

function readCoreBag(reader: ByteReader, scope: Scope): CoreInstanceType {
  const exports = new Map<string, CoreExtern>();
  const count = reader.count('core exports', 3);
  scope.space.charge(count);
  const items: CoreItem[] = [];
  for (let position = 0; position < count; position++) {
    const name = readOnce(reader, scope, exports, 'a core export name');
    const at = reader.position;
    const sort = CORE_SORTS[reader.byte('a core sort')];
    if (sort === undefined || !isCoreItem(sort)) throw malformed(at, 'expected the sort of a core item (0x00 to 0x04)');
    const offset = reader.position;
    const index = reader.u32(`${article(sort)} index`);
    exports.set(name, scope.at(sort, index, offset));
    items.push({ name, sort, index });
  }
  scope.definitions.push({ kind: 'core-exports', items });
  return exports;
}

/** Takes a name that was not seen before. */
function readOnce(reader: ByteReader, scope: Scope, seen: { has(name: string): boolean }, what: string): string {
  const offset = reader.position;
  const name = readCoreName(reader, scope.space, what);
  if (seen.has(name)) throw malformed(offset, `expected ${what} not used before, found ${quote(name)} again`);
  return name;
}

/** Takes one component instance: a component with its arguments, or a bag of items, each by its name. */
export function readInstance(reader: ByteReader, scope: Scope): Instance {
  const { space } = scope;
  const offset = reader.position;
  space.at = offset;
  const form = reader.byte('an instance');
  if (form === 0x01) {
    const items = readBag(reader, scope);
    scope.definitions.push({ kind: 'exports', items });
    return space.instance(externsOf(items));
  }
  if (form !== 0x00) throw malformed(offset, `expected an instance (0x00 or 0x01), found ${hex(form)}`);
  const at = reader.position;
  const component = reader.u32('a component index');
  const template = scope.at('component', component, at);
  const args = readArguments(reader, scope);
  const instance = instantiate(space, template, externsOf(args));
  scope.definitions.push({ kind: 'instantiate', component, args, instance });
  return instance;
}

function externsOf(items: readonly NamedItem[]): Externs {
  return new Map(items.map(({ name, extern }) => [name, extern]));
}

function readArguments(reader: ByteReader, scope: Scope): NamedItem[] {
  const seen = new Set<string>();
  const count = reader.count('instantiation arguments', 3);
  scope.space.charge(count);
  const args: NamedItem[] = [];
  for (let index = 0; index < count; index++) {
    const name = readOnce(reader, scope, seen, 'an argument name');
    seen.add(name);
    args.push(readItem(reader, scope, name));
  }
  return args;
}

function readBag(reader: ByteReader, scope: Scope): NamedItem[] {
  const names = new UniqueNames();
  const count = reader.count('exports of an instance', 4);
  scope.space.charge(count);
  const items: NamedItem[] = [];
  for (let index = 0; index < count; index++) {
    const name = readExternName(reader, scope.space);
    names.add(name.name, name.offset, 'an export name');
    const item = readItem(reader, scope, name.name);
    // A bag introduces no resources, so it has none whose functions could be named.
    checkName(scope.space, name, item.extern, new Map());
    items.push(item);
  }
  return items;
}

function readItem(reader: ByteReader, scope: Scope, name: string): NamedItem {
  const sort = readSort(reader);
  const offset = reader.position;
  const index = reader.u32(`${article(sort)} index`);
  return { name, sort, index, extern: externAt(scope, sort, index, offset) };
}

/** The entry of an index space as an extern; throws `component/malformed` for core sorts other than modules. */
export function externAt(scope: Scope, sort: Sort, index: number, offset: number): Extern {
  switch (sort) {
    case 'func':
      return { kind: 'func', type: scope.at(sort, index, offset) };
    case 'instance':
      return { kind: 'instance', instance: scope.at(sort, index, offset) };
    case 'component':
      return { kind: 'component', template: scope.at(sort, index, offset) };
    case 'type': {
      const definition = scope.at(sort, index, offset);
      if (definition.kind === 'value') return { kind: 'type', type: definition.type };
      return definition.kind === 'resource' ? { ...definition, fresh: false } : { kind: 'definition', definition };
    }
    case 'core module':
      return { kind: 'module', type: scope.at(sort, index, offset) };
    case 'value':
      return { kind: 'value', type: useValue(scope, index, offset) };
    default:
      throw malformed(offset, `expected a component item, found ${article(sort)}`);
  }
}

/** Takes a value out of its index space: each is used once. */
export function useValue(scope: Scope, index: number, offset: number): ValueType {
  const value = scope.at('value', index, offset);
  if (value.used) throw malformed(offset, `expected a value not used before, found value ${index} again`);
  value.used = true;
  return value.type;
}
