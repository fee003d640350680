/** One instruction of a program: its operation, and its immediates behind it. Blocks name the number of their parameters and results. */
export type Instruction = string;

/** Function `n` of a program takes one i32 and gives one; the first is the entry, `run`. They share the mutable i32 global 0. */
export interface Program {
  readonly functions: readonly (readonly Instruction[])[];
  /** The functions that `call_indirect` finds in table 0, in its order. */
  readonly table: readonly number[];
}

/** Locals of each function, beside its parameter. */
export const LOCALS = 12;

/** Pages of the memory at first and at most. Bytes of data segment 0. Elements of table 1, which holds no functions. */
export const SIZES = { pages: 1, pagesMax: 3, data: 600, table: 600 };

/** Byte of the data segment, which is passive. */
export const dataByte = (at: number): number => 97 + (at % 26);

/** Number of values that blocks take and give. 8 is where moving them costs something in `region`. */
export const ARITIES = [0, 1, 2, 8] as const;

const BLOCKS = /^(block|loop|if|try|try_table) (\d) (\d)(.*)$/;

/** Whether this engine knows `try_table`; Node 20 does not. */
export const HAS_TRY_TABLE = WebAssembly.validate(
  Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 0x1f, 0x40, 0, 0x0b, 0x0b),
);

/** What the host gives to programs: the operation `host` calls it, and gets one more than it gave. */
export const HOST = { host: { next: (value: number): number => (value + 1) | 0 } };

/** The program as WebAssembly text. */
export function textOf({ functions, table }: Program): string {
  const types = ARITIES.flatMap((from) =>
    ARITIES.map((to) => `(type $from${from}to${to} (func ${values('param', from)} ${values('result', to)}))`),
  );
  const data = Array.from({ length: SIZES.data }, (_, at) => String.fromCharCode(dataByte(at))).join('');
  const bodies = functions.map(
    (body, at) => `(func $f${at} (type $from1to1) (local ${'i32 '.repeat(LOCALS)})\n  ${body.map(lineOf).join('\n  ')})`,
  );
  return `(module ${types.join('\n')}
    (import "host" "next" (func $host (type $from1to1)))
    (memory (export "memory") ${SIZES.pages} ${SIZES.pagesMax})
    (table ${table.length} funcref) (elem (i32.const 0) ${table.map((at) => `$f${at}`).join(' ')}) (table ${SIZES.table} externref)
    (tag (param i32)) (tag)
    (global (export "x") (mut i32) (i32.const 0))
    ${bodies.join('\n')}
    (data "${data}") (export "run" (func $f0)))`;
}

const values = (kind: string, count: number): string => `(${kind}${' i32'.repeat(count)})`;

/** Short forms of block types where the format has them, so that both forms occur. */
function lineOf(instruction: Instruction): string {
  const block = BLOCKS.exec(instruction);
  if (instruction === 'host') return 'call $host';
  if (block === null)
    return instruction.replace(/^(return_)?call_indirect$/, '$& 0 (type $from1to1)').replace(/call (\d)/, 'call $f$1');
  const [, op, params, results, rest = ''] = block;
  const clauses = rest.replace(/ (\S+)/g, ' ($1)').replaceAll(':', ' ');
  if (params === '0' && Number(results) < 2) return `${op}${results === '0' ? '' : ' (result i32)'}${clauses}`;
  // wabt loses the type of a `try_table` that is given by its index.
  if (op === 'try_table') return `${op} ${values('result', Number(results))}${clauses}`;
  return `${op} (type $from${params}to${results})${clauses}`;
}
