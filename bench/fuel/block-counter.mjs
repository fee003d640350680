// The classic way to meter, to compare with: a counter in a global, checked and decreased in every basic block. What Wasmer's
// metering middleware and its descendants do. It counts as `exact` does, but for work by length, which it leaves flat.
import { COST_MODELS } from '../../dist/runtime/instrument/costs.js';
import { METER_EXPORTS } from '../../dist/runtime/instrument/names.js';
import { IMMEDIATE, IMMEDIATES, OP } from '../../dist/runtime/instrument/opcodes.js';
import { ModuleReader } from '../../dist/runtime/instrument/reader.js';
import { SECTION, SECTION_ORDER, scanSections } from '../../dist/runtime/instrument/scan.js';
import { ByteWriter } from '../../dist/runtime/instrument/writer.js';

const I64 = 0x7e;
/** Enough for any benchmark; the classic has its start function run before the host could fill the counter. */
const FUEL = 2 ** 52;

/** Ends a block: what may go elsewhere, and what others may come to. */
const ENDS_BLOCK = new Set([
  ...[OP.unreachable, OP.loop, OP.if, OP.else, OP.end, OP.br, OP.brIf, OP.brTable, OP.return],
  ...[OP.call, OP.callIndirect, OP.returnCall, OP.returnCallIndirect],
  ...[OP.try, OP.catch, OP.catchAll, OP.delegate, OP.tryTable, OP.throw, OP.rethrow, OP.throwRef],
]);

/**
 * Meters a core module block by block.
 *
 * @returns new bytes, which export the counter under the name that `instrument` uses. A module that is not valid, or that uses
 * what `instrument` refuses, gives no useful answer.
 */
export function meterBlocks(bytes) {
  const { sections } = scanSections(bytes);
  const reader = (id) => {
    const span = sections.get(id);
    return span === undefined ? new ModuleReader(Uint8Array.of(0)) : new ModuleReader(bytes, span.start, span.end);
  };
  const fuel = importedGlobals(reader(SECTION.import)) + reader(SECTION.global).u32();
  const out = new ByteWriter(bytes.length * 2);
  out.copy(bytes, 0, 8);
  for (const id of SECTION_ORDER) {
    const span = sections.get(id);
    if (span === undefined && id !== SECTION.global && id !== SECTION.export) continue;
    out.byte(id);
    const mark = out.open();
    if (id === SECTION.global) appendItem(reader(id), out, writeGlobal);
    else if (id === SECTION.export) appendItem(reader(id), out, () => writeExport(out, fuel));
    else if (id === SECTION.code) meterCode(reader(id), out, fuel);
    else out.copy(bytes, span.start, span.end);
    out.close(mark);
  }
  return out.done().slice();
}

function importedGlobals(reader) {
  let globals = 0;
  for (let left = reader.u32(); left > 0; left -= 1) {
    reader.name();
    reader.name();
    const kind = reader.byte();
    if (kind === 1) reader.byte();
    if (kind === 0) reader.u32();
    else if (kind === 3) {
      reader.skip(2);
      globals += 1;
    } else if (kind === 4) {
      reader.byte();
      reader.u32();
    } else skipLimits(reader);
  }
  return globals;
}

function skipLimits(reader) {
  const hasMaximum = (reader.byte() & 1) === 1;
  reader.u32();
  if (hasMaximum) reader.u32();
}

/** Copies a section with one more item at its end. */
function appendItem(reader, out, write) {
  out.u32(reader.u32() + 1);
  out.copy(reader.bytes, reader.position, reader.end);
  write(out);
}

function writeGlobal(out) {
  for (const byte of [I64, 1, 0x42]) out.byte(byte);
  out.positive(FUEL);
  out.byte(OP.end);
}

function writeExport(out, fuel) {
  out.name(METER_EXPORTS.fuel);
  out.byte(3);
  out.u32(fuel);
}

function meterCode(reader, out, fuel) {
  const count = reader.u32();
  out.u32(count);
  for (let left = count; left > 0; left -= 1) {
    const size = reader.u32();
    const end = reader.position + size;
    const mark = out.open();
    meterBody(reader, end, out, fuel);
    out.close(mark);
  }
}

function meterBody(reader, end, out, fuel) {
  const { costOf } = COST_MODELS.exact;
  let start = reader.position;
  for (let left = reader.u32(); left > 0; left -= 1) {
    reader.u32();
    skipType(reader);
  }
  out.copy(reader.bytes, start, reader.position);
  start = reader.position;
  let cost = 1; // the function's entry
  while (reader.position < end) {
    const op = readOpcode(reader);
    skipImmediate(reader, IMMEDIATES[op]);
    cost += costOf[op];
    if (!ENDS_BLOCK.has(op)) continue;
    if (cost > 0) writeCharge(out, fuel, cost);
    out.copy(reader.bytes, start, reader.position);
    start = reader.position;
    cost = 0;
  }
}

/** Traps if less is left than the block costs; else takes it. */
function writeCharge(out, fuel, cost) {
  const get = () => {
    out.byte(OP.globalGet);
    out.u32(fuel);
    out.byte(0x42); // i64.const
    out.positive(cost);
  };
  get();
  for (const byte of [0x54, OP.if, 0x40, OP.unreachable, OP.end]) out.byte(byte); // i64.lt_u, if, without results
  get();
  out.byte(0x7d); // i64.sub
  out.byte(OP.globalSet);
  out.u32(fuel);
}

function readOpcode(reader) {
  const byte = reader.byte();
  if (byte !== 0xfc && byte !== 0xfd) return byte;
  return (byte === 0xfc ? 0x100 : 0x200) + reader.u32();
}

function skipSigned(reader) {
  while (reader.byte() >= 0x80);
}

function skipType(reader) {
  const byte = reader.byte();
  if (byte === 0x63 || byte === 0x64) skipSigned(reader);
}

/** Bytes or LEB128 integers that follow an opcode, for kinds that always have the same. */
const SHAPES = new Map([
  [IMMEDIATE.none, []],
  ...[IMMEDIATE.label, IMMEDIATE.func, IMMEDIATE.funcRef, IMMEDIATE.index, IMMEDIATE.global].map((kind) => [kind, ['u32']]),
  ...[IMMEDIATE.table, IMMEDIATE.memory].map((kind) => [kind, ['u32']]),
  ...[IMMEDIATE.callIndirect, IMMEDIATE.twoMemories, IMMEDIATE.twoTables].map((kind) => [kind, ['u32', 'u32']]),
  ...[IMMEDIATE.indexMemory, IMMEDIATE.indexTable].map((kind) => [kind, ['u32', 'u32']]),
  [IMMEDIATE.i32, ['signed']],
  [IMMEDIATE.i64, ['signed']],
  [IMMEDIATE.bytes4, [4]],
  [IMMEDIATE.bytes8, [8]],
  [IMMEDIATE.bytes16, [16]],
  [IMMEDIATE.lane, [1]],
  [IMMEDIATE.refType, ['signed']],
  [IMMEDIATE.blockType, ['signed']],
]);

function skipImmediate(reader, kind) {
  const shape = SHAPES.get(kind);
  if (shape !== undefined) {
    for (const part of shape) {
      if (part === 'u32') reader.u32();
      else if (part === 'signed') skipSigned(reader);
      else reader.skip(part);
    }
  } else if (kind === IMMEDIATE.memarg || kind === IMMEDIATE.memargLane) {
    if (reader.u32() >= 0x40) reader.u32(); // a memory's index follows
    reader.u32();
    if (kind === IMMEDIATE.memargLane) reader.skip(1);
  } else if (kind === IMMEDIATE.labels) for (let left = reader.u32() + 1; left > 0; left -= 1) reader.u32();
  else if (kind === IMMEDIATE.selectTypes) for (let left = reader.u32(); left > 0; left -= 1) skipType(reader);
  else if (kind === IMMEDIATE.tryTable) skipTryTable(reader);
  else throw new Error(`an instruction at ${reader.position} that the block counter does not know`);
}

function skipTryTable(reader) {
  skipSigned(reader);
  for (let left = reader.u32(); left > 0; left -= 1) {
    if (reader.byte() < 2) reader.u32();
    reader.u32();
  }
}
