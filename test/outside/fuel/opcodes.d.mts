/** The project's table of instructions, both ways. */
export class Opcodes {
  /** @param mnemonics - by dense opcode, as `MNEMONICS` of the rewriter. */
  constructor(mnemonics: ReadonlyMap<number, string>);
  readonly mnemonics: ReadonlyMap<number, string>;
}
