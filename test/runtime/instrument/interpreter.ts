import type { CostModelName } from '../../../runtime/instrument/index.ts';
import { COMPUTE, Exception, type Frame, type Label, pop } from './frame.ts';
import { dataByte, HOST, LOCALS, type Program, SIZES } from './program.ts';
import { CHARGES, COSTS, type References } from './reference-costs.ts';
import { OPENS, parse, type Step } from './steps.ts';

/*
 * A naive reference for fuel: runs a program one instruction after the other, and counts each as it executes it. It shares
 * nothing with the rewriter but the published costs, and those are written down again in `reference-costs.ts`.
 */

/** What a program did. */
export interface Run {
  readonly end: { readonly kind: 'value'; readonly value: number } | { readonly kind: 'exception' | 'trap' };
  readonly x: number;
  readonly memory: Uint8Array;
  readonly cost: Readonly<Record<CostModelName, number>>;
  /** Places passed where a charge may stand: entries, turns of loops, branches, calls, handlers, and ends that tables lead to. */
  readonly points: number;
}

/** Thrown for programs that run too long to be worth a test. */
export class TooLong extends Error {}

/** @throws TooLong beyond 20,000 instructions. */
export function interpret(program: Program, argument: number, x: number): Run {
  const machine = new Machine(program, x);
  const end = machine.run(argument);
  return { end, x: machine.x, memory: machine.memory, cost: machine.cost, points: machine.points };
}

class Trap extends Error {}

class Machine {
  x: number;
  memory = new Uint8Array(SIZES.pages * 65_536);
  readonly cost = { region: 0, exact: 0 };
  points = 0;
  #executed = 0;
  readonly #functions: readonly (readonly Step[])[];
  readonly #table: readonly number[];

  constructor({ functions, table }: Program, x: number) {
    this.x = x;
    this.#functions = functions.map(parse);
    this.#table = table;
  }

  run(argument: number): Run['end'] {
    try {
      return { kind: 'value', value: this.#enter(0, argument) };
    } catch (error) {
      if (error instanceof Exception) return { kind: 'exception' };
      if (error instanceof Trap) return { kind: 'trap' };
      throw error;
    }
  }

  /** Counts in both models what the charges of each say. */
  #pay(units: (charges: References) => number): void {
    this.cost.region += units(CHARGES.region);
    this.cost.exact += units(CHARGES.exact);
  }

  #enter(first: number, argument: number): number {
    let index = first;
    let value = argument;
    for (;;) {
      this.#pay(({ entry, localsPerUnit }) => entry + Math.trunc(LOCALS / localsPerUnit));
      this.points += 1;
      const locals = [value, ...new Array<number>(LOCALS).fill(0)];
      const frame: Frame = { steps: this.#functions[index] ?? [], locals, stack: [], labels: [], at: 0 };
      while (frame.result === undefined) this.#step(frame);
      if (frame.next === undefined) return frame.result;
      index = frame.next;
      value = frame.result;
    }
  }

  #step(frame: Frame): void {
    const step = frame.steps[frame.at];
    if (step === undefined) {
      frame.result = pop(frame);
      return;
    }
    this.#executed += 1;
    if (this.#executed > 20_000) throw new TooLong();
    this.cost.region += COSTS.region[step.op] ?? 1;
    this.cost.exact += COSTS.exact[step.op] ?? 1;
    const here = frame.at;
    frame.at += 1;
    try {
      this.#execute(frame, step, here);
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      this.#catch(frame, error);
    }
  }

  #execute(frame: Frame, step: Step, here: number): void {
    const compute = COMPUTE[step.op];
    const [first = 0] = step.args;
    if (compute !== undefined) frame.stack.push(compute(frame, first));
    else if (step.op === 'local.set') frame.locals[first] = pop(frame);
    else if (step.op === 'global.get') frame.stack.push(this.x);
    else if (step.op === 'global.set') this.x = pop(frame);
    else if (step.op.startsWith('memory.') || step.op.startsWith('table.') || step.op === 'i32.store8') this.#access(frame, step);
    else if (step.op.includes('call') || step.op === 'host') this.#call(frame, step);
    else if (step.op !== 'nop' && !step.op.startsWith('ref.')) this.#steer(frame, step, here);
  }

  #access(frame: Frame, { op, args }: Step): void {
    const by = pop(frame);
    if (op === 'memory.grow') {
      const pages = this.memory.length / 65_536;
      const grows = pages + by <= SIZES.pagesMax;
      frame.stack.push(grows ? pages : -1);
      const isConstant = frame.steps[frame.at - 2]?.op === 'i32.const';
      this.#pay(({ page, constantGrowPays }) => (grows || (isConstant && constantGrowPays) ? page * by : 0));
      if (!grows) return;
      const larger = new Uint8Array((pages + by) * 65_536);
      larger.set(this.memory);
      this.memory = larger;
    } else if (op === 'i32.store8') this.memory[pop(frame)] = by;
    else if (op.startsWith('table.')) {
      frame.stack.length -= args.length === 1 ? 1 : 2; // a reference is no number here
      this.#pay(({ element }) => element * by);
    } else {
      const from = pop(frame);
      const to = pop(frame);
      this.#pay(({ bytesPerUnit }) => Math.ceil(by / bytesPerUnit));
      if (op === 'memory.fill') this.memory.fill(from, to, to + by);
      else if (op === 'memory.copy') this.memory.copyWithin(to, from, from + by);
      else for (let at = 0; at < by; at += 1) this.memory[to + at] = dataByte(from + at);
    }
  }

  #call(frame: Frame, { op, args }: Step): void {
    this.points += 1;
    if (op === 'host') {
      frame.stack.push(HOST.host.next(pop(frame)));
      return;
    }
    const index = (op.endsWith('indirect') ? this.#table[pop(frame)] : args[0]) as number; // programs stay inside the table
    const argument = pop(frame);
    if (op.startsWith('return_')) {
      frame.next = index;
      frame.result = argument;
      frame.labels.length = 0;
    } else frame.stack.push(this.#enter(index, argument));
  }

  #steer(frame: Frame, step: Step, here: number): void {
    const { op, args, end, parts } = step;
    const { labels } = frame;
    const [first = 0] = args;
    if (op.startsWith('br')) this.#carry(frame, first);
    if (op === 'if' && !this.#isTrue(frame)) {
      frame.at = parts.length === 0 ? end : (parts[0] as number) + 1;
      open(frame, step, here);
    } else if (OPENS.test(op)) open(frame, step, here);
    else if (op === 'else' || op === 'catch' || op === 'catch_all')
      frame.at = (labels.at(-1) as Label).step.end; // came here by falling through
    else if (op === 'end' || op === 'delegate') {
      labels.pop();
      if (step.fromTable) this.points += 1;
    } else if (op === 'return') frame.result = pop(frame);
    else if (op === 'unreachable') throw new Trap();
    else if (op === 'throw') throw new Exception(first, first === 0 ? [pop(frame)] : []);
    else if (op === 'rethrow')
      throw (labels.at(-1 - first) as Label).caught as Exception; // inside a handler
    else if (op === 'drop') pop(frame);
    else if (op === 'br') this.#branch(frame, first);
    else if (op === 'br_if') {
      if (this.#isTrue(frame)) this.#branch(frame, first);
    } else if (op === 'br_table') this.#branch(frame, args[Math.min(pop(frame) >>> 0, args.length - 1)] as number);
    else throw new Error(`the interpreter does not know ${op}`);
  }

  /** What a branch pays for the values that it carries, also if it is not taken. */
  #carry({ labels }: Frame, label: number): void {
    this.#pay(({ valuesPerUnit }) => Math.trunc((labels.at(-1 - label)?.arity ?? 1) / valuesPerUnit));
  }

  #isTrue(frame: Frame): boolean {
    this.points += 1;
    return pop(frame) !== 0;
  }

  #branch(frame: Frame, label: number): void {
    this.points += 1;
    const { labels, stack } = frame;
    if (label >= labels.length) {
      frame.result = pop(frame);
      return;
    }
    labels.length -= label;
    const { step, at, height, arity } = labels.at(-1) as Label; // not the function's own, as above
    const carried = arity === 0 ? [] : stack.slice(-arity);
    stack.length = height;
    stack.push(...carried);
    if (step.op === 'loop') frame.at = at + 1;
    else frame.at = step.end; // which closes the block
  }

  /** Goes on at the handler. @throws Exception where the frame has none. */
  #catch(frame: Frame, error: Exception): void {
    for (let label = frame.labels.pop(); label !== undefined; label = frame.labels.pop()) {
      const { step, height, caught } = label;
      const clause = step.clauses.find(([tag]) => tag === -1 || tag === error.tag);
      if (clause !== undefined) {
        frame.stack.push(...(clause[0] === -1 ? [] : error.payload));
        this.#branch(frame, clause[1]);
        return;
      }
      if (step.op !== 'try' || caught !== undefined) continue;
      const closing = frame.steps[step.end];
      if (closing?.op === 'delegate') frame.labels.length -= closing.args[0] as number;
      const handler = step.parts.find((part) => {
        const { op, args } = frame.steps[part] as Step; // a `catch` or `catch_all`
        return op === 'catch_all' || args[0] === error.tag;
      });
      if (handler === undefined) continue;
      this.points += 1;
      frame.stack.length = height;
      if (frame.steps[handler]?.op === 'catch') frame.stack.push(...error.payload);
      frame.labels.push({ ...label, caught: error });
      frame.at = handler + 1;
      return;
    }
    throw error;
  }
}

function open(frame: Frame, step: Step, at: number): void {
  const [params = 0, results = 0] = step.args;
  const arity = step.op === 'loop' ? params : results;
  frame.labels.push({ at, step, height: frame.stack.length - params, arity });
}
