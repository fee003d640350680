import { unsigned } from './bytes.mjs';
import { ControlWriter } from './random-control.mjs';
import { writeHandling } from './random-exceptions.mjs';
import { writeResource } from './random-resources.mjs';

const STORE_DEPTH = 3;
const NESTING_MAX = 5;
/** Part of the functions that do nothing but give values. */
const LEAVES = 0.2;

/** Kinds of statements, each as often as its number says. */
const KINDS = Object.entries({
  assign: 6,
  store: 4,
  drop: 2,
  nop: 1,
  block: 3,
  choice: 5,
  loop: 4,
  branch: 4,
  branchTable: 2,
  leave: 1,
  dead: 1,
  call: 4,
  tailCall: 1,
  resource: 6,
  handling: 3,
  trap: 0.4,
}).flatMap(([kind, weight]) => new Array(Math.round(weight * 5)).fill(kind));

/** Writes the body of one random function, which ends: loops count in locals, calls take from a global. */
export class StatementWriter extends ControlWriter {
  /**
   * @param module - what the function may name; see `random-module.mjs`.
   * @param signature - of the function. @param counters - locals that count the turns of loops, by depth.
   */
  constructor(table, random, module, { signature, places, counters }) {
    super(table, random, { places, memories: module.memories, simd: module.simd });
    this.module = module;
    this.signature = signature;
    this.counters = counters;
    this.loops = 0;
    // Some functions are so small that their callers pay for them.
    this.left = this.chance(LEAVES) ? 0 : module.statements;
    /** Innermost first: what a branch carries, and whether it may be taken (a loop's start that does not count must not). */
    this.labels = [{ types: signature.results, open: true }];
  }

  /** @returns the code of the body. */
  body() {
    while (this.left > 0) this.statement();
    this.values(this.signature.results);
    return this.code;
  }

  statements(most) {
    for (let count = this.below(most + 1); count > 0 && this.left > 0; count -= 1) this.statement();
  }

  statement() {
    this.left -= 1;
    const kind = this.module.exceptions !== 'none' && this.chance(0.1) ? 'handling' : this.pick(KINDS);
    if (this.labels.length > NESTING_MAX && ['block', 'choice', 'loop', 'handling'].includes(kind)) this.assign();
    else this[kind]();
  }

  assign() {
    const type = this.pick(this.types);
    this.value(type);
    this.set(type);
  }

  /** Takes a value from the stack. */
  set(type) {
    if (this.chance(0.3) && this.places.globals[type].some((at) => this.module.mutable.has(at))) {
      const globals = this.places.globals[type].filter((at) => this.module.mutable.has(at));
      this.op('global.set', unsigned(this.pick(globals)));
    } else if (this.chance(0.8)) this.op('local.set', unsigned(this.pick(this.places.locals[type])));
    else {
      this.op('local.tee', unsigned(this.pick(this.places.locals[type])));
      this.op('drop');
    }
  }

  store() {
    const stores = this.table.stores.filter(({ params }) => this.simd || params[1] !== 'v128');
    this.operator(this.pick(stores), STORE_DEPTH);
  }

  drop() {
    this.value(this.pick(this.types));
    this.op('drop');
  }

  nop() {
    this.op('nop');
  }

  /** Seldom: some work, and then a trap. */
  trap() {
    this.dice();
    this.i32(31);
    this.op('i32.and');
    this.op('i32.eqz');
    this.guarded(() => {
      this.statements(2);
      this.op('unreachable');
    });
  }

  call() {
    this.module.takeCall(this, () => {
      const callee = this.pick(this.module.callable);
      this.values(callee.signature.params);
      this.callNow(callee, '');
      this.consume(callee.signature.results);
    });
  }

  tailCall() {
    const alike = this.module.callable.filter(({ signature }) => signature.results.join() === this.signature.results.join());
    if (alike.length === 0 || !this.module.tailCalls) return this.call();
    this.module.takeCall(this, () =>
      this.maybe(() => {
        const callee = this.pick(alike);
        this.values(callee.signature.params);
        this.callNow(callee, 'return_');
      }),
    );
  }

  callNow({ index, slot, signature }, prefix) {
    if (slot === undefined || this.chance(0.5)) this.op(`${prefix}call`, unsigned(index));
    else {
      this.i32(slot);
      this.op(`${prefix}call_indirect`, [...unsigned(this.module.typeOf(signature)), 0]);
    }
  }

  resource() {
    writeResource(this);
  }

  handling() {
    writeHandling(this);
  }
}
