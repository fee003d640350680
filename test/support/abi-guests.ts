import type { CellOutcome, PlanOptions, WitValue } from 'cellblock/runtime';
import { afterEach, expect } from 'vitest';
import { assemble } from './assemble.ts';
import { type Cells, useCells } from './cells.ts';

/*
 * Guests that break rules of the canonical ABI, as component text with holes. Each has one export `go`; what is hostile is
 * what the holes are filled with.
 */

/** An allocator that never frees and grows its memory when it must. */
export const BUMP = `(global $next (mut i32) (i32.const 4096))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.shr_u (local.get 3) (i32.const 16)))) (drop (memory.grow (i32.const 1)))))
    (local.get $at))`;

/** Lifting or lowering options with the memory and allocator of the core instance `$libc`. */
export const OPTIONS = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))';

export interface GuestText {
  /** Definitions before all others: types, imports, nested components. */
  readonly before?: string;
  /** Pages of memory at the start. Default 1. */
  readonly pages?: number;
  /** What else the core module has that owns the memory; default an allocator. */
  readonly libc?: string;
  /** Definitions between the memory and the code: lowered functions. */
  readonly lowered?: string;
  /** Names of core functions of `lowered` that the code imports from `host`, with their core types. */
  readonly uses?: Readonly<Record<string, string>>;
  /** Core code; it has the memory and exports `go`. */
  readonly core: string;
  /** Type of `go` as a component function: `(param "x" u32) (result string)`. */
  readonly type?: string;
  /** Options of `go`; default `OPTIONS`. */
  readonly options?: string;
  /** Definitions after `go`. */
  readonly after?: string;
}

/** The text between the parentheses of a component with the export `go`. */
export function guestText(text: GuestText): string {
  const { before = '', pages = 1, libc = BUMP, lowered = '', uses = {}, core, type = '', options = OPTIONS, after = '' } = text;
  const names = Object.keys(uses);
  const imports = names.map((name) => `(import "host" "${name}" (func $${name} ${uses[name]}))`).join('\n');
  const bag = names.map((name) => `(export "${name}" (func $${name}))`).join(' ');
  return `${before}
    (core module $Libc (memory (export "memory") ${pages}) ${libc})
    (core instance $libc (instantiate $Libc))
    ${lowered}
    (core module $Main (import "libc" "memory" (memory ${pages})) ${imports} ${core})
    (core instance $main (instantiate $Main (with "libc" (instance $libc)) (with "host" (instance ${bag}))))
    (func (export "go") ${type} (canon lift (core func $main "go") ${options}))
    ${after}`;
}

/** A component with the export `go`. */
export function abiGuest(text: GuestText): Promise<Uint8Array> {
  return assemble(`(component ${guestText(text)})`);
}

/**
 * A component that defines the resource `r`. Its destructor counts, traps on 666 and never ends on 777; functions that are
 * named for a guess pass on a number that should be a handle.
 */
export const RESOURCE_OWNER = `(component $Owner
  (core module $Dtor
    (global $drops (mut i32) (i32.const 0))
    (func (export "dtor") (param i32)
      (if (i32.eq (local.get 0) (i32.const 666)) (then unreachable))
      (if (i32.eq (local.get 0) (i32.const 777)) (then (loop $l (br $l))))
      (global.set $drops (i32.add (global.get $drops) (i32.const 1))))
    (func (export "drops") (result i32) (global.get $drops)))
  (core instance $dtor (instantiate $Dtor))
  (type $r (resource (rep i32) (dtor (core func $dtor "dtor"))))
  (core func $new (canon resource.new $r))
  (core func $rep (canon resource.rep $r))
  (core func $drop (canon resource.drop $r))
  (core module $Main
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "rep-of") (param i32) (result i32) (local.get 0))
    (func (export "consume") (param i32) (call $drop (local.get 0)))
    (func (export "own-and-borrow") (param i32 i32))
    (func (export "many") (param i32 i32) (result i32) (local.get 1))
    (func (export "guess-rep") (param i32) (result i32) (call $rep (local.get 0)))
    (func (export "guess-drop") (param i32) (call $drop (local.get 0)))
    (func (export "flood") (param i32) (loop $l (drop (call $new (i32.const 1)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $main (instantiate $Main (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
  (export $R "r" (type $r))
  (func (export "make") (param "rep" u32) (result (own $R)) (canon lift (core func $main "make")))
  (func (export "rep-of") (param "x" (borrow $R)) (result u32) (canon lift (core func $main "rep-of")))
  (func (export "consume") (param "x" (own $R)) (canon lift (core func $main "consume")))
  (func (export "own-and-borrow") (param "x" (own $R)) (param "y" (borrow $R)) (canon lift (core func $main "own-and-borrow")))
  (func (export "borrow-and-own") (param "x" (borrow $R)) (param "y" (own $R)) (canon lift (core func $main "own-and-borrow")))
  (func (export "many") (param "xs" (list (borrow $R))) (result u32)
    (canon lift (core func $main "many") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (func (export "guess-rep") (param "handle" u32) (result u32) (canon lift (core func $main "guess-rep")))
  (func (export "guess-drop") (param "handle" u32) (canon lift (core func $main "guess-drop")))
  (func (export "flood") (param "times" u32) (canon lift (core func $main "flood")))
  (func (export "drops") (result u32) (canon lift (core func $dtor "drops"))))`;

/** How a value leaves a guest: in a result, in the arguments of a host function, or to another component. */
export const CROSSINGS = ['result', 'host call', 'component call'] as const;
export type Crossing = (typeof CROSSINGS)[number];

export interface HostileValue {
  /** Definitions of types that `type` names. */
  readonly types?: string;
  /** A list or string type: its core values are a pointer and a length. */
  readonly type: string;
  readonly pages?: number;
  /** Core code that fills the memory. */
  readonly fill?: string;
  readonly data?: string;
  readonly pointer: number;
  readonly length: number;
  readonly encoding?: string;
  /** What is otherwise with the component that a component call goes to. */
  readonly taker?: Partial<GuestText>;
}

/** A guest whose `go` passes one list or string through one crossing. Its host function is the import `host`. */
export function passing(crossing: Crossing, value: HostileValue): Promise<Uint8Array> {
  const { types = '', type, pages = 1, fill = '', data = '', encoding = '', taker } = value;
  const pointer = `(i32.const ${value.pointer})`;
  const length = `(i32.const ${value.length})`;
  if (crossing === 'result') {
    return abiGuest({
      before: types,
      pages,
      core: `${data} (func (export "go") (result i32) (local $i i32) ${fill}
        (i32.store (i32.const 16) ${pointer}) (i32.store (i32.const 20) ${length}) (i32.const 16))`,
      type: `(result ${type})`,
      options: `${OPTIONS} ${encoding}`,
    });
  }
  const taking = {
    before: types,
    core: '(func (export "go") (param i32 i32))',
    type: `(param "x" ${type})`,
    options: `${OPTIONS} ${encoding}`,
    ...taker,
  };
  const callee =
    crossing === 'host call'
      ? `(import "host" (func $callee (param "x" ${type})))`
      : `(component $Taker ${guestText(taking)}) (instance $taker (instantiate $Taker)) (alias export $taker "go" (func $callee))`;
  return abiGuest({
    before: `${types} ${callee}`,
    pages,
    lowered: `(core func $pass (canon lower (func $callee) ${OPTIONS} ${encoding}))`,
    uses: { pass: '(param i32 i32)' },
    core: `${data} (func (export "go") (result i32) (local $i i32) ${fill} (call $pass ${pointer} ${length}) (i32.const 1))`,
    type: '(result u32)',
  });
}

export interface HostileCells extends Cells {
  /** Runs the export `go` under our own bindings. */
  go(bytes: Uint8Array, params?: readonly WitValue[], options?: Partial<PlanOptions>): Promise<CellOutcome>;
}

/** A runtime for the tests of a file; after each of them a good call must work on it. */
export function useHostileCells(): HostileCells {
  const cells = useCells();
  const go: HostileCells['go'] = (bytes, params = [], options = {}) =>
    cells.run(bytes, 'go', params, { bindings: 'own', ...options });
  afterEach(async () => {
    const good = await abiGuest({
      core: '(func (export "go") (param i32 i32) (result i32) (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))',
      type: '(param "x" string) (result string)',
    });
    expect(await go(good, ['still here'])).toMatchObject({ kind: 'ok', value: 'still here' });
  });
  return Object.assign(Object.create(cells) as Cells, { go }); // getters of `cells` stay getters
}

/** A grant of the world's function `host`. What it was given is kept in `calls`. */
export function hostFunction(answer: (args: readonly WitValue[]) => WitValue | undefined = () => undefined) {
  const calls: (readonly WitValue[])[] = [];
  const capability = {
    kind: 'bridged' as const,
    name: 'host',
    interface: 'host',
    functions: {
      host: (args: readonly WitValue[]) => {
        calls.push(args);
        return answer(args);
      },
    },
  };
  return { calls, capabilities: [capability] };
}

/** The error of an outcome that must not be good, with its kind: what most tests look at. */
export function ending({ kind, error }: CellOutcome): { kind: string; code?: string; message?: string } {
  return { kind, ...(error === undefined ? {} : { code: error.code, message: error.message }) };
}

/** Bytes by which the whole process was larger while `run` ran than before it; sampled every few milliseconds. */
export async function memoryGrowth(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const sample = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  try {
    await run();
  } finally {
    clearInterval(sample);
  }
  return Math.max(peak, process.memoryUsage.rss()) - before;
}
