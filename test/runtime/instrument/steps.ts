import type { Instruction } from './program.ts';

/** An instruction, and where its block ends or goes on. */
export interface Step {
  readonly op: string;
  readonly args: readonly number[];
  /** For what opens a block: its `end` or `delegate`; and its `else` and handlers, in their order. */
  end: number;
  readonly parts: number[];
  /** Of a `try_table`: tag, or -1 for any, and label. */
  readonly clauses: readonly (readonly [tag: number, label: number])[];
  /** Whether a table leads here. */
  fromTable: boolean;
}

/** Operations that open a block. */
export const OPENS = /^(block|loop|if|try|try_table)$/;

/** Finds where the blocks of a function end. */
export function parse(body: readonly Instruction[]): Step[] {
  const steps = body.map((line): Step => {
    const [op = '', ...rest] = line.split(' ');
    const args = rest.filter((text) => !text.startsWith('catch')).map(Number);
    return {
      op,
      args,
      clauses: rest.filter((text) => text.startsWith('catch')).map(clauseOf),
      end: -1,
      parts: [],
      fromTable: false,
    };
  });
  const opened: Step[] = [];
  steps.forEach(({ op, args, clauses }, at) => {
    if (op === 'br_table') for (const label of args) markTable(opened.at(-1 - label));
    for (const [, label] of clauses) markTable(opened.at(-1 - label));
    if (OPENS.test(op)) opened.push(steps[at] as Step);
    else if (/^(else|catch|catch_all)$/.test(op)) opened.at(-1)?.parts.push(at);
    else if (op === 'end' || op === 'delegate') close(opened.pop(), steps[at], at);
  });
  return steps;
}

/** `catch:TAG:LABEL` or `catch_all:LABEL`. */
function clauseOf(text: string): [tag: number, label: number] {
  const [, first, second] = text.split(':').map(Number) as [number, number, number?]; // as `lowering.ts` writes them
  return second === undefined ? [-1, first] : [first, second];
}

function markTable(target: Step | undefined): void {
  if (target !== undefined) target.fromTable = true;
}

function close(opener: Step | undefined, step: Step | undefined, at: number): void {
  if (opener === undefined || step === undefined) throw new Error('an `end` too many');
  opener.end = at;
  step.fromTable = opener.fromTable;
}
