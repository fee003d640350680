import type { CostModel } from '../../../runtime/instrument/index.ts';
import type { Opcodes } from './opcodes.mjs';

/** Counts what programs do, by builds of modules that count every instruction. */
export class Tracer {
  constructor(opcodes: Opcodes, region: CostModel);
  build(bytes: Uint8Array): Uint8Array;
}
