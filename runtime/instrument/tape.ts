/**
 * The instructions of one function body, decoded: what placement and rewriting work on. One tape serves a whole
 * module, body after body, so that decoding allocates nothing per function.
 */
export class Tape {
  /** Number of instructions, the last `end` included. */
  length = 0;
  /** Dense opcode of each instruction; see `opcodes.ts`. */
  ops = new Uint16Array(1024);
  /** Offset of each instruction from the module's start; one more entry says where the last one ends. */
  at = new Uint32Array(1025);
  /**
   * First immediate: index, label, or block type as `blockArity` reads it. For `br_table`: where its labels begin in
   * `lists`.
   */
  args = new Uint32Array(1024);
  /** Second immediate; for `try_table`: where its labels begin in `lists`. */
  seconds = new Uint32Array(1024);
  /** Lists of labels: their number, then each. */
  readonly lists: number[] = [];
  /** Instructions that rewriting must change, by their place on the tape, ascending. */
  readonly edits: number[] = [];

  /** Forgets the last body. */
  clear(): void {
    this.length = 0;
    this.lists.length = 0;
    this.edits.length = 0;
  }

  /** Adds an instruction; its immediates follow by `args` and `seconds` at the place returned. */
  push(op: number, offset: number): number {
    const place = this.length++;
    if (place >= this.ops.length) this.#grow();
    this.ops[place] = op;
    this.at[place] = offset;
    return place;
  }

  #grow(): void {
    const size = this.ops.length * 2;
    this.ops = grown(new Uint16Array(size), this.ops);
    this.at = grown(new Uint32Array(size + 1), this.at);
    this.args = grown(new Uint32Array(size), this.args);
    this.seconds = grown(new Uint32Array(size), this.seconds);
  }
}

function grown<T extends Uint16Array | Uint32Array>(larger: T, old: T): T {
  larger.set(old);
  return larger;
}
