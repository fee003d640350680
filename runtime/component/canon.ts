import { skipCoreValueType } from './core-types.ts';
import { article, type ByteReader, hex, malformed, unsupported } from './reader.ts';
import type { Scope } from './scope.ts';
import type { TypeReader } from './type-section.ts';

type Operand =
  | 'type'
  | 'resource'
  | 'options'
  | 'flag'
  | 'slot'
  | 'memory'
  | 'table'
  | 'core type'
  | 'core value type'
  | 'result';

/**
 * Canonical built-ins other than `lift` and `lower`, with their immediates. Each adds a core function; all but the
 * first three belong to the asynchronous ABI or to threads.
 * Source: component model, design/mvp/Binary.md, Canonical Definitions.
 */
const BUILT_INS: Readonly<Record<number, readonly Operand[]>> = {
  2: ['resource'],
  3: ['resource'],
  4: ['resource'],
  5: [],
  6: ['flag'],
  8: [],
  9: ['result', 'options'],
  10: ['core value type', 'slot'],
  11: ['core value type', 'slot'],
  12: ['flag'],
  13: [],
  14: ['type'],
  15: ['type', 'options'],
  16: ['type', 'options'],
  17: ['type', 'flag'],
  18: ['type', 'flag'],
  19: ['type'],
  20: ['type'],
  21: ['type'],
  22: ['type', 'options'],
  23: ['type', 'options'],
  24: ['type', 'flag'],
  25: ['type', 'flag'],
  26: ['type'],
  27: ['type'],
  28: ['options'],
  29: ['options'],
  30: [],
  31: [],
  32: ['flag', 'memory'],
  33: ['flag', 'memory'],
  34: [],
  35: [],
  36: [],
  37: [],
  38: [],
  39: ['core type', 'table'],
  40: [],
  41: ['flag'],
  42: ['flag'],
  43: ['flag'],
  44: ['flag'],
  45: ['flag'],
  64: ['flag', 'core type'],
  65: ['flag', 'core type', 'table'],
  66: ['flag'],
};

const FIRST_ASYNC = 0x05;

/** Takes one canonical definition and adds the function that it makes to the scope. */
export function readCanon(reader: ByteReader, scope: Scope, types: TypeReader): void {
  const offset = reader.position;
  types.space.at = offset;
  const opcode = reader.byte('a canonical definition');
  if (opcode === 0x00) readLift(reader, scope, types);
  else if (opcode === 0x01) readLower(reader, scope, types);
  else readBuiltIn(opcode, offset, reader, scope, types);
}

function readBuiltIn(opcode: number, offset: number, reader: ByteReader, scope: Scope, types: TypeReader): void {
  const operands = BUILT_INS[opcode];
  if (operands === undefined) throw unsupported(offset, `the canonical built-in ${hex(opcode)}`);
  if (opcode >= FIRST_ASYNC) types.space.asyncAbi = true;
  for (const operand of operands) readOperand(operand, reader, scope, types);
  scope.add('core func');
}

function readLift(reader: ByteReader, scope: Scope, types: TypeReader): void {
  reader.expect(0x00, 'the function sort');
  const offset = reader.position;
  scope.check('core func', reader.u32('a core function index'), offset);
  readOptions(reader, scope, types);
  const at = reader.position;
  const definition = scope.type(reader.u32('a function type index'), at);
  if (definition.kind !== 'func') throw malformed(at, `expected a function type, found ${article(definition.kind)} type`);
  if (definition.type.isAsync) types.space.asyncAbi = true;
  scope.funcs.push(definition.type);
}

function readLower(reader: ByteReader, scope: Scope, types: TypeReader): void {
  reader.expect(0x00, 'the function sort');
  const offset = reader.position;
  scope.func(reader.u32('a function index'), offset);
  readOptions(reader, scope, types);
  scope.add('core func');
}

function readOperand(operand: Operand, reader: ByteReader, scope: Scope, types: TypeReader): void {
  const offset = reader.position;
  switch (operand) {
    case 'type':
      scope.type(reader.u32('a type index'), offset);
      return;
    case 'resource': {
      const definition = scope.type(reader.u32('a resource type index'), offset);
      if (definition.kind !== 'resource')
        throw malformed(offset, `expected a resource type, found ${article(definition.kind)} type`);
      return;
    }
    case 'options':
      readOptions(reader, scope, types);
      return;
    case 'flag':
      reader.flag('a flag of a built-in');
      return;
    case 'slot':
      reader.u32('a context slot');
      return;
    case 'memory':
      scope.check('core memory', reader.u32('a core memory index'), offset);
      return;
    case 'table':
      scope.check('core table', reader.u32('a core table index'), offset);
      return;
    case 'core type':
      scope.check('core type', reader.u32('a core type index'), offset);
      return;
    case 'core value type':
      skipCoreValueType(reader);
      return;
    case 'result':
      types.resultList(reader, scope);
      return;
  }
}

/** Takes the options of a canonical definition; each kind at most once (the three string encodings are one kind). */
function readOptions(reader: ByteReader, scope: Scope, types: TypeReader): void {
  const count = reader.count('canonical options');
  const seen = new Set<number>();
  for (let index = 0; index < count; index++) {
    const offset = reader.position;
    const option = reader.byte('a canonical option');
    const kind = option <= 0x02 ? 0x00 : option;
    if (seen.has(kind)) throw malformed(offset, `expected each canonical option once, found ${hex(option)} again`);
    seen.add(kind);
    const at = reader.position;
    if (option === 0x02) throw unsupported(offset, 'the string encoding latin1+utf16'); // jco panics on it
    if (option === 0x03) scope.check('core memory', reader.u32('a core memory index'), at);
    else if (option === 0x04 || option === 0x05) scope.check('core func', reader.u32('a core function index'), at);
    else if (option === 0x06) types.space.asyncAbi = true;
    else if (option === 0x07) {
      scope.check('core func', reader.u32('a core function index'), at);
      types.space.asyncAbi = true;
    } else if (option === 0x08 || option === 0x09) throw unsupported(offset, `the canonical option ${hex(option)} (GC)`);
    else if (option > 0x09) throw malformed(offset, `expected a canonical option, found ${hex(option)}`);
  }
}
