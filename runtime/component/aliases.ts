import { addToScope } from './declarations.ts';
import { readCoreName } from './plain-names.ts';
import { article, type ByteReader, hex, malformed, quote } from './reader.ts';
import { type CoreItemSort, type Scope, type Sort, sortOf } from './scope.ts';
import type { Extern, TypeDefinition, TypeSpace } from './type-space.ts';

/** The sort of an extern: the index space that an alias of it goes to. */
export function sortOfExtern(extern: Extern): Sort {
  switch (extern.kind) {
    case 'type':
    case 'resource':
    case 'definition':
      return 'type';
    case 'module':
      return 'core module';
    default:
      return extern.kind;
  }
}

/** Takes one alias and adds what it names to the scope. Aliases inside types may only name types and instances. */
export function readAlias(reader: ByteReader, scope: Scope): void {
  const offset = reader.position;
  const sort = readSort(reader);
  const at = reader.position;
  const target = reader.byte('the target of an alias');
  const inType = scope.kind !== 'component';
  if (target === 0x00) {
    if (inType && sort !== 'instance' && sort !== 'type')
      throw malformed(offset, `expected an alias of a type or instance, found ${sort}`);
    readExportAlias(reader, scope, sort);
  } else if (target === 0x01 && !inType) {
    readCoreExportAlias(reader, scope, sort);
  } else if (target === 0x02) {
    if (inType && sort !== 'core type' && sort !== 'type')
      throw malformed(offset, `expected an outer alias of a type, found ${sort}`);
    readOuterAlias(reader, scope, sort);
  } else throw malformed(at, `expected the target of an alias, found ${hex(target)}`);
}

/** Takes a sort: one byte, or two for a core one. */
export function readSort(reader: ByteReader): Sort {
  const offset = reader.position;
  return sortOf(reader.byte('a sort'), () => reader.byte('a core sort'), offset);
}

function readExportAlias(reader: ByteReader, scope: Scope, sort: Sort): void {
  const offset = reader.position;
  const index = reader.u32('an instance index');
  const instance = scope.at('instance', index, offset);
  const at = reader.position;
  const name = reader.name('an export name');
  const extern = instance.exports.get(name);
  if (extern === undefined) throw malformed(at, `expected the name of an export, found ${quote(name)}`);
  if (sortOfExtern(extern) !== sort) throw malformed(at, `expected ${article(sort)}, found ${article(sortOfExtern(extern))}`);
  if (sort !== 'type') scope.definitions.push({ kind: 'alias-export', sort, instance: index, name });
  addToScope(scope, extern);
}

function readCoreExportAlias(reader: ByteReader, scope: Scope, sort: Sort): void {
  const offset = reader.position;
  if (!isCoreItem(sort)) throw malformed(offset, `expected a core function, table, memory, global or tag, found ${sort}`);
  const instance = reader.u32('a core instance index');
  const exports = scope.at('core instance', instance, offset);
  const at = reader.position;
  const name = readCoreName(reader, scope.space, 'a core export name');
  const extern = exports.get(name);
  if (extern === undefined) throw malformed(at, `expected the name of a core export, found ${quote(name)}`);
  if (`core ${extern.kind}` !== sort) throw malformed(at, `expected ${article(sort)}, found ${article(`core ${extern.kind}`)}`);
  scope.definitions.push({ kind: 'alias-core-export', sort, instance, name });
  if (sort === 'core tag') scope.space.jcoRefuses ??= `jco does not know core tags, such as that at byte ${offset}`;
  scope.addCore(extern);
}

function readOuterAlias(reader: ByteReader, scope: Scope, sort: Sort): void {
  const offset = reader.position;
  const count = reader.u32('a number of scopes');
  const target = scope.outward(count, offset);
  const at = reader.position;
  const index = reader.u32(`${article(sort)} index`);
  switch (sort) {
    case 'type':
      scope.add(sort, typeFrom(scope, target, index, at));
      return;
    case 'core type':
      scope.add(sort, target.at(sort, index, at));
      return;
    case 'component':
      scope.definitions.push({ kind: 'alias-outer', sort, count, index });
      scope.add(sort, target.at(sort, index, at));
      return;
    case 'core module':
      scope.definitions.push({ kind: 'alias-outer', sort, count, index });
      scope.add(sort, target.at(sort, index, at));
      return;
    default:
      throw malformed(at, `expected an outer alias of a type, component or core module, found ${sort}`);
  }
}

/** A type of a scope further out. A component can be taken out of the one around it, so none of those resources can be in it. */
function typeFrom(scope: Scope, target: Scope, index: number, offset: number): TypeDefinition {
  const definition = target.at('type', index, offset);
  if (scope.leavesComponent(target) && mentionsResources(scope.space, definition)) {
    throw malformed(offset, 'expected an outer alias of a type without resources, found one that mentions some');
  }
  return definition;
}

function mentionsResources(space: TypeSpace, definition: TypeDefinition): boolean {
  switch (definition.kind) {
    case 'resource':
      return true;
    case 'value':
    case 'func':
      return space.factsOf(definition.type).oldestResource < Number.POSITIVE_INFINITY;
    default:
      return definition.template.oldestResource < definition.template.start;
  }
}

/** Whether a sort is one of what core modules import and export. */
export function isCoreItem(sort: Sort): sort is CoreItemSort {
  return sort.startsWith('core ') && sort !== 'core type' && sort !== 'core module' && sort !== 'core instance';
}
