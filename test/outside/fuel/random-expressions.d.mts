import type { Opcodes } from './opcodes.mjs';

/** Instructions by what they give. */
export class OperatorTable {
  constructor(opcodes: Opcodes);
}
