import { type ReadOptions, readOptions, refuseLiftOptions, requireOptions } from './canon-options.ts';
import { readCoreValueType } from './core-type-reader.ts';
import { type CoreFuncType, type CoreValueType, describeCoreFunc } from './core-types.ts';
import { flattenFunction } from './flat-types.ts';
import { type ByteReader, hex, malformed, quote, unsupported } from './reader.ts';
import type { Scope } from './scope.ts';
import type { TypeReader } from './type-section.ts';
import type { ValueType } from './types.ts';

/** What follows the opcode of a built-in, one after the other. */
type Operand = 'stream' | 'future' | 'result' | 'options' | 'flag' | 'memory' | 'thread type' | 'table' | 'context type' | 'slot';

/** What the operands of one built-in said, as far as its type depends on them. */
interface Operands {
  /** What the stream or future carries. */
  carried?: ValueType;
  result?: ValueType;
  options?: ReadOptions;
  slot?: 0 | 1;
}

interface BuiltIn {
  readonly name: string;
  readonly operands: readonly Operand[];
  readonly params: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
}

function row(name: string, operands: readonly Operand[], params: string, results: string): BuiltIn {
  return { name, operands, params: params.split(' ').filter(Boolean), results: results.split(' ').filter(Boolean) };
}

/**
 * Canonical built-ins of the asynchronous ABI and of threads, by opcode: names in the text format, immediates and core
 * signatures (`task.return` has that of its result).
 * Source: component model, Binary.md and CanonicalABI.md, Canonical Definitions.
 */
const BUILT_INS: Readonly<Record<number, BuiltIn>> = {
  5: row('task.cancel', [], '', ''),
  6: row('subtask.cancel', ['flag'], 'i32', 'i32'),
  8: row('backpressure.set', [], 'i32', ''),
  9: row('task.return', ['result', 'options'], '', ''),
  10: row('context.get', ['context type', 'slot'], '', 'i32'),
  11: row('context.set', ['context type', 'slot'], 'i32', ''),
  12: row('thread.yield', ['flag'], '', 'i32'),
  13: row('subtask.drop', [], 'i32', ''),
  14: row('stream.new', ['stream'], '', 'i64'),
  15: row('stream.read', ['stream', 'options'], 'i32 i32 i32', 'i32'),
  16: row('stream.write', ['stream', 'options'], 'i32 i32 i32', 'i32'),
  17: row('stream.cancel-read', ['stream', 'flag'], 'i32', 'i32'),
  18: row('stream.cancel-write', ['stream', 'flag'], 'i32', 'i32'),
  19: row('stream.drop-readable', ['stream'], 'i32', ''),
  20: row('stream.drop-writable', ['stream'], 'i32', ''),
  21: row('future.new', ['future'], '', 'i64'),
  22: row('future.read', ['future', 'options'], 'i32 i32', 'i32'),
  23: row('future.write', ['future', 'options'], 'i32 i32', 'i32'),
  24: row('future.cancel-read', ['future', 'flag'], 'i32', 'i32'),
  25: row('future.cancel-write', ['future', 'flag'], 'i32', 'i32'),
  26: row('future.drop-readable', ['future'], 'i32', ''),
  27: row('future.drop-writable', ['future'], 'i32', ''),
  28: row('error-context.new', ['options'], 'i32 i32', 'i32'),
  29: row('error-context.debug-message', ['options'], 'i32 i32', ''),
  30: row('error-context.drop', [], 'i32', ''),
  31: row('waitable-set.new', [], '', 'i32'),
  32: row('waitable-set.wait', ['flag', 'memory'], 'i32 i32', 'i32'),
  33: row('waitable-set.poll', ['flag', 'memory'], 'i32 i32', 'i32'),
  34: row('waitable-set.drop', [], 'i32', ''),
  35: row('waitable.join', [], 'i32 i32', ''),
  36: row('backpressure.inc', [], '', ''),
  37: row('backpressure.dec', [], '', ''),
  38: row('thread.index', [], '', 'i32'),
  39: row('thread.new-indirect', ['thread type', 'table'], 'i32 i32', 'i32'),
  40: row('thread.resume-later', [], 'i32', ''),
  41: row('thread.suspend', ['flag'], '', 'i32'),
  42: row('thread.suspend-then-resume', ['flag'], 'i32', 'i32'),
  43: row('thread.yield-then-resume', ['flag'], 'i32', 'i32'),
  44: row('thread.suspend-then-promote', ['flag'], 'i32', 'i32'),
  45: row('thread.yield-then-promote', ['flag'], 'i32', 'i32'),
  65: row('thread.spawn-indirect', ['flag', 'thread type', 'table'], 'i32 i32', 'i32'),
  66: row('thread.available-parallelism', ['flag'], '', 'i32'),
};

/** Takes what follows the opcode of a built-in, and records it. @returns the type of its core function. */
export function readBuiltIn(opcode: number, offset: number, reader: ByteReader, scope: Scope, types: TypeReader): CoreFuncType {
  const builtIn = BUILT_INS[opcode];
  if (builtIn === undefined) throw unsupported(offset, `the canonical built-in ${hex(opcode)}`);
  const { space } = scope;
  space.asyncAbi = true;
  const found: Operands = {};
  for (const operand of builtIn.operands) readOperand(operand, reader, scope, types, found);
  if (found.options !== undefined) checkOptions(builtIn.name, found, found.options, scope);
  const { slot } = found;
  scope.definitions.push({ kind: 'async-builtin', name: builtIn.name, ...(slot === undefined ? {} : { slot }) });
  if (builtIn.name === 'task.return') return space.coreFuncs.of(flatResult(found.result).params, []);
  return space.coreFuncs.of(builtIn.params, builtIn.results);
}

/** The result of a task is passed to `task.return` as a parameter. */
function flatResult(result: ValueType | undefined) {
  const params = result === undefined ? [] : [{ name: 'result', type: result }];
  return flattenFunction({ params, isAsync: false }, 'lower', { async: false, callback: false });
}

function readOperand(operand: Operand, reader: ByteReader, scope: Scope, types: TypeReader, found: Operands): void {
  const offset = reader.position;
  switch (operand) {
    case 'stream':
    case 'future': {
      const { type } = types.definitionOf(reader, scope, 'value');
      if (type.kind !== 'unsupported' || type.what !== operand)
        throw malformed(offset, `expected a ${operand} type, found ${type.kind}`);
      if (type.parts?.[0] !== undefined) found.carried = type.parts[0];
      return;
    }
    case 'result': {
      const result = types.ownedResult(reader, scope);
      if (result !== undefined) found.result = result;
      return;
    }
    case 'options':
      found.options = readOptions(reader, scope);
      return;
    case 'flag':
      reader.flag('a flag of a built-in');
      return;
    case 'memory': {
      const { limits } = scope.at('core memory', reader.u32('a core memory index'), offset);
      if (limits.is64) throw unsupported(offset, 'a memory of events with 64-bit addresses');
      return;
    }
    case 'table':
      return readTable(reader, scope);
    case 'thread type':
      return readThreadType(reader, scope);
    case 'context type':
      return readContextType(reader);
    case 'slot': {
      const slot = reader.u32('a context slot');
      if (slot > 1) throw malformed(offset, `expected a context slot below 2, found ${slot}`);
      found.slot = slot as 0 | 1; // a u32 below 2
      return;
    }
  }
}

function checkOptions(name: string, { carried, result }: Operands, read: ReadOptions, scope: Scope): void {
  refuseLiftOptions(read);
  const { space } = scope;
  const { options, offset } = read;
  if (name.startsWith('stream.') || name.startsWith('future.')) {
    const hasPointer = carried !== undefined && space.factsOf(carried).hasPointer;
    return requireOptions(read, carried !== undefined, hasPointer && name.endsWith('.read'));
  }
  if (options.async) throw malformed(offset, `expected no \`async\` for ${quote(name)}`);
  if (name !== 'task.return') return requireOptions(read, true, name === 'error-context.debug-message');
  if (options.realloc !== undefined) throw malformed(offset, 'expected no `realloc` for `task.return`');
  requireOptions(read, flatResult(result).spillsParams || (result !== undefined && space.factsOf(result).hasPointer), false);
}

function readTable(reader: ByteReader, scope: Scope): void {
  const offset = reader.position;
  const { element, limits } = scope.at('core table', reader.u32('a core table index'), offset);
  if (limits.is64) throw unsupported(offset, 'a table of threads with 64-bit addresses');
  if (element !== 'funcref') throw malformed(offset, `expected a table of funcref, found ${element}`);
}

function readThreadType(reader: ByteReader, scope: Scope): void {
  const offset = reader.position;
  const { kind, type } = scope.at('core type', reader.u32('a core type index'), offset);
  if (kind === 'module') throw malformed(offset, 'expected a core function type, found a core module type');
  if (type === scope.space.coreFuncs.of(['i64'], [])) throw unsupported(offset, 'a thread with 64-bit addresses');
  if (type === scope.space.coreFuncs.of(['i32'], [])) return;
  throw malformed(offset, `expected a thread function (i32) -> (), found ${describeCoreFunc(type)}`);
}

function readContextType(reader: ByteReader): void {
  const offset = reader.position;
  const type = readCoreValueType(reader);
  if (type === 'i64') throw unsupported(offset, 'a context slot of 64 bits');
  if (type !== 'i32') throw malformed(offset, `expected a context slot of i32, found ${type}`);
}
