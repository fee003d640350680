import { flagTable, OP } from './opcodes.ts';

/** Instructions that read or write the counter by themselves, beside calls of functions that do, or that may leave for ones that do. */
export const TOUCHES: Uint8Array = flagTable([
  ...[OP.callIndirect, OP.returnCallIndirect, OP.throw, OP.rethrow, OP.throwRef, OP.memoryGrow, OP.tableGrow],
  ...[OP.memoryInit, OP.memoryCopy, OP.memoryFill, OP.tableInit, OP.tableCopy, OP.tableFill],
]);
