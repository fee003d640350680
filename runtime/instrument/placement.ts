import type { Bodies, CallGraph } from './call-graph.ts';
import { ACTION, type ChargePlan } from './charge-plan.ts';
import type { CostModel } from './costs.ts';
import { BODY, type FlowTape, MARK } from './flow-tape.ts';
import { LoopFacts } from './loop-facts.ts';
import { OP } from './opcodes.ts';
import type { Optimizations } from './optimizations.ts';
import { PathState, settle, tolerable } from './path-state.ts';

/** Costliest entry that callers may pay for. It bounds what a tree of calls can pile up before something pays. */
const HOISTED_MAX = 400;

/** Fuel that charges without a check may take on one path, before something checks. */
const UNCHECKED_MAX = 1024;

/** Longest path that a branch table or a handler may lead to uncharged. */
const BARE_PATH_MAX = 256;

/** Branches back to a loop, up to which each pays for its turn. */
const TURNS_MAX = 2;

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
  readonly label: PathState;
  /** At the start of the `else` arm; and for a loop that repeats what lies ahead where it is entered, the loop apart. */
  readonly aside: PathState;
}

/** What the module says of a body: how it may be entered. */
export interface Entrances {
  /** By function: 1 where its address is taken, so that callers are unknown. */
  readonly taken: Uint8Array;
  readonly importedFunctions: number;
  /** By body: locals, without parameters. */
  readonly locals: Uint32Array;
  /** A call may leave what follows it undone, since an exception may be caught. */
  readonly handlesExceptions: boolean;
}

/** What placement works on. */
export interface PlacementParts {
  readonly tape: FlowTape;
  readonly bodies: Bodies;
  readonly graph: CallGraph;
  /** Filled by `placeAll`. */
  readonly plan: ChargePlan;
  readonly model: CostModel;
  readonly entrances: Entrances;
  readonly optimizations: Optimizations;
}

/**
 * Decides where one module's bodies are charged, and how much.
 *
 * Each body is walked backward once, keeping what lies ahead (`PathState`). Where paths part, one charge before the fork
 * pays for all if that is within the model's tolerance; else the costlier way gets a charge of the difference. What remains
 * at a loop's start is charged and checked in each turn; what remains at a function's start is paid by its callers, or by
 * itself if they are unknown, or the sum is large. `exact` is the same with no tolerance.
 *
 * INVARIANTS: every cycle of the control flow passes a check: loops at their start, calls at a fork or entry before the call
 * that closes the cycle. No path takes more than `UNCHECKED_MAX` between two checks in one function. A charge is at least
 * the costliest path that it pays for, divided by the tolerance's factor. docs/fuel.md argues each.
 */
export class Placement {
  readonly #tape: FlowTape;
  readonly #bodies: Bodies;
  readonly #graph: CallGraph;
  readonly #plan: ChargePlan;
  readonly #model: CostModel;
  readonly #entrances: Entrances;
  readonly #optimizations: Optimizations;
  readonly #facts: LoopFacts;
  readonly #boundaries: boolean;
  /** By body: what a caller pays for its entry. */
  readonly #ahead: PathState[];
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
  #sinks = false;

  constructor({ tape, bodies, graph, plan, model, entrances, optimizations }: PlacementParts) {
    this.#tape = tape;
    this.#bodies = bodies;
    this.#graph = graph;
    this.#plan = plan;
    this.#model = optimizations.regions ? model : { ...model, tolerance: { ...model.tolerance, factor: 1, slack: 0 } };
    this.#entrances = entrances;
    this.#optimizations = optimizations;
    this.#boundaries = entrances.handlesExceptions && model.name === 'exact';
    this.#facts = new LoopFacts(tape, plan, (at) => this.#touches(at), this.#boundaries);
    this.#ahead = Array.from({ length: bodies.count }, () => new PathState());
  }

  /** Plans all bodies, callees first. */
  placeAll(): void {
    const { touches } = this.#plan;
    for (const body of this.#graph.order) {
      const from = this.#bodies.firsts[body] as number; // one for each body, and one more
      const to = this.#bodies.firsts[body + 1] as number;
      this.#body = body;
      const touched = this.#facts.walk(from, to, this.#optimizations.locals);
      this.#placeBody(body, from, to);
      touches[body] = touched || this.#isCharged(body, from, to) ? 1 : 0;
    }
  }

  #placeBody(body: number, from: number, to: number): void {
    const ahead = this.#ahead[body] as PathState; // one for each body
    const { heads, headsOfOthers } = this.#graph;
    const index = body + this.#entrances.importedFunctions;
    const taken = this.#entrances.taken[index] === 1;
    this.#sinks = this.#optimizations.sinks && heads[body] === 1 && headsOfOthers[body] === 0 && !taken;
    ahead.clear();
    this.#walk(from, to);
    if (this.#sinks && !this.#state.cyclic && this.#state.fuel <= HOISTED_MAX && this.#sameTwice(ahead, from, to)) return;
    if (this.#sinks) {
      this.#sinks = false;
      ahead.clear();
      this.#plan.clear(from, to);
      this.#walk(from, to);
    }
    this.#payEntry(body, taken || heads[body] === 1 || !this.#optimizations.callersPay);
  }

  /** Recursion pays its callers' part too: places anew with that known. @returns whether it came out as assumed. */
  #sameTwice(ahead: PathState, from: number, to: number): boolean {
    ahead.set(this.#state);
    if (ahead.unchecked > 0) return false;
    this.#plan.clear(from, to);
    this.#walk(from, to);
    const again = this.#state;
    return again.low === ahead.low && again.high === ahead.high && again.fuel === ahead.fuel && again.unchecked === 0;
  }

  /** Decides who pays for a body's entry. @param unknown - whether there are callers that cannot. */
  #payEntry(body: number, unknown: boolean): void {
    const state = this.#state;
    const { tolerance } = this.#model;
    const ahead = this.#ahead[body] as PathState; // one for each body
    const isHead = this.#graph.heads[body] === 1;
    const small = state.high <= tolerance.freeLeaf && state.unchecked === 0 && !state.cyclic;
    const free = small && unknown && !isHead && this.#optimizations.freeLeaves;
    const pays = (unknown && !free) || state.fuel > HOISTED_MAX || state.unchecked > UNCHECKED_MAX;
    if (!pays) {
      ahead.set(state);
      return;
    }
    const fuel = settle(state, tolerance);
    // Callers that do not know what is taken here cannot bound how often it happens between two checks of theirs.
    const checked = unknown || state.cyclic || fuel + state.unchecked > UNCHECKED_MAX;
    this.#plan.entries[body] = fuel;
    this.#plan.entryChecks[body] = checked ? 1 : 0;
    ahead.clear();
    ahead.unchecked = checked ? 0 : fuel + state.unchecked;
  }

  #isCharged(body: number, from: number, to: number): boolean {
    if (this.#plan.entries[body] !== 0) return true;
    const { actions } = this.#plan;
    for (let at = from; at < to; at += 1) if (actions[at] !== 0) return true;
    return false;
  }

  /** Whether the instruction at an entry may read or write the counter, its own charges aside. */
  #touches(at: number): boolean {
    const op = this.#tape.ops[at] as number; // an entry of the tape
    switch (op) {
      case OP.call:
      case OP.returnCall: {
        const callee = (this.#tape.args[at] as number) - this.#entrances.importedFunctions; // the same
        return callee < 0 || this.#plan.touches[callee] === 1 || this.#graph.groups[callee] === this.#graph.groups[this.#body];
      }
      case OP.callIndirect:
      case OP.returnCallIndirect:
      case OP.throw:
      case OP.rethrow:
      case OP.throwRef:
      case OP.memoryGrow:
      case OP.tableGrow:
      case OP.memoryInit:
      case OP.memoryCopy:
      case OP.memoryFill:
      case OP.tableInit:
      case OP.tableCopy:
      case OP.tableFill:
        return true;
      default:
        return false;
    }
  }

  /** Walks a body backward; afterwards `#state` is what lies ahead at its start. */
  #walk(from: number, to: number): void {
    this.#depth = 0;
    this.#loops.length = 0;
    this.#state.clear();
    for (let at = to - 1; at >= from; at -= 1) {
      this.#step(at, this.#tape.ops[at] as number); // an entry of the tape
      this.#state.add(this.#tape.costs[at] as number); // the same
    }
    const { charges } = this.#model;
    this.#state.add(charges.functionEntry + Math.trunc((this.#entrances.locals[this.#body] as number) / charges.localsPerUnit));
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
    if (!repeats && opener !== BODY && ((this.#tape.marks[opener] as number) & MARK.bareEdge) !== 0) this.#cutBareLabel(at);
    const frame = this.#frame(this.#depth);
    frame.opener = opener;
    frame.end = at;
    frame.repeats = repeats;
    frame.otherwise = -1;
    frame.turns = 0;
    frame.label.set(state);
    if (repeats) {
      this.#enterLoop(frame);
      this.#loops.push(this.#depth);
    }
    this.#depth += 1;
  }

  /** Tables and handlers lead here by edges that cannot be charged: what lies ahead must be small. */
  #cutBareLabel(at: number): void {
    const state = this.#state;
    const limit = this.#model.tolerance.factor === 1 ? 0 : BARE_PATH_MAX;
    if (state.high > limit) this.#cut(at);
  }

  /** Charges all that lies ahead, after an instruction. */
  #cut(at: number): void {
    const state = this.#state;
    const fuel = settle(state, this.#model.tolerance);
    const { cyclic, touches } = state;
    const unchecked = fuel > 0 ? this.#charge(at, fuel, state.unchecked) : state.unchecked;
    state.clear();
    state.unchecked = unchecked;
    state.cyclic = cyclic;
    state.touches = touches;
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
    for (const depth of depths) this.#tolerate(base, this.#aheadAt(depth));
    this.#tolerate(base, frame.label);
    if (far && this.#model.tolerance.factor > 1) base.high = Math.max(base.high, BARE_PATH_MAX);
    const fuel = this.#difference(frame.label, base);
    const { cyclic } = frame.label;
    let { unchecked } = frame.label;
    if (fuel > 0) unchecked = this.#charge(frame.end, fuel, unchecked);
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

  /** Widens a state by another, if one charge can still pay for both. */
  #tolerate(base: PathState, other: PathState): void {
    const { tolerance } = this.#model;
    const low = Math.min(base.low, other.low);
    const high = Math.max(base.high, other.high);
    if (!tolerable(low, high, tolerance) || tolerance.factor === 1) return;
    base.low = low;
    base.high = high;
  }

  /** Fuel that a path needs beyond what pays for `base`. */
  #difference(ahead: PathState, base: PathState): number {
    const { tolerance } = this.#model;
    if (tolerance.factor === 1) return Math.max(0, ahead.fuel - base.fuel);
    if (ahead.high <= base.high) return 0;
    const least = Math.ceil((ahead.high - base.high) / tolerance.factor);
    const most = Math.max(least, tolerance.factor * ahead.low + tolerance.slack);
    return Math.max(0, least, Math.min(settle(ahead, tolerance) - settle(base, tolerance), most));
  }

  /** On the way to a trap `exact` need not be exact: a little is given away, and counts like fuel that nothing checked. */
  #gift(costlier: PathState, base: PathState, fuel: number): number {
    const given = this.#model.tolerance.factor === 1 && costlier.traps && !base.traps;
    return given && fuel + costlier.unchecked <= UNCHECKED_MAX ? fuel : 0;
  }

  #leaveLoop(at: number): void {
    this.#depth -= 1;
    const frame = this.#frames[this.#depth] as Frame; // was opened
    if (!frame.repeats) return;
    this.#loops.pop();
    const state = this.#state;
    const { touches } = state;
    if (!touches && this.#optimizations.spills && !this.#entrances.handlesExceptions) this.#plan.add(at, ACTION.nest);
    if (this.#paysTurns(at, frame)) return;
    this.#plan.charge(at, settle(state, this.#model.tolerance), true); // 0 where all of a turn is paid for on its way
    state.set(frame.aside);
    state.touches ||= touches;
    state.unchecked = 0; // the check at the loop's start comes first
    state.cyclic = false;
  }

  /**
   * Where few branches lead back to a loop, each pays for the turn that it begins, and the way to the loop for the first: loops
   * of one turn are not charged apart.
   */
  #paysTurns(at: number, { turns, turnsAt, aside }: Frame): boolean {
    const state = this.#state;
    const { tolerance } = this.#model;
    const bare = ((this.#tape.marks[at] as number) & MARK.bareEdge) !== 0; // an entry of the tape
    if (!this.#optimizations.turns || bare || turns > TURNS_MAX || state.traps) return false;
    const [low, high] = [state.low + aside.low, state.high + aside.high];
    if (tolerance.factor > 1 && !tolerable(low, high, tolerance)) return false;
    const fuel = settle(state, tolerance);
    for (let turn = 0; turn < turns; turn += 1) this.#plan.chargeEdge(turnsAt[turn] as number, fuel, true); // as many were noted
    state.low = low;
    state.high = high;
    state.fuel += aside.fuel;
    state.touches ||= aside.touches;
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
    this.#put(at, settle(state, this.#model.tolerance), true);
    state.set((this.#frames[this.#depth - 1] as Frame).label); // inside the `try`
  }

  #passIf(at: number): void {
    this.#depth -= 1;
    const frame = this.#frames[this.#depth] as Frame; // was opened
    const hasElse = frame.otherwise >= 0;
    const other = hasElse ? frame.aside : frame.label;
    this.#fork(at, other, hasElse ? frame.otherwise : edgeAt(frame.end), true);
  }

  #passJump(at: number): void {
    const state = this.#state;
    const fuel = this.#continueAt(this.#tape.args[at] as number, state, at); // an entry of the tape
    if (fuel > 0) state.unchecked = this.#charge(edgeAt(at), fuel, state.unchecked);
  }

  #passBranch(at: number): void {
    const taken = this.#taken;
    const exit = this.#continueAt(this.#tape.args[at] as number, taken, at); // an entry of the tape
    if (exit > 0) taken.unchecked = this.#charge(edgeAt(at), exit, taken.unchecked);
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
    return this.#difference(ahead, left.aside);
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

  /**
   * Joins `#state`, what lies ahead when an instruction is passed, with what lies ahead of its other way.
   *
   * @param otherPlace - where the other way is charged. @param even - both ways are as likely; else the other is seldom gone.
   */
  #fork(at: number, other: PathState, otherPlace: number, even: boolean): void {
    const state = this.#state;
    if (this.#sinks && state.cyclic !== other.cyclic) this.#sinkCheck(at, other, otherPlace);
    const { tolerance } = this.#model;
    const low = Math.min(state.low, other.low);
    const high = Math.max(state.high, other.high);
    const cyclic = state.cyclic || other.cyclic;
    const touches = state.touches && other.touches;
    if (tolerance.factor > 1 && tolerable(low, high, tolerance)) {
      if (state.traps) state.fuel = other.fuel;
      else if (even && !other.traps) state.fuel = Math.ceil((state.fuel + other.fuel) / 2);
      state.low = low;
      state.high = high;
      state.unchecked = Math.max(state.unchecked, other.unchecked);
    } else if (isBase(state, other)) this.#chargeCostlier(state, other, otherPlace);
    else this.#chargeCostlier(other, state, at);
    state.cyclic = cyclic;
    state.touches = touches;
  }

  /** Leaves in `#state` the cheaper way, with a charge of the difference on the costlier. */
  #chargeCostlier(cheaper: PathState, costlier: PathState, place: number): void {
    const { high, low } = costlier;
    const fuel = this.#difference(costlier, cheaper);
    const gift = this.#gift(costlier, cheaper, fuel);
    const unchecked = gift === 0 && fuel > 0 ? this.#charge(place, fuel, costlier.unchecked) : costlier.unchecked + gift;
    const state = this.#state;
    if (state !== cheaper) state.set(cheaper);
    state.unchecked = Math.max(unchecked, state.unchecked);
    const { factor } = this.#model.tolerance;
    if (factor === 1) return;
    state.high = Math.max(state.high, high - factor * fuel);
    if (fuel === 0) state.low = Math.min(state.low, low);
  }

  /**
   * Where only one way leads to the call that closes a cycle, the check stands there and not at the function's start: the
   * other way, which ends the recursion, then has none.
   */
  #sinkCheck(at: number, other: PathState, otherPlace: number): void {
    const state = this.#state;
    const [deep, flat, place] = state.cyclic ? [state, other, at] : [other, state, otherPlace];
    if (this.#loops.length > 0 || flat.high > HOISTED_MAX || flat.traps || deep.traps) return;
    const fuel = settle(deep, this.#model.tolerance) - flat.fuel;
    this.#put(place, Math.max(0, fuel), true);
    const high = deep.high - this.#model.tolerance.factor * fuel;
    const { touches } = deep;
    if (fuel >= 0) {
      deep.set(flat);
      deep.high = Math.max(flat.high, high);
    }
    deep.cyclic = false;
    deep.touches = touches;
    deep.unchecked = 0;
  }

  #passCall(at: number, op: number): void {
    const state = this.#state;
    if (this.#boundaries && op !== OP.returnCall && op !== OP.returnCallIndirect) this.#cut(at);
    // What is called may throw, and somebody may catch that: then the path did not end in its trap.
    if (state.traps && this.#model.tolerance.factor === 1) state.low = state.fuel;
    if (op === OP.callIndirect || op === OP.returnCallIndirect) {
      const { indirectCallee, freeLeaf } = this.#model.tolerance;
      state.fuel += indirectCallee;
      state.high += freeLeaf;
      state.cyclic = true;
      return;
    }
    const callee = (this.#tape.args[at] as number) - this.#entrances.importedFunctions; // an entry of the tape
    if (callee < 0) {
      state.cyclic = true;
      return;
    }
    this.#addCallee(at, callee, op === OP.returnCall);
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
    state.low += ahead.traps ? 0 : ahead.low;
    if (ahead.traps) state.low = Number.POSITIVE_INFINITY;
    state.high += ahead.high;
    state.fuel += ahead.fuel;
    state.unchecked += ahead.unchecked;
    state.cyclic ||= ahead.cyclic || closes;
  }

  /** Charges at a place, with a check if that is due. @param ahead - unchecked fuel after it. @returns the same before it. */
  #charge(place: number, fuel: number, ahead: number): number {
    const checked = fuel + ahead > UNCHECKED_MAX;
    this.#put(place, fuel, checked);
    return checked ? 0 : fuel + ahead;
  }

  #put(place: number, fuel: number, checked: boolean): void {
    if (place < 0) this.#plan.chargeEdge(edgeAt(place), fuel, checked);
    else this.#plan.charge(place, fuel, checked);
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
        turnsAt: new Uint32Array(TURNS_MAX),
        label: new PathState(),
        aside: new PathState(),
      };
      this.#frames[depth] = frame;
    }
    return frame;
  }
}

/** Of the ways at a fork: whether what comes before pays for the first. Of two that trap for the costlier, else for the cheaper. */
function isBase(state: PathState, other: PathState): boolean {
  if (state.traps && other.traps) return state.fuel >= other.fuel;
  return other.traps || (!state.traps && state.fuel <= other.fuel);
}

/** A place for a charge: an entry, after which it stands, or this of an entry, on whose edge it stands. Its own inverse. */
function edgeAt(entry: number): number {
  return ~entry;
}
