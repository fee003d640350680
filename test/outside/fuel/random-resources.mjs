import { unsigned } from './bytes.mjs';
import { SIZES, TABLE } from './random-module.mjs';

/** Writes something with memories, tables, segments or references. @param writer - a `StatementWriter`. */
export function writeResource(writer) {
  writer.pick(WRITERS)(writer);
}

const WRITERS = [
  writeGrowMemory,
  writeGrowTable,
  writeFillMemory,
  writeCopyMemory,
  writeInitMemory,
  writeTableCells,
  writeTableRange,
  writeInitTable,
  writeSizes,
  writeDrops,
  writeReferences,
];

/** A length that fits: a constant, or one that the program computes. */
function length(writer, most) {
  if (writer.chance(0.5)) return writer.i32(writer.below(most + 1));
  writer.dice();
  writer.i32(2 ** Math.floor(Math.log2(most)) - 1);
  writer.op('i32.and');
}

function writeGrowMemory(writer) {
  if (writer.chance(0.5)) writer.i32(writer.below(4));
  else {
    writer.dice();
    writer.i32(3);
    writer.op('i32.and');
  }
  writer.op('memory.grow', [writer.below(writer.memories)]);
  writer.set('i32');
}

function writeGrowTable(writer) {
  const [table, type] = writer.chance(0.5) ? [TABLE.objects, 'externref'] : [TABLE.scratch, 'funcref'];
  if (type === 'funcref' && writer.chance(0.5)) writer.op('ref.func', unsigned(writer.pick(writer.module.taken).index));
  else writer.op('ref.null', writer.module.heapType(type));
  length(writer, 4);
  writer.op('table.grow', [table]);
  writer.set('i32');
}

function writeFillMemory(writer) {
  writer.i32(writer.below(SIZES.range));
  writer.value('i32');
  length(writer, 300);
  writer.op('memory.fill', [writer.below(writer.memories)]);
}

function writeCopyMemory(writer) {
  writer.i32(writer.below(SIZES.range));
  writer.i32(writer.below(SIZES.range));
  length(writer, 300);
  writer.op('memory.copy', [writer.below(writer.memories), writer.below(writer.memories)]);
}

/** Segment 0 is never dropped; 1 may be, and then has no bytes. */
function writeInitMemory(writer) {
  const segment = writer.chance(0.8) ? 0 : 1;
  writer.i32(writer.below(SIZES.range));
  writer.i32(segment === 0 ? writer.below(8) : 0);
  if (segment === 0) length(writer, SIZES.data - 8);
  else writer.i32(0);
  writer.op('memory.init', [segment, writer.below(writer.memories)]);
}

function writeTableCells(writer) {
  const [table, type] = writer.chance(0.5) ? [TABLE.objects, 'externref'] : [TABLE.scratch, 'funcref'];
  writer.i32(writer.below(SIZES.table));
  writer.i32(writer.below(SIZES.table));
  writer.op('table.get', [table]);
  writer.op('table.set', [table]);
  writer.i32(writer.below(SIZES.table));
  writer.op('table.get', [table]);
  if (writer.chance(0.4)) {
    writer.op('ref.null', writer.module.heapType(type));
    writer.condition();
    writer.code.push(0x1c, 1, ...writer.module.heapType(type));
  }
  writer.op('ref.is_null');
  writer.set('i32');
}

function writeTableRange(writer) {
  const [table, type] = writer.chance(0.5) ? [TABLE.objects, 'externref'] : [TABLE.scratch, 'funcref'];
  const copies = writer.chance(0.5);
  writer.i32(writer.below(4));
  if (copies) writer.i32(writer.below(4));
  else writer.op('ref.null', writer.module.heapType(type));
  length(writer, SIZES.table - 4);
  if (copies) writer.op('table.copy', [table, table]);
  else writer.op('table.fill', [table]);
}

/** Segment 1 is never dropped; 2 may be. */
function writeInitTable(writer) {
  const segment = writer.chance(0.8) ? 1 : 2;
  writer.i32(writer.below(4));
  writer.i32(0);
  if (segment === 1) length(writer, writer.module.taken.length);
  else writer.i32(0);
  writer.op('table.init', [segment, TABLE.scratch]);
}

function writeSizes(writer) {
  if (writer.chance(0.5)) writer.op('memory.size', [writer.below(writer.memories)]);
  else writer.op('table.size', [writer.below(3)]);
  writer.set('i32');
}

function writeDrops(writer) {
  if (writer.chance(0.5)) writer.op('data.drop', [1]);
  else writer.op('elem.drop', [2]);
}

function writeReferences(writer) {
  writer.op('ref.func', unsigned(writer.pick(writer.module.taken).index));
  writer.op('ref.is_null');
  writer.set('i32');
}
