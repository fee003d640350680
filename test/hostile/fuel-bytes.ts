/** A few bytes of the core format, for modules too large for the text format. */

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const I32 = 0x7f;

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** The same bytes, so many times. */
export function repeated(count: number, ...bytes: readonly number[]): Buffer {
  return Buffer.alloc(count * bytes.length, Buffer.from(bytes));
}

/** Joins pieces of code. */
export function code(...pieces: readonly (Uint8Array | readonly number[])[]): Buffer {
  return Buffer.concat(pieces.map((piece) => (piece instanceof Uint8Array ? piece : Uint8Array.from(piece))));
}

/** What a function takes and gives: numbers of i32. */
export interface Shape {
  readonly params?: number;
  readonly results?: number;
}

/** A function: its type, number of i32 locals, and code with its last `end`. */
export interface Body {
  readonly type?: number;
  readonly locals?: number;
  readonly code: Uint8Array;
}

/** A module with one memory whose functions are `run`, the first, and others. Type 0 is the first shape, and so on. */
export function moduleOf(bodies: readonly Body[], shapes: readonly Shape[] = [{}]): Uint8Array {
  const types = shapes.map(({ params = 0, results = 0 }) =>
    code([0x60, ...leb(params)], repeated(params, I32), leb(results), repeated(results, I32)),
  );
  const functions = bodies.map(({ locals = 0, code: instructions }) => {
    const declared = locals === 0 ? [0] : [1, ...leb(locals), I32];
    return code(leb(declared.length + instructions.length), declared, instructions);
  });
  return Buffer.concat([
    Uint8Array.from(HEADER),
    section(1, vector(types)),
    section(3, vector(bodies.map(({ type = 0 }) => Uint8Array.from(leb(type))))),
    section(5, Uint8Array.of(1, 0, 1)),
    section(7, code([1, 3, ...Buffer.from('run'), 0, 0])),
    section(10, vector(functions)),
  ]);
}

function section(id: number, content: Uint8Array): Uint8Array {
  return code([id, ...leb(content.length)], content);
}

function vector(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.from(leb(items.length)), ...items]);
}
