import { readSort } from './aliases.ts';
import { Binder } from './bind.ts';
import { addToScope, type Declarations } from './declarations.ts';
import { readExternName } from './extern-names.ts';
import { externAt } from './instances.ts';
import { type ByteReader, quote, unsupported } from './reader.ts';
import type { Scope } from './scope.ts';
import type { TypeReader } from './type-section.ts';
import type { Extern, TypeSpace } from './type-space.ts';
import { nameExtern } from './world-names.ts';

interface Place {
  readonly scope: Scope;
  readonly declarations: Declarations;
}

/** Takes one import and adds it to the scope; in the root component its types learn where they were declared. */
export function readImport(reader: ByteReader, { scope, declarations }: Place, types: TypeReader): void {
  const externName = readExternName(reader, types.space);
  const { name, offset } = externName;
  const declared = types.externType(reader, scope, name);
  const extern = scope.level === 1 ? nameExtern(types.space, name, declared, offset) : declared;
  declarations.addImport(externName, declared, extern);
  scope.definitions.push({ kind: 'import', name, extern });
  addToScope(scope, extern);
}

/** Takes one export. It adds an entry to the index space, too: later definitions see it by its exported name. */
export function readExport(reader: ByteReader, { scope, declarations }: Place, types: TypeReader): void {
  const { space } = types;
  const externName = readExternName(reader, space);
  const { name, offset } = externName;
  const sort = readSort(reader);
  const at = reader.position;
  const index = reader.u32('an index');
  const given = externAt(scope, sort, index, at);
  const declared = reader.flag('the presence of a type')
    ? readAscription(reader, scope, types, name, given)
    : exported(space, name, given);
  const extern = scope.level === 1 ? nameExtern(space, name, declared, offset) : declared;
  declarations.addExport(externName, declared, extern);
  scope.definitions.push({ kind: 'export', name, sort, index, extern });
  addToScope(scope, extern, true);
}

/** What an item is where it is seen as an export: types get a new name. */
function exported(space: TypeSpace, name: string, given: Extern): Extern {
  if (given.kind === 'type') return { ...given, type: space.named(given.type, name) };
  return given.kind === 'resource' ? { ...given, nameId: space.newName(given.nameId) } : given;
}

/** Takes the type that an export is given, which may say less than is known of the item. */
function readAscription(reader: ByteReader, scope: Scope, types: TypeReader, name: string, given: Extern): Extern {
  const { space } = types;
  const offset = reader.position;
  const start = space.now();
  const declared = types.externType(reader, scope, name);
  space.at = offset;
  // It would be another resource inside than outside from here on; wasm-tools refuses it, too.
  if (declaresResource(declared)) throw unsupported(offset, `an export that hides which resource ${quote(name)} is`);
  new Binder(space, start).bind(name, declared, given);
  return declared;
}

function declaresResource(extern: Extern): boolean {
  if (extern.kind === 'instance') return [...extern.instance.exports.values()].some(declaresResource);
  return extern.kind === 'resource' && extern.fresh;
}
