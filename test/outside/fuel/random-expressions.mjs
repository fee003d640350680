import { randomBits } from './arguments.mjs';
import { littleEndian, signed, unsigned, VALUE_BYTES } from './bytes.mjs';
import { operatorsOf } from './operators.mjs';

/** Largest offset of an access, and the mask of its address: together inside of the two pages that each memory has. */
const OFFSET_MAX = 60_000;
const ADDRESS_MASK = 0xffff;
/** How rarely an operand that may trap is left as it is. */
const UNGUARDED = 0.004;

/** Instructions by what they give. */
export class OperatorTable {
  constructor(opcodes) {
    this.opcodes = opcodes;
    const all = operatorsOf(opcodes);
    this.byResult = Map.groupBy === undefined ? groupByResult(all) : Map.groupBy(all, ({ result }) => result);
    this.stores = all.filter(({ result }) => result === undefined);
  }
}

function groupByResult(all) {
  const groups = new Map();
  for (const one of all) groups.set(one.result, [...(groups.get(one.result) ?? []), one]);
  return groups;
}

/** Writes random expressions of numeric types into the code of one function. */
export class ExpressionWriter {
  /**
   * @param table - an `OperatorTable`. @param random - numbers from 0 up to 1.
   * @param places - `{ locals, globals, scratch }`: indices by type that may be read; and a local of each float type and
   * v128 that only this class uses. @param memories - their number.
   */
  constructor(table, random, { places, memories, simd }) {
    this.table = table;
    this.random = random;
    this.places = places;
    this.memories = memories;
    this.types = simd ? ['i32', 'i64', 'f32', 'f64', 'v128'] : ['i32', 'i64', 'f32', 'f64'];
    this.simd = simd;
    this.code = [];
  }

  below(max) {
    return Math.floor(this.random() * max);
  }

  chance(probability) {
    return this.random() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Writes one instruction. @param immediates - bytes. */
  op(name, immediates = []) {
    for (const byte of this.table.opcodes.encode(name)) this.code.push(byte);
    for (const byte of immediates) this.code.push(byte);
  }

  i32(value) {
    this.op('i32.const', signed(value));
  }

  /** A value of a type. @param depth - how deep operands may nest. */
  expression(type, depth) {
    if (depth === 0 || this.chance(0.2)) {
      this.leaf(type);
      return;
    }
    if (this.chance(0.06)) this.select(type, depth);
    else this.operator(this.operatorFor(type), depth);
  }

  operatorFor(type) {
    for (;;) {
      const found = this.pick(this.table.byResult.get(type));
      if (this.simd || !found.params.includes('v128')) return found;
    }
  }

  leaf(type) {
    const { locals, globals } = this.places;
    const source = this.random();
    if (source < 0.4) this.op('local.get', unsigned(this.pick(locals[type])));
    else if (source < 0.65) this.op('global.get', unsigned(this.pick(globals[type])));
    else this.constant(type);
  }

  constant(type) {
    const bits = randomBits(type, this.random);
    if (type === 'i32' || type === 'i64') this.op(`${type}.const`, signed(BigInt.asIntN(8 * VALUE_BYTES[type], bits)));
    else this.op(`${type}.const`, littleEndian(bits, VALUE_BYTES[type]));
  }

  select(type, depth) {
    this.expression(type, depth - 1);
    this.expression(type, depth - 1);
    this.expression('i32', depth - 1);
    if (this.chance(0.5)) this.op('select');
    else this.code.push(0x1c, 1, TYPE_BYTES[type]);
  }

  operator(operator, depth) {
    const { name, params, immediate } = operator;
    if (immediate === 'constant') return this.constant(operator.result);
    params.forEach((type, at) => {
      this.operand(operator, type, at, depth - 1);
    });
    this.op(name, this.immediateOf(operator));
    if (operator.canonical !== undefined) this.canonical(operator.canonical);
  }

  operand({ immediate, guard }, type, at, depth) {
    this.expression(type, depth);
    if (this.chance(UNGUARDED)) return;
    if (immediate?.startsWith('access') && at === 0) {
      this.i32(ADDRESS_MASK);
      this.op('i32.and');
    } else if (guard === 'divisor' && at === 1) {
      for (const [operation, value] of [
        ['and', 0x7f],
        ['or', 1],
      ]) {
        this.op(`${type}.const`, signed(value));
        this.op(`${type}.${operation}`);
      }
    } else if (guard === 'truncation') {
      for (const [operation, power] of [
        ['min', 30],
        ['max', 0],
      ]) {
        this.op(`${type}.const`, littleEndian(powerOfTwo(type, power), VALUE_BYTES[type]));
        this.op(`${type}.${operation}`);
      }
    }
  }

  immediateOf({ immediate, lanes }) {
    if (immediate === 'lane') return [this.below(lanes)];
    if (immediate === 'shuffle') return Array.from({ length: 16 }, () => this.below(32));
    if (!immediate?.startsWith('access')) return [];
    const memory = this.below(this.memories);
    const offset = unsigned(this.below(OFFSET_MAX));
    const access = memory === 0 ? [0, ...offset] : [0x40, ...unsigned(memory), ...offset];
    return immediate === 'access' ? access : [...access, this.below(lanes)];
  }

  /** Makes 0 of every NaN: engines may give it other bits, and later ones would depend on them. */
  canonical(type) {
    const local = unsigned(this.places.scratch[type.includes('x') ? 'v128' : type]);
    this.op('local.tee', local);
    if (type.includes('x')) {
      this.op('local.get', local);
      this.op('local.get', local);
      this.op(`${type}.eq`);
      this.op('v128.and');
    } else {
      this.op(`${type}.const`, new Array(VALUE_BYTES[type]).fill(0));
      this.op('local.get', local);
      this.op('local.get', local);
      this.op(`${type}.eq`);
      this.op('select');
    }
  }
}

const TYPE_BYTES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

function powerOfTwo(type, power) {
  return type === 'f32' ? BigInt(power + 127) << 23n : BigInt(power + 1023) << 52n;
}
