import { readBuiltIn } from './canon-built-ins.ts';
import { checkFunc, type ReadOptions, readOptions, refuseLiftOptions, requireOptions } from './canon-options.ts';
import { type CoreFuncType, describeCoreFunc } from './core-types.ts';
import { flattenFunction } from './flat-types.ts';
import { type ByteReader, malformed } from './reader.ts';
import type { Scope } from './scope.ts';
import type { TypeReader } from './type-section.ts';
import type { FunctionType } from './types.ts';

/**
 * Takes one canonical definition and adds the function that it makes to the scope.
 * Source: component model, CanonicalABI.md, Canonical Definitions.
 */
export function readCanon(reader: ByteReader, scope: Scope, types: TypeReader): void {
  const offset = reader.position;
  types.space.at = offset;
  const opcode = reader.byte('a canonical definition');
  if (opcode === 0x00) return readLift(reader, scope, types);
  scope.addCore({ kind: 'func', type: readCoreDefinition(opcode, offset, reader, scope, types) });
}

/** Takes a definition that makes a core function. @returns its type. */
function readCoreDefinition(opcode: number, offset: number, reader: ByteReader, scope: Scope, types: TypeReader): CoreFuncType {
  if (opcode === 0x01) return readLower(reader, scope);
  const resource = RESOURCE_BUILT_INS[opcode];
  return resource === undefined
    ? readBuiltIn(opcode, offset, reader, scope, types)
    : readResourceBuiltIn(resource, reader, scope, types);
}

function readLift(reader: ByteReader, scope: Scope, types: TypeReader): void {
  reader.expect(0x00, 'the function sort');
  const offset = reader.position;
  const coreFunc = reader.u32('a core function index');
  const core = scope.at('core func', coreFunc, offset).type;
  const read = readOptions(reader, scope);
  const { options } = read;
  const { type } = types.definitionOf(reader, scope, 'func');
  if (type.isAsync) scope.space.asyncAbi = true;
  checkAsync(read, type);
  const wanted = liftedType(scope, type, read);
  if (core !== wanted)
    throw malformed(offset, `expected a core function ${describeCoreFunc(wanted)}, found ${describeCoreFunc(core)}`);
  if (options.postReturn !== undefined) {
    checkFunc(scope, options.postReturn, scope.space.coreFuncs.of(core.results, []), 'post-return', read.offset);
  }
  if (read.callback !== undefined) {
    checkFunc(scope, read.callback, scope.space.coreFuncs.of(['i32', 'i32', 'i32'], ['i32']), 'callback', read.offset);
  }
  scope.definitions.push({ kind: 'lift', coreFunc, options, type });
  scope.add('func', type);
}

/** The type that the core function behind a lifted one must have; checks that the options suffice. */
function liftedType(scope: Scope, type: FunctionType, read: ReadOptions): CoreFuncType {
  const { space } = scope;
  const isAsync = read.options.async === true;
  const flat = flattenFunction(type, 'lift', { async: isAsync, callback: read.callback !== undefined });
  const takesPointer = space.factsOf(type).hasPointer;
  const givesPointer = type.result !== undefined && space.factsOf(type.result).hasPointer;
  requireOptions(read, flat.spillsResult || givesPointer, takesPointer || flat.spillsParams);
  return space.coreFuncs.of(flat.params, flat.results);
}

function readLower(reader: ByteReader, scope: Scope): CoreFuncType {
  reader.expect(0x00, 'the function sort');
  const offset = reader.position;
  const func = reader.u32('a function index');
  const type = scope.at('func', func, offset);
  const read = readOptions(reader, scope);
  refuseLiftOptions(read);
  checkAsync(read, type);
  scope.definitions.push({ kind: 'lower', func, options: read.options, type });
  return loweredType(scope, type, read);
}

/** The type of the core function that calls another through its lowering; checks that the options suffice. */
function loweredType(scope: Scope, type: FunctionType, read: ReadOptions): CoreFuncType {
  const { space } = scope;
  const flat = flattenFunction(type, 'lower', { async: read.options.async === true, callback: false });
  const takesPointer = space.factsOf(type).hasPointer;
  const givesPointer = type.result !== undefined && space.factsOf(type.result).hasPointer;
  requireOptions(read, flat.spillsParams || flat.spillsResult || takesPointer, givesPointer);
  return space.coreFuncs.of(flat.params, flat.results);
}

function checkAsync({ options, offset }: ReadOptions, type: FunctionType): void {
  if (options.async && !type.isAsync) throw malformed(offset, 'expected an async function type for the canonical option `async`');
}

const RESOURCE_BUILT_INS: Readonly<Record<number, 'new' | 'drop' | 'rep'>> = { 2: 'new', 3: 'drop', 4: 'rep' };

function readResourceBuiltIn(name: 'new' | 'drop' | 'rep', reader: ByteReader, scope: Scope, types: TypeReader): CoreFuncType {
  const offset = reader.position;
  const { resource } = types.definitionOf(reader, scope, 'resource');
  if (name !== 'drop' && !scope.ownResources.has(resource)) {
    throw malformed(offset, `expected a resource that the component defines for \`resource.${name}\`, found another`);
  }
  scope.definitions.push({ kind: 'resource-builtin', name, resource });
  return scope.space.coreFuncs.of(['i32'], name === 'drop' ? [] : ['i32']);
}
