import { CHARGES, COST_OF } from './costs.ts';
import { BLOCK_TYPE_FIRST } from './decode.ts';
import { MODULE_LIMITS } from './module-limits.ts';
import { FLOW_OP, flagTable, OP } from './opcodes.ts';
import type { Arity, IndexSpaces } from './spaces.ts';
import type { Tape } from './tape.ts';

/** Where one function body is charged: `costs[n]` units before the instruction at `places[n]` of the tape. */
export interface ChargePlan {
  /** Ascending. */
  readonly places: number[];
  /** Each 1 or more; far below 2^53, since a body has fewer than 2^23 instructions. */
  readonly costs: number[];
}

const NO_VALUES: Arity = { params: 0, results: 0 };
const ONE_RESULT: Arity = { params: 0, results: 1 };

/** Kinds of open blocks. The code after an `if` or `try` has two ways in even if no branch targets its label. */
const PLAIN = 0;
const LOOP = 1;
const FORKED = 2;

/** Opcodes at which the walk below must look; all others only add their cost. */
const LOOKED_AT = flagTable(Object.values(FLOW_OP));

/**
 * Places charges by basic block: each run of instructions that can only be entered at its start is paid for and
 * checked before its first instruction.
 *
 * INVARIANT: no instruction runs unpaid, so the overrun is 0. A call, trap or exception in the middle of a block
 * leaves the rest of that block paid for, although it may never run.
 * A pure function of one body and the module's index spaces; the result depends on nothing else.
 * Source: metered blocks of paritytech/wasm-instrument, without its merging across branches.
 */
export class BlockPlacement {
  readonly #spaces: IndexSpaces;
  readonly #kinds = new Uint8Array(MODULE_LIMITS.nestingMax + 1);
  readonly #targeted = new Uint8Array(MODULE_LIMITS.nestingMax + 1);
  /** How many values a branch to each open label carries. */
  readonly #arities = new Uint32Array(MODULE_LIMITS.nestingMax + 1);
  #depth = 0;

  constructor(spaces: IndexSpaces) {
    this.#spaces = spaces;
  }

  /** @param type - the function's type. @param locals - how many locals it declares. */
  place(tape: Tape, type: Arity, locals: number): ChargePlan {
    const plan: ChargePlan = { places: [], costs: [] };
    this.#depth = 0;
    this.#open(PLAIN, type.results);
    let start = 0;
    let cost = CHARGES.functionEntry + Math.trunc(locals / CHARGES.localsPerUnit);
    let live = true;
    const { length, ops } = tape;
    for (let at = 0; at < length; at += 1) {
      const op = ops[at] as number; // below the tape's length
      cost += COST_OF[op] as number; // the decoder lets only opcodes of the table pass
      if (LOOKED_AT[op] === 0) continue;
      const step = this.#step(tape, at, op);
      cost += step.cost;
      if (step.next === 'same') continue;
      if (live && cost > 0) {
        plan.places.push(start);
        plan.costs.push(cost);
      }
      start = at + 1;
      cost = 0;
      live = step.next === 'live';
    }
    return plan;
  }

  #step(tape: Tape, at: number, op: number): Step {
    const arg = tape.args[at] as number; // below the tape's length
    switch (op) {
      case OP.block:
      case OP.try:
        this.#open(op === OP.try ? FORKED : PLAIN, this.#blockType(arg).results);
        return SAME;
      case OP.tryTable:
        this.#targetAll(tape.lists, tape.seconds[at] as number); // below the tape's length
        this.#open(PLAIN, this.#blockType(arg).results);
        return SAME;
      case OP.loop:
        this.#open(LOOP, this.#blockType(arg).params);
        return LIVE;
      case OP.if:
        this.#open(FORKED, this.#blockType(arg).results);
        return LIVE;
      case OP.end:
      case OP.delegate:
        return this.#close();
      case OP.br:
        return step(carry(this.#target(arg)), 'dead');
      case OP.brIf:
        return step(carry(this.#target(arg)), 'live');
      case OP.brTable:
        return step(carry(this.#targetAll(tape.lists, arg)), 'dead');
      case OP.return:
        return step(carry(this.#arities[0] as number), 'dead'); // the body's own label is always open
      case OP.call:
      case OP.returnCall:
        return this.#call(op, this.#functionType(arg), arg < this.#spaces.importedFunctions);
      case OP.callIndirect:
      case OP.returnCallIndirect:
        return this.#call(op, this.#type(arg), false);
      case OP.else:
      case OP.catch:
      case OP.catchAll:
        return LIVE;
      default:
        return DEAD; // unreachable, throw, rethrow, throw_ref
    }
  }

  #open(kind: number, arity: number): void {
    this.#kinds[this.#depth] = kind;
    this.#targeted[this.#depth] = 0;
    this.#arities[this.#depth] = arity;
    this.#depth += 1;
  }

  /** The code after a block is a new run if there are two ways to it. The label of a loop is at its start. */
  #close(): Step {
    this.#depth -= 1;
    const kind = this.#kinds[this.#depth];
    const split = kind === FORKED || (kind === PLAIN && this.#targeted[this.#depth] === 1) || this.#depth === 0;
    return split ? LIVE : SAME;
  }

  #target(label: number): number {
    const at = this.#depth - 1 - label;
    this.#targeted[at] = 1;
    return this.#arities[at] as number; // the decoder checked the label
  }

  /** @returns how many values a branch to the last of them carries. */
  #targetAll(lists: readonly number[], from: number): number {
    const count = lists[from] as number; // the decoder wrote it
    let arity = 0;
    for (let at = from + 1; at <= from + count; at += 1) arity = this.#target(lists[at] as number); // the same
    return arity;
  }

  #call(op: number, type: Arity, imported: boolean): Step {
    const tail = op === OP.returnCall || op === OP.returnCallIndirect;
    const cost = carry(type.params) + carry(type.results) + (imported ? CHARGES.importedCall : 0);
    return step(cost, tail ? 'dead' : 'same');
  }

  #blockType(arg: number): Arity {
    if (arg < BLOCK_TYPE_FIRST) return arg === 0 ? NO_VALUES : ONE_RESULT;
    return this.#type(arg - BLOCK_TYPE_FIRST);
  }

  #functionType(index: number): Arity {
    return this.#type(this.#spaces.functions[index] as number); // the decoder checked the index
  }

  #type(index: number): Arity {
    return this.#spaces.types[index] as Arity; // the decoder checked the index
  }
}

/** What an instruction does to the run it is in: it goes on, or ends, and what follows can be reached or not. */
interface Step {
  readonly cost: number;
  readonly next: 'same' | 'live' | 'dead';
}

const SAME: Step = { cost: 0, next: 'same' };
const LIVE: Step = { cost: 0, next: 'live' };
const DEAD: Step = { cost: 0, next: 'dead' };

function step(cost: number, next: Step['next']): Step {
  if (cost > 0) return { cost, next };
  return next === 'same' ? SAME : next === 'live' ? LIVE : DEAD;
}

/** Moving values costs time in proportion; few of them stay in registers. */
function carry(values: number): number {
  return Math.trunc(values / CHARGES.valuesPerUnit);
}
