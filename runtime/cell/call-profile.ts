import { CALL_HOOK, CALL_HOOKS_EXPORT, type CallHooks } from '../instrument/call-hooks.ts';

/** Rows of a profile that are no functions of the guest; by number, below those of functions. */
export const HOST_ROW = {
  root: -1,
  instantiation: -2,
  parameters: -3,
  result: -4,
  hostCalls: -5,
  deeper: -6,
} as const;

/** Step from one module's functions to the next one's, in the numbers of rows. */
export const MODULE_STEP: number = 2 ** 21;

/** Nodes of the tree of calls. What comes when there are so many goes to `deeper` of where it is called. */
const NODES_MAX = 200_000;

/** Depth of the tree of calls; deeper calls go to one node. */
const DEPTH_MAX = 400;

/** One row of a profile: a function, or something that the host does. */
export interface ProfileRow {
  /** Position of its module among those of the artifact times `MODULE_STEP`, and index of the function; or one of `HOST_ROW`. */
  readonly row: number;
  readonly calls: number;
  /** Fuel that it took itself, and with what it called; recursion counts once. */
  readonly self: number;
  readonly inclusive: number;
}

/** Where the fuel of one call went; plain data. Fuel is exact: budgets of profiles are below 2^53. */
export interface ProfileReport {
  readonly fuel: number;
  readonly rows: readonly ProfileRow[];
  /** Nodes of the tree of calls, parents first, by number; the first is the root, and its own parent. */
  readonly tree: {
    readonly rows: Float64Array;
    readonly parents: Uint32Array;
    readonly self: Float64Array;
    readonly calls: Float64Array;
  };
}

interface Totals {
  row: number;
  calls: number;
  self: number;
  inclusive: number;
  /** Open calls of it, and what was used when the first of them began. */
  open: number;
  since: number;
}

/** A place in the tree of calls: a row, and by which calls it was reached. */
interface Node {
  readonly number: number;
  readonly row: number;
  readonly depth: number;
  readonly children: Map<number, Node>;
  /** The child that was called last, which often is the next one. */
  last: Node | undefined;
  self: number;
  calls: number;
}

/** An open call. Its node is `deeper` where the tree has no room for it. */
interface Frame {
  readonly node: Node;
  readonly totals: Totals;
}

/**
 * Follows the calls of one component instance by its modules' hooks, and the fuel between them.
 *
 * Each unit goes to the innermost open call. What callers pay for a callee's entry in advance is moved to the callee when it is entered,
 * so that each row has what its own code costs.
 */
export class CallProfile {
  readonly #budget: number;
  readonly #totals = new Map<number, Totals>();
  /** Parents first, the root before all; and the number of each one's parent. */
  readonly #nodes: Node[] = [];
  readonly #parents: number[] = [];
  readonly #root: Frame;
  readonly #stack: Frame[] = [];
  #top: Frame;
  /** Who has just ended by a tail call, and paid for the entry of who comes. */
  #tailCaller: Frame | undefined;
  /** Fuel used when an event was last seen. */
  #seen = 0;

  /** @param budget - of the meter, in units. */
  constructor(budget: bigint) {
    this.#budget = Number(budget);
    this.#root = { node: this.#node(HOST_ROW.root, undefined), totals: this.#totalsOf(HOST_ROW.root) };
    this.#top = this.#root;
    this.phase('instantiation', 0n);
  }

  /** Ties an instance's hooks to this profile. Before anything of it runs. @param module - position of its module. */
  attach(module: number, { paidByCallers, functions }: CallHooks, instance: WebAssembly.Instance): void {
    const table = instance.exports[CALL_HOOKS_EXPORT] as WebAssembly.Table; // every hooked module has it
    const imported = functions - paidByCallers.length;
    const enter = (index: number, left: number): number =>
      this.#enter(module * MODULE_STEP + index, this.#budget - left, paidByCallers[index - imported] ?? 0);
    const leave = (depth: number, left: number): void => this.#unwind(depth, this.#budget - left);
    const tail = (depth: number, left: number): void => this.#tail(depth, this.#budget - left);
    const caught = (depth: number, left: number): void => this.#unwind(depth + 1, this.#budget - left);
    const hooks = hookFunctions({ enter, leave, tail, caught });
    for (const [name, place] of Object.entries(CALL_HOOK)) table.set(place, hooks[name]);
  }

  /** What the host does from here on, at no call's depth. */
  phase(name: 'instantiation' | 'parameters' | 'call' | 'result', used: bigint): void {
    this.#unwind(0, Number(used));
    if (name !== 'call') this.#push(HOST_ROW[name]);
  }

  /** The host has charged so much, for values that cross or for what it did, while guest code waits or none runs. */
  charged(units: number | bigint, used: bigint): void {
    const now = Number(used);
    const isAlone = this.#top.totals.row < 0; // then the phase says what for
    if (isAlone) return this.#pass(now);
    this.#pass(now - Number(units));
    this.#push(HOST_ROW.hostCalls);
    this.#unwind(this.#stack.length - 1, now);
  }

  /** Units that the call may not use were taken from the counter. */
  skip(units: bigint): void {
    this.#seen += Number(units);
  }

  /** Ends what is open. @param fuel - that the receipt says. */
  finish(fuel: bigint, withheld: bigint): ProfileReport {
    this.#unwind(0, Number(fuel + withheld));
    const nodes = this.#nodes;
    return {
      fuel: Number(fuel),
      rows: [...this.#totals.values()].map(({ row, calls, self, inclusive }) => ({ row, calls, self, inclusive })),
      tree: {
        rows: Float64Array.from(nodes, ({ row }) => row),
        parents: Uint32Array.from(this.#parents),
        self: Float64Array.from(nodes, ({ self }) => self),
        calls: Float64Array.from(nodes, ({ calls }) => calls),
      },
    };
  }

  #enter(row: number, used: number, paidByCallers: number): number {
    this.#pass(used);
    const payer = this.#tailCaller ?? this.#top;
    this.#tailCaller = undefined;
    this.#push(row);
    if (paidByCallers > 0) this.#moveEntry(payer, paidByCallers);
    return this.#stack.length - 1;
  }

  /** Ends a call that another takes the place of, but has paid for. */
  #tail(depth: number, used: number): void {
    this.#pass(used);
    const caller = this.#stack[depth];
    this.#unwind(depth, used);
    this.#tailCaller = caller;
  }

  /** On ways to a trap less may have been paid: then what there is. */
  #moveEntry(payer: Frame, paidByCallers: number): void {
    const callee = this.#top;
    const units = Math.min(paidByCallers, payer.node.self, payer.totals.self);
    for (const part of [payer.node, payer.totals]) part.self -= units;
    if (payer.totals.open === 0) payer.totals.inclusive -= units; // it has ended by a tail call
    for (const part of [callee.node, callee.totals]) part.self += units;
    if (callee.totals.open === 1) callee.totals.since -= units;
  }

  /** Gives what was used since the last event to the innermost open call. */
  #pass(used: number): void {
    const now = Math.min(used, this.#budget); // the counter may fall below 0 before that is checked
    const units = now - this.#seen;
    if (units <= 0) return;
    this.#seen = now;
    this.#top.node.self += units;
    this.#top.totals.self += units;
  }

  #push(row: number): void {
    const node = this.#childOf(this.#top.node, row);
    const totals = this.#totalsOf(row);
    this.#top = { node, totals };
    this.#stack.push(this.#top);
    node.calls += 1;
    totals.calls += 1;
    if (totals.open === 0) totals.since = this.#seen;
    totals.open += 1;
  }

  #unwind(depth: number, used: number): void {
    this.#pass(used);
    this.#tailCaller = undefined;
    const stack = this.#stack;
    while (stack.length > depth) {
      const { totals } = stack.pop() as Frame; // just counted
      totals.open -= 1;
      if (totals.open === 0) totals.inclusive += this.#seen - totals.since;
    }
    this.#top = stack[depth - 1] ?? this.#root;
  }

  #childOf(parent: Node, row: number): Node {
    if (parent.last?.row === row) return parent.last;
    const known = parent.children.get(row);
    const node = known ?? this.#newChild(parent, row);
    parent.last = node.row === row ? node : undefined;
    return node;
  }

  #newChild(parent: Node, row: number): Node {
    if (parent.row === HOST_ROW.deeper) return parent;
    const isFull = this.#nodes.length >= NODES_MAX || parent.depth >= DEPTH_MAX;
    return isFull && row !== HOST_ROW.deeper ? this.#childOf(parent, HOST_ROW.deeper) : this.#node(row, parent);
  }

  #node(row: number, parent: Node | undefined): Node {
    const depth = parent === undefined ? 0 : parent.depth + 1;
    const node: Node = { number: this.#nodes.length, row, depth, children: new Map(), last: undefined, self: 0, calls: 0 };
    this.#nodes.push(node);
    this.#parents.push(parent?.number ?? 0);
    parent?.children.set(row, node);
    return node;
  }

  #totalsOf(row: number): Totals {
    let totals = this.#totals.get(row);
    if (totals === undefined) {
      totals = { row, calls: 0, self: 0, inclusive: 0, open: 0, since: 0 };
      this.#totals.set(row, totals);
    }
    return totals;
  }
}

/**
 * A module that exports the functions that it imports from `h`, so that they can be called through a table:
 * `enter: (i32, f64) -> i32`; the others: `(i32, f64) -> ()`.
 */
function hookFunctions(functions: Readonly<Record<keyof typeof CALL_HOOK, unknown>>): WebAssembly.Exports {
  hookModule ??= new WebAssembly.Module(hookModuleBytes() as Uint8Array<ArrayBuffer>); // made here, not shared
  return new WebAssembly.Instance(hookModule, { h: functions as WebAssembly.ModuleImports }).exports; // functions all
}

let hookModule: WebAssembly.Module | undefined;

function hookModuleBytes(): Uint8Array {
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const section = (id: number, content: readonly number[]): number[] => [id, content.length, ...content];
  const names = Object.keys(CALL_HOOK);
  const types = [2, 0x60, 2, 0x7f, 0x7c, 1, 0x7f, 0x60, 2, 0x7f, 0x7c, 0];
  const imports = names.flatMap((hook) => [...name('h'), ...name(hook), 0, hook === 'enter' ? 0 : 1]);
  const exported = names.flatMap((hook, at) => [...name(hook), 0, at]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [names.length, ...imports]),
    ...section(7, [names.length, ...exported]),
  ]);
}
