import type { CallGraph } from './call-graph.ts';
import { ACTION, type ChargePlan } from './charge-plan.ts';
import { BODY, type FlowTape, MARK } from './flow-tape.ts';
import { edgeAt, type Forks, UNCHECKED_MAX } from './forks.ts';
import { LoopFacts } from './loop-facts.ts';
import { OP } from './opcodes.ts';
import { PathState, settle, tolerable } from './path-state.ts';
import type { PlacementParts } from './placement.ts';
import { TOUCHES } from './touching.ts';

/** Longest path that a branch table or a handler may lead to uncharged. */
const BARE_PATH_MAX = 256;

/** Branches back to a loop, up to which each pays for its turn; and to one that parts its ways by a table, as interpreters do. */
const TURNS_MAX = 2;
const DISPATCH_TURNS_MAX = 16;

/**
 * Where the checks of recursion stand: at the function's start; or on the ways that lead to it, where the rest is paid for
 * by callers that are known, or is free.
 */
export type Recursion = 'at start' | 'on ways, rest paid' | 'on ways, rest free';

/** An open block, while walking backward: what lies ahead at its label, and where its parts are. */
interface Frame {
  opener: number;
  /** Entry of its `end`. */
  end: number;
  repeats: boolean;
  /** Entry of the `else`, or -1. */
  otherwise: number;
  /** Of a loop: how many branches lead back to it, and the first of them. */
  turns: number;
  readonly turnsAt: Uint32Array;
  /** Of a loop: whether a table of branches parts its ways, as in an interpreter. */
  dispatches: boolean;
  readonly label: PathState;
  /** At the start of the `else` arm; and for a loop that repeats what lies ahead where it is entered, the loop apart. */
  readonly aside: PathState;
}

/**
 * Walks one body backward, keeping what lies ahead, and plans its charges but that of its entry.
 *
 * INVARIANT: every cycle of the control flow passes a check: a loop at its start or where a turn begins, a call at a fork or
 * entry before the call that closes the cycle.
 */
export class BodyWalk {
  readonly #parts: PlacementParts;
  readonly #tape: FlowTape;
  readonly #plan: ChargePlan;
  readonly #graph: CallGraph;
  readonly #forks: Forks;
  readonly #facts: LoopFacts;
  /** What a call may leave undone must not be paid before it. */
  readonly #boundaries: boolean;
  /** By body: what a caller pays for its entry. */
  readonly #ahead: readonly PathState[];
  readonly #frames: Frame[] = [];
  #depth = 0;
  /** Depths of the open loops that repeat. */
  readonly #loops: number[] = [];
  readonly #state = new PathState();
  readonly #taken = new PathState();
  /** Nothing lies ahead: at the next turn of a loop, and outside the loop. */
  readonly #zero = new PathState();
  readonly #outside = new PathState().clear();
  #body = 0;
  #recursion: Recursion = 'at start';
  /** Where only one way of a fork leads on to calls that may come back, and the other costs little. */
  sinkable = false;
  /** By body: 1 once it was placed, so that `ahead` says what its callers pay. */
  readonly #placed: Uint8Array;

  /** @param ahead - by body, what a caller pays for its entry; known for callees that were placed before. */
  constructor(parts: PlacementParts, forks: Forks, ahead: readonly PathState[]) {
    const { tape, plan, graph, model, entrances } = parts;
    this.#parts = parts;
    this.#tape = tape;
    this.#plan = plan;
    this.#graph = graph;
    this.#forks = forks;
    this.#ahead = ahead;
    this.#boundaries = entrances.handlesExceptions && model.name === 'exact';
    this.#placed = new Uint8Array(ahead.length);
    this.#facts = new LoopFacts(tape, plan, (at) => this.#touches(at), this.#boundaries);
  }

  /** Notes that a body is placed for good. */
  close(): void {
    this.#placed[this.#body] = 1;
  }

  /** Looks at a body's loops, once before it is walked. @returns true if something in it touches the counter, charges aside. */
  look(body: number, from: number, to: number): boolean {
    this.#body = body;
    return this.#facts.walk(from, to, this.#parts.optimizations.locals);
  }

  /**
   * Walks the body that was looked at.
   *
   * @returns what lies ahead at its start; the next walk changes it.
   */
  walk(from: number, to: number, recursion: Recursion): PathState {
    this.#recursion = recursion;
    this.sinkable = false;
    this.#depth = 0;
    this.#loops.length = 0;
    this.#state.clear();
    for (let at = to - 1; at >= from; at -= 1) {
      this.#step(at, this.#tape.ops[at] as number); // an entry of the tape
      this.#state.add(this.#tape.costs[at] as number); // the same
    }
    const { model, entrances } = this.#parts;
    const locals = entrances.locals[this.#body] as number; // one for each body
    this.#state.add(model.charges.functionEntry + Math.trunc(locals / model.charges.localsPerUnit));
    return this.#state;
  }

  /** Whether the instruction at an entry may read or write the counter, its own charges aside. */
  #touches(at: number): boolean {
    const op = this.#tape.ops[at] as number; // an entry of the tape
    if (op !== OP.call && op !== OP.returnCall) return TOUCHES[op] === 1;
    const callee = (this.#tape.args[at] as number) - this.#parts.entrances.importedFunctions; // the same
    const { groups } = this.#graph;
    return callee < 0 || this.#plan.touches[callee] === 1 || groups[callee] === groups[this.#body];
  }

  /** Moves `#state` from after an instruction to before it, its cost aside. */
  #step(at: number, op: number): void {
    if (this.#touches(at)) this.#state.touches = true;
    switch (op) {
      case OP.end:
      case OP.delegate:
        return this.#enterBlock(at);
      case OP.else:
        return this.#passElse(at);
      case OP.catch:
      case OP.catchAll:
        return this.#passHandler(at);
      case OP.if:
        return this.#passIf(at);
      case OP.loop:
        return this.#leaveLoop(at);
      case OP.block:
      case OP.try:
        this.#depth -= 1;
        return;
      case OP.tryTable:
        this.#depth -= 1;
        return this.#passClauses(this.#tape.clauses.get(at) as number); // the decoder noted it
      case OP.br:
        return this.#passJump(at);
      case OP.brIf:
        return this.#passBranch(at);
      case OP.brTable:
        return this.#passTable(this.#tape.args[at] as number); // an entry of the tape
      case OP.return:
      case OP.throw:
      case OP.rethrow:
      case OP.throwRef:
        this.#state.clear();
        return;
      case OP.unreachable:
        this.#state.trap();
        return;
      case OP.returnCall:
      case OP.returnCallIndirect:
        this.#state.clear();
        return this.#passCall(at, op);
      case OP.call:
      case OP.callIndirect:
        return this.#passCall(at, op);
      default:
        return; // what rewriting changes: only its cost counts
    }
  }

  /** Comes to a block from behind. */
  #enterBlock(at: number): void {
    const opener = this.#tape.args[at] as number; // an entry of the tape
    const state = this.#state;
    const repeats = opener !== BODY && this.#facts.isLoop(opener);
    const marks = opener === BODY ? 0 : (this.#tape.marks[opener] as number); // the same
    if (!repeats && (marks & MARK.bareEdge) !== 0) this.#cutBareLabel(at, marks);
    const frame = this.#frame(this.#depth);
    frame.opener = opener;
    frame.end = at;
    frame.repeats = repeats;
    frame.otherwise = -1;
    frame.turns = 0;
    frame.dispatches = false;
    frame.label.set(state);
    if (repeats) {
      this.#enterLoop(frame);
      this.#loops.push(this.#depth);
    }
    this.#depth += 1;
  }

  /** Tables and handlers lead here by edges that cannot be charged: what lies ahead must be small; what throws pays no more. */
  #cutBareLabel(at: number, marks: number): void {
    const { exact, tolerance } = this.#forks;
    const limit = exact || (marks & MARK.handler) !== 0 ? tolerance.freeLeaf : BARE_PATH_MAX;
    if (this.#state.high > limit) this.#forks.cut(this.#state, at);
  }

  /**
   * What lies ahead of a loop depends on how it is left. Its entry pays for the cheapest way on; the others pay the
   * difference where they leave.
   */
  #enterLoop(frame: Frame): void {
    const base = frame.aside.set(this.#state);
    const { depths, far } = this.#facts.exitsOf(frame.opener);
    for (const depth of depths) this.#keepCheaper(base, this.#aheadAt(depth));
    if (far) this.#keepCheaper(base, this.#outside);
    for (const depth of depths) this.#forks.tolerate(base, this.#aheadAt(depth));
    this.#forks.tolerate(base, frame.label);
    if (far && !this.#forks.exact) base.high = Math.max(base.high, BARE_PATH_MAX);
    const fuel = this.#forks.difference(frame.label, base);
    const { cyclic } = frame.label;
    let { unchecked } = frame.label;
    if (fuel > 0) unchecked = this.#forks.charge(frame.end, fuel, unchecked);
    frame.label.clear();
    this.#state.clear();
    this.#state.unchecked = unchecked;
    this.#state.cyclic = cyclic;
  }

  /** What lies ahead of a branch to the label of the frame at a depth, for the loop around that frame. */
  #aheadAt(depth: number): PathState {
    const frame = this.#frames[depth] as Frame; // of an open block
    return frame.repeats ? this.#zero : frame.label;
  }

  #keepCheaper(base: PathState, other: PathState): void {
    const { unchecked, cyclic, touches } = base;
    if (!other.traps && (base.traps || other.fuel < base.fuel)) base.set(other);
    base.unchecked = Math.max(unchecked, other.unchecked);
    base.cyclic = cyclic || other.cyclic;
    base.touches = touches && other.touches;
  }

  #leaveLoop(at: number): void {
    this.#depth -= 1;
    const frame = this.#frames[this.#depth] as Frame; // was opened
    if (!frame.repeats) return;
    this.#loops.pop();
    const state = this.#state;
    const { touches } = state;
    if (!touches && this.#parts.optimizations.spills && !this.#parts.entrances.handlesExceptions) this.#plan.add(at, ACTION.nest);
    if (this.#paysTurns(at, frame)) return;
    this.#plan.charge(at, settle(state, this.#forks.tolerance), true); // 0 where all of a turn is paid for on its way
    state.set(frame.aside);
    state.touches ||= touches;
    state.unchecked = 0; // the check at the loop's start comes first
    state.cyclic = false;
  }

  /**
   * Where few branches lead back to a loop, each pays for the turn that it begins, and the way to the loop for the first: loops
   * of one turn are not charged apart. Not where each turn calls something, or goes straight: there it gains nothing, and keeps
   * the engine from unrolling.
   */
  #paysTurns(at: number, { turns, turnsAt, dispatches, aside }: Frame): boolean {
    const state = this.#state;
    const { tolerance, exact } = this.#forks;
    const bare = ((this.#tape.marks[at] as number) & MARK.bareEdge) !== 0; // an entry of the tape
    if (!this.#parts.optimizations.turns || bare || state.touches || state.traps) return false;
    if (turns > (dispatches && this.#facts.isQuiet(at) ? DISPATCH_TURNS_MAX : TURNS_MAX)) return false;
    if (turns === 1 && this.#isStraight(at, turnsAt[0] as number)) return false; // was noted
    const [low, high] = [state.low + aside.low, state.high + aside.high];
    if (!exact && !tolerable(low, high, tolerance)) return false;
    const fuel = settle(state, tolerance);
    for (let turn = 0; turn < turns; turn += 1) this.#plan.chargeEdge(turnsAt[turn] as number, fuel, true); // as many were noted
    state.low = low;
    state.high = high;
    state.fuel += aside.fuel;
    state.touches ||= aside.touches;
    return true;
  }

  /** Whether nothing parts the ways between a loop's start and the branch back: such a loop runs often, and engines unroll it. */
  #isStraight(loop: number, turn: number): boolean {
    const { ops } = this.#tape;
    for (let at = loop + 1; at < turn; at += 1) if (ops[at] !== OP.globalGet && ops[at] !== OP.globalSet) return false;
    return true;
  }

  #passElse(at: number): void {
    const frame = this.#frames[this.#depth - 1] as Frame; // inside the `if`
    frame.otherwise = at;
    frame.aside.set(this.#state);
    this.#state.set(frame.label);
  }

  /** Whatever is thrown inside, the handler pays for itself. */
  #passHandler(at: number): void {
    const state = this.#state;
    this.#forks.put(at, settle(state, this.#forks.tolerance), true);
    state.set((this.#frames[this.#depth - 1] as Frame).label); // inside the `try`
  }

  #passIf(at: number): void {
    this.#depth -= 1;
    const frame = this.#frames[this.#depth] as Frame; // was opened
    const hasElse = frame.otherwise >= 0;
    const other = hasElse ? frame.aside : frame.label;
    this.#fork(at, other, hasElse ? frame.otherwise : edgeAt(frame.end), true);
  }

  #fork(at: number, other: PathState, otherPlace: number, even: boolean): void {
    if (this.#loops.length === 0 && this.#state.cyclic !== other.cyclic) {
      const flat = this.#state.cyclic ? other : this.#state;
      if (this.#recursion === 'on ways, rest paid') this.#forks.sinkCheck(this.#state, at, other, otherPlace);
      else if (this.#recursion === 'on ways, rest free') this.#forks.sinkCharge(this.#state, at, other, otherPlace);
      else if (flat.high <= this.#forks.tolerance.freeLeaf && !flat.traps) this.sinkable = true;
    }
    this.#forks.join(this.#state, at, other, otherPlace, even);
  }

  #passJump(at: number): void {
    const state = this.#state;
    const fuel = this.#continueAt(this.#tape.args[at] as number, state, at); // an entry of the tape
    if (fuel > 0) state.unchecked = this.#forks.charge(edgeAt(at), fuel, state.unchecked);
  }

  #passBranch(at: number): void {
    const taken = this.#taken;
    const exit = this.#continueAt(this.#tape.args[at] as number, taken, at); // an entry of the tape
    if (exit > 0) taken.unchecked = this.#forks.charge(edgeAt(at), exit, taken.unchecked);
    this.#fork(at, taken, edgeAt(at), false);
  }

  /** Puts into `state` what lies ahead of a branch, at `at`, to a label. @returns the fuel that leaving loops by it takes. */
  #continueAt(label: number, state: PathState, at: number): number {
    const target = this.#depth - 1 - label;
    const frame = this.#frames[target] as Frame; // the decoder checked the label
    if (frame.repeats) frame.turnsAt[frame.turns++] = at; // past the end it is only counted
    const inner = this.#loops.at(-1);
    if (inner === undefined || target > inner) {
      state.set(frame.label);
      return 0;
    }
    if (target === inner) {
      state.clear();
      state.touches = false;
      return 0;
    }
    const left = this.#frames[this.#outermostLeft(target)] as Frame; // an open loop
    const ahead = frame.repeats ? this.#zero : frame.label;
    state.clear();
    state.unchecked = ahead.unchecked;
    state.cyclic = ahead.cyclic;
    return this.#forks.difference(ahead, left.aside);
  }

  /** Depth of the outermost open loop inside a depth; there is one. Binary, since a hostile body may nest thousands. */
  #outermostLeft(depth: number): number {
    let low = 0;
    let high = this.#loops.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#loops[middle] as number) > depth)
        high = middle; // in range, as below
      else low = middle + 1;
    }
    return this.#loops[low] as number;
  }

  /** What is thrown inside may lead to each clause's label, which pays for what lies ahead there, but need not check. */
  #passClauses(list: number): void {
    const state = this.#state;
    const { lists } = this.#tape;
    const count = lists[list] as number; // the decoder wrote it
    for (let at = list + 1; at <= list + count; at += 1) {
      this.#continueAt(lists[at] as number, this.#taken, list); // the same
      state.unchecked = Math.max(state.unchecked, this.#taken.unchecked);
      state.cyclic ||= this.#taken.cyclic;
    }
  }

  /** Labels of tables were cut where the blocks end, so that no edge has to pay. */
  #passTable(list: number): void {
    const inner = this.#loops.at(-1);
    if (inner !== undefined) (this.#frames[inner] as Frame).dispatches = true; // an open loop
    const state = this.#state.trap();
    const { lists } = this.#tape;
    const count = lists[list] as number; // the decoder wrote it
    let sum = 0;
    let paths = 0;
    let previous = -1;
    for (let at = list + 1; at <= list + count; at += 1) {
      const label = lists[at] as number; // the same
      if (label !== previous) this.#continueAt(label, this.#taken, list);
      previous = label;
      const { low, high, fuel, unchecked, cyclic, touches } = this.#taken;
      state.low = Math.min(state.low, low);
      state.high = Math.max(state.high, high);
      state.unchecked = Math.max(state.unchecked, unchecked);
      state.cyclic ||= cyclic;
      state.touches &&= touches;
      if (low === Number.POSITIVE_INFINITY) continue;
      sum += fuel;
      paths += 1;
    }
    state.fuel = paths === 0 ? state.high : Math.ceil(sum / paths);
  }

  #passCall(at: number, op: number): void {
    const state = this.#state;
    if (this.#boundaries && op !== OP.returnCall && op !== OP.returnCallIndirect) this.#forks.cut(this.#state, at);
    // What is called may throw, and somebody may catch that: then the path did not end in its trap.
    if (state.traps && this.#forks.exact) state.low = state.fuel;
    if (op === OP.callIndirect || op === OP.returnCallIndirect) {
      this.#addUnknown();
      state.cyclic = true;
      return;
    }
    const callee = (this.#tape.args[at] as number) - this.#parts.entrances.importedFunctions; // an entry of the tape
    if (callee < 0) {
      state.cyclic = true;
      return;
    }
    this.#addCallee(at, callee, op === OP.returnCall);
  }

  /** What is called may be small and free: then this pays for it. */
  #addUnknown(): void {
    const { indirectCallee, freeLeaf } = this.#forks.tolerance;
    this.#state.fuel += indirectCallee;
    this.#state.high += freeLeaf;
  }

  #addCallee(at: number, callee: number, isTail: boolean): void {
    const state = this.#state;
    const ahead = this.#ahead[callee] as PathState; // one for each body
    if (state.unchecked + ahead.unchecked > UNCHECKED_MAX && !isTail) {
      this.#plan.add(at, ACTION.check);
      state.unchecked = 0;
    }
    const { groups, heads } = this.#graph;
    const closes = heads[this.#body] === 1 && groups[callee] === groups[this.#body];
    const free = callee !== this.#body || this.#recursion === 'on ways, rest free';
    if (free && heads[callee] === 1 && this.#placed[callee] === 0) this.#addUnknown();
    state.low += ahead.traps ? 0 : ahead.low;
    if (ahead.traps) state.low = Number.POSITIVE_INFINITY;
    state.high += ahead.high;
    state.fuel += ahead.fuel;
    state.unchecked += ahead.unchecked;
    state.cyclic ||= ahead.cyclic || closes;
  }

  #frame(depth: number): Frame {
    let frame = this.#frames[depth];
    if (frame === undefined) {
      frame = {
        opener: BODY,
        end: 0,
        repeats: false,
        otherwise: -1,
        turns: 0,
        turnsAt: new Uint32Array(DISPATCH_TURNS_MAX),
        dispatches: false,
        label: new PathState(),
        aside: new PathState(),
      };
      this.#frames[depth] = frame;
    }
    return frame;
  }
}
