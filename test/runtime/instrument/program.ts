/*
 * A naive reference for fuel: programs as flat lists of instructions, run by a small interpreter that counts each
 * instruction as it executes it. It shares nothing with the rewriter but the published costs, written down again here.
 */

/** One instruction: its text, which is also what wabt assembles. */
export type Instruction = string;

/** Functions without parameters or results; they work on the mutable i32 global 0. Function 0 is the entry. */
export type Program = readonly (readonly Instruction[])[];

/** Costs of the instructions that programs use, as `costs.ts` documents them; every other one is 1. */
const COSTS: Readonly<Record<string, number>> = {
  nop: 0,
  block: 0,
  loop: 0,
  else: 0,
  end: 0,
  br_table: 2,
  call: 3,
  'memory.fill': 32,
};

/** Loops count down locals 0 to 9; bulk operations work on one page. */
export function textOf(program: Program): string {
  const functions = program.map((body, at) => `(func $f${at} (local ${'i32 '.repeat(10)}) ${body.join(' ')})`);
  return `(module (memory 1) (global $x (export "x") (mut i32) (i32.const 1)) ${functions.join('\n')} (export "run" (func 0)))`;
}

interface Machine {
  x: number;
  fuel: number;
}

/** Runs function 0. @returns the global's last value and the fuel of all that was executed. */
export function interpret(program: Program): Machine {
  const machine = { x: 1, fuel: 0 };
  enter(program, 0, machine);
  return machine;
}

/** An open block: where its label leads. */
interface Label {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

function enter(program: Program, index: number, machine: Machine): void {
  const body = program[index] ?? [];
  machine.fuel += 1 + Math.trunc(10 / 8); // one entry, ten locals
  const locals: number[] = new Array(10).fill(0);
  const stack: number[] = [];
  const labels: Label[] = [];
  const pop = (): number => stack.pop() ?? Number.NaN;
  let at = 0;
  const branch = (label: number): void => {
    if (label >= labels.length) {
      at = body.length;
      return;
    }
    labels.length -= label;
    const target = labels.at(-1) as Label; // checked above
    if (target.kind === 'loop') at = target.start + 1;
    else {
      labels.pop();
      at = target.end + 1;
    }
  };
  while (at < body.length) {
    const [op = '', ...immediates] = (body[at] ?? '').split(' ');
    const immediate = Number(immediates[0]);
    machine.fuel += COSTS[op] ?? 1;
    const here = at;
    at += 1;
    if (op === 'i32.const') stack.push(immediate | 0);
    else if (op === 'global.get') stack.push(machine.x);
    else if (op === 'global.set') machine.x = pop();
    else if (op === 'local.set') locals[immediate] = pop();
    else if (op === 'local.get') stack.push(locals[immediate] ?? Number.NaN);
    else if (op === 'local.tee') locals[immediate] = stack.at(-1) ?? Number.NaN;
    else if (op === 'i32.mul') stack.push(Math.imul(pop(), pop()));
    else if (op === 'i32.add') stack.push((pop() + pop()) | 0);
    else if (op === 'i32.and') stack.push(pop() & pop());
    else if (op === 'i32.shr_u') {
      const by = pop();
      stack.push((pop() >>> by) | 0);
    } else if (op === 'memory.fill') {
      machine.fuel += Math.ceil(pop() / 64);
      stack.length -= 2;
    } else if (op === 'call') enter(program, immediate, machine);
    else if (op === 'return') return;
    else if (op === 'br') branch(immediate);
    else if (op === 'br_if') {
      if (pop() !== 0) branch(immediate);
    } else if (op === 'br_table') branch(Number(immediates[Math.min(pop() >>> 0, immediates.length - 1)]));
    else if (op === 'block' || op === 'loop') labels.push({ kind: op, start: here, end: matching(body, here, false) });
    else if (op === 'if') {
      const end = matching(body, here, false);
      const otherwise = matching(body, here, true);
      const taken = pop() !== 0;
      if (taken || otherwise < end) labels.push({ kind: op, start: here, end });
      if (!taken) at = otherwise + 1;
    } else if (op === 'else') at = labels.pop()?.end ?? body.length;
    else if (op === 'end') labels.pop();
    if (op === 'else') at += 1;
  }
}

/** Where the block that opens at `from` ends, or has its `else`. */
function matching(body: readonly Instruction[], from: number, orElse: boolean): number {
  let depth = 0;
  for (let at = from; at < body.length; at += 1) {
    const op = body[at]?.split(' ')[0];
    if (op === 'block' || op === 'loop' || op === 'if') depth += 1;
    if (op === 'else' && depth === 1 && orElse) return at;
    if (op === 'end') depth -= 1;
    if (depth === 0) return at;
  }
  return body.length;
}
