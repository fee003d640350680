import { signed, unsigned, VALUE_TYPES } from './bytes.mjs';
import { ExpressionWriter } from './random-expressions.mjs';

const EXPRESSION_DEPTH_MAX = 3;
const LOOPS_MAX = 3;
const TURNS_MAX = 4;
const EMPTY_BLOCK = 0x40;

/** Writes random control flow that ends: loops count in locals. What stands inside is up to `statements`, of a subclass. */
export class ControlWriter extends ExpressionWriter {
  /** What a block may take or give. */
  someTypes(most = 2) {
    return Array.from({ length: this.chance(0.5) ? 0 : 1 + this.below(most) }, () => this.pick(this.types));
  }

  /** The type of a block, in its short form where it has one. */
  blockType(params, results) {
    if (params.length === 0 && results.length === 0) return [EMPTY_BLOCK];
    if (params.length === 0 && results.length === 1) return [VALUE_TYPES[results[0]]];
    return signed(this.module.typeOf({ params, results }));
  }

  inside(label, write) {
    this.labels.unshift(label);
    write();
    this.labels.shift();
    this.op('end');
  }

  consume(types) {
    for (const type of [...types].reverse()) this.set(type);
  }

  block() {
    const params = this.someTypes();
    const results = this.someTypes();
    this.values(params);
    this.op('block', this.blockType(params, results));
    this.inside({ types: results, open: true }, () => {
      this.consume(params);
      this.statements(4);
      this.values(results);
    });
    this.consume(results);
  }

  choice() {
    const results = this.chance(0.6) ? [] : this.someTypes();
    this.condition();
    this.op('if', this.blockType([], results));
    this.inside({ types: results, open: true }, () => {
      this.statements(4);
      this.values(results);
      if (results.length === 0 && this.chance(0.4)) return;
      this.op('else');
      this.statements(4);
      this.values(results);
    });
    this.consume(results);
  }

  /** Runs something under a condition that is on the stack. */
  guarded(write) {
    this.op('if', [EMPTY_BLOCK]);
    this.inside({ types: [], open: true }, write);
  }

  loop() {
    if (this.loops === LOOPS_MAX) return this.assign();
    const counter = unsigned(this.counters[this.loops]);
    const carried = this.chance(0.6) ? [] : this.someTypes();
    this.loops += 1;
    this.i32(1 + this.below(TURNS_MAX));
    this.op('local.set', counter);
    if (this.chance(0.5)) this.countedAtStart(counter, carried);
    else this.countedAtEnd(counter, carried);
    this.consume(carried);
    this.loops -= 1;
  }

  /** Left through a block around it; branches to its start end too, since it counts there. */
  countedAtStart(counter, carried) {
    this.op('block', this.blockType([], carried));
    this.inside({ types: carried, open: true }, () => {
      this.values(carried);
      this.op('loop', this.blockType(carried, carried));
      this.inside({ types: carried, open: true }, () => {
        this.op('local.get', counter);
        this.op('i32.eqz');
        this.op('br_if', [1]);
        this.countDown(counter);
        this.consume(carried);
        this.statements(5);
        this.values(carried);
        this.op('br', [0]);
      });
    });
  }

  countedAtEnd(counter, carried) {
    this.values(carried);
    this.op('loop', this.blockType(carried, carried));
    this.inside({ types: carried, open: false }, () => {
      this.consume(carried);
      this.statements(5);
      this.values(carried);
      this.countDown(counter);
      this.op('local.get', counter);
      this.op('br_if', [0]);
    });
  }

  countDown(counter) {
    this.op('local.get', counter);
    this.i32(-1);
    this.op('i32.add');
    this.op('local.set', counter);
  }

  /** @returns the depth of a label that may be branched to. */
  target(accepts = () => true) {
    const depths = this.labels.flatMap((label, depth) => (label.open && accepts(label) ? [depth] : []));
    return this.chance(0.5) ? depths[0] : this.pick(depths);
  }

  branch() {
    const depth = this.target();
    const { types } = this.labels[depth];
    if (this.chance(0.3)) {
      this.condition();
      this.guarded(() => {
        this.values(types);
        this.op('br', unsigned(depth + 1));
      });
      return;
    }
    this.values(types);
    this.condition();
    this.op('br_if', unsigned(depth));
    this.consume(types);
  }

  /** A branch table, in a block of its own so that not all that follows is dead. */
  branchTable() {
    this.op('block', [EMPTY_BLOCK]);
    this.inside({ types: [], open: true }, () => {
      const last = this.target();
      const { types } = this.labels[last];
      const alike = (label) => label.types.join() === types.join();
      const targets = Array.from({ length: this.below(5) }, () => this.target(alike));
      this.values(types);
      this.dice();
      this.i32(7);
      this.op('i32.and');
      this.op('br_table', [...unsigned(targets.length), ...[...targets, last].flatMap(unsigned)]);
    });
  }

  leave() {
    this.maybe(() => {
      this.values(this.signature.results);
      this.op('return');
    });
  }

  /** Writes something that ends the function: mostly under a condition; else what follows in the block is dead. */
  maybe(write) {
    if (this.labels.length === 1 || this.chance(0.7)) {
      this.condition();
      this.guarded(write);
    } else write();
  }

  /** Code that cannot be reached: what follows a branch in a block. */
  dead() {
    this.op('block', [EMPTY_BLOCK]);
    this.inside({ types: [], open: true }, () => {
      this.op('br', [0]);
      this.statements(2);
    });
  }

  /** An i32 that is 0 as often as not, from a generator of random numbers in a global. */
  condition() {
    this.dice();
    this.i32(1);
    this.op('i32.and');
  }

  /** Random bits, at least 16. */
  dice() {
    const seed = unsigned(this.module.seedGlobal);
    this.op('global.get', seed);
    this.i32(1664525);
    this.op('i32.mul');
    this.i32(1013904223);
    this.op('i32.add');
    this.op('global.set', seed);
    this.op('global.get', seed);
    this.i32(13);
    this.op('i32.shr_u');
  }

  value(type) {
    this.expression(type, this.below(EXPRESSION_DEPTH_MAX + 1));
  }

  values(types) {
    for (const type of types) this.value(type);
  }
}
