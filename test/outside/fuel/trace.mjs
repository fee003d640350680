import { ENTRIES, MORE, PREFIX, TraceBuild } from './trace-build.mjs';

/** What Wasmtime counts as 0. */
const FREE = new Set('nop drop unreachable block loop else end return try catch catch_all delegate'.split(' '));

/**
 * Counts what programs do in the most naive way: builds of modules that add 1 to a global for each single instruction
 * before it is executed. It shares no code with the rewriter, only the table of names and, for `region`, the prices.
 */
export class Tracer {
  #opcodes;
  #region;

  /** @param opcodes - an `Opcodes`. @param region - the cost model of that name. */
  constructor(opcodes, region) {
    this.#opcodes = opcodes;
    this.#region = region;
  }

  /** @returns the module that counts. */
  build(bytes) {
    return new TraceBuild(bytes, this.#opcodes, this.#region.charges).build();
  }

  /**
   * What an instance of such a module has counted since the last time.
   *
   * @param last - a map that this method keeps from one time to the next, empty at first.
   * @returns `executed`, executions by dense opcode; `exact`, Wasmtime's count; `region`, what the path that was taken is
   * worth at the prices of `region`, values that branches carry aside; `left`, how much of `exact` it need not have: lengths,
   * sizes, and `try_table`. All bigint.
   */
  countsOf(instance, last) {
    const executed = new Map();
    const counts = { executed, exact: 0n, region: 0n, left: 0n };
    for (const [name, item] of Object.entries(instance.exports)) {
      if (!name.startsWith(PREFIX)) continue;
      const key = name.slice(PREFIX.length);
      const times = item.value - (last.get(key) ?? 0n);
      last.set(key, item.value);
      if (times > 0n) this.#add(counts, key, times);
    }
    return counts;
  }

  #add(counts, key, times) {
    if (key === MORE.region) counts.region += times;
    else if (key === MORE.exact) {
      counts.exact += times;
      counts.left += times;
    } else if (key === ENTRIES) {
      counts.exact += times;
      counts.region += times;
    } else {
      const name = this.#opcodes.mnemonics.get(Number(key));
      counts.executed.set(Number(key), times);
      counts.region += times * BigInt(this.#region.costOf[Number(key)]);
      if (!FREE.has(name)) counts.exact += times;
      if (name === 'try_table') counts.left += times;
    }
  }
}
