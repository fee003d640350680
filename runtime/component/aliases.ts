import { addToScope } from './declarations.ts';
import { readPlainName } from './plain-names.ts';
import { article, type ByteReader, hex, malformed, quote } from './reader.ts';
import { type Scope, type Sort, sortOf } from './scope.ts';
import type { Extern } from './type-space.ts';

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
  const instance = scope.instance(reader.u32('an instance index'), offset);
  const at = reader.position;
  const name = reader.name('an export name');
  const extern = instance.exports.get(name);
  if (extern === undefined) throw malformed(at, `expected the name of an export, found ${quote(name)}`);
  if (sortOfExtern(extern) !== sort) throw malformed(at, `expected ${article(sort)}, found ${article(sortOfExtern(extern))}`);
  addToScope(scope, extern);
}

/** The names that core instances export are in their core modules, which a later step reads; here only the index is checked. */
function readCoreExportAlias(reader: ByteReader, scope: Scope, sort: Sort): void {
  const offset = reader.position;
  if (!['core func', 'core table', 'core memory', 'core global'].includes(sort)) {
    throw malformed(offset, `expected a core function, table, memory or global, found ${sort}`);
  }
  scope.check('core instance', reader.u32('a core instance index'), offset);
  readPlainName(reader, 'a core export name');
  scope.add(sort);
}

function readOuterAlias(reader: ByteReader, scope: Scope, sort: Sort): void {
  const offset = reader.position;
  const target = scope.outward(reader.u32('a number of scopes'), offset);
  const at = reader.position;
  const index = reader.u32(`${article(sort)} index`);
  target.check(sort, index, at);
  switch (sort) {
    case 'type':
      scope.types.push(target.type(index, at));
      return;
    case 'core type':
      scope.coreTypes.push(target.coreTypes[index] as 'func' | 'module'); // in range: just checked
      return;
    case 'component':
      scope.components.push(target.component(index, at));
      return;
    case 'core module':
      scope.add(sort);
      return;
    default:
      throw malformed(at, `expected an outer alias of a type, component or core module, found ${sort}`);
  }
}
