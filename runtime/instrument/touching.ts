import { flagTable, GROW_OPS, MEMORY_BULK_OPS, OP, TABLE_BULK_OPS } from './opcodes.ts';

/** Instructions that read or write the counter by themselves, beside calls of functions that do, or that may leave for ones that do. */
export const TOUCHES: Uint8Array = flagTable([
  ...[OP.callIndirect, OP.returnCallIndirect, OP.throw, OP.rethrow, OP.throwRef],
  ...[...GROW_OPS, ...MEMORY_BULK_OPS, ...TABLE_BULK_OPS],
]);
