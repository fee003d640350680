import { readSort } from './aliases.ts';
import { addToScope, type Declarations } from './declarations.ts';
import { externAt } from './instances.ts';
import { readExternName } from './names.ts';
import type { ByteReader } from './reader.ts';
import { Remapper } from './remap.ts';
import type { Scope } from './scope.ts';
import type { TypeReader } from './type-section.ts';
import { nameExtern } from './world-names.ts';

interface Place {
  readonly scope: Scope;
  readonly declarations: Declarations;
}

/** Takes one import and adds it to the scope; in the root component its types learn where they were declared. */
export function readImport(reader: ByteReader, { scope, declarations }: Place, types: TypeReader): void {
  const offset = reader.position;
  const name = readExternName(reader);
  const declared = types.externType(reader, scope, name);
  const extern = scope.level === 1 ? nameExtern(types.space, name, declared, offset) : declared;
  declarations.addImport(name, extern, offset);
  addToScope(scope, extern);
}

/** Takes one export. It adds an entry to the index space, too: later definitions see it by its exported name. */
export function readExport(reader: ByteReader, { scope, declarations }: Place, types: TypeReader): void {
  const { space } = types;
  const offset = reader.position;
  const name = readExternName(reader);
  const sort = readSort(reader);
  const at = reader.position;
  const given = externAt(scope, sort, reader.u32('an index'), at);
  let extern = given.kind === 'type' ? { ...given, type: space.named(given.type, name) } : given;
  if (reader.flag('the presence of a type')) {
    const start = space.now();
    const declared = types.externType(reader, scope, name);
    space.at = at;
    const remapper = new Remapper(space, start);
    remapper.bind(name, declared, given);
    // What the component exports has the declared type, with the resources of what it really is.
    extern = declared.kind === 'type' ? declared : remapper.extern(declared);
  }
  if (scope.level === 1) extern = nameExtern(space, name, extern, offset);
  declarations.addExport(name, extern, offset);
  addToScope(scope, extern);
}
