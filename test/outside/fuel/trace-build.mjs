import { ByteReader } from './byte-reader.mjs';
import { functionBody, functionType, nameBytes, section, signed, unsigned, VALUE_TYPES, vector } from './bytes.mjs';
import { moduleTypes } from './module-types.mjs';
import { skipImmediates } from './opcodes.mjs';

const HEADER_BYTES = 8;
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const TYPED_SELECT = 0x1c;
/** Prefix of the names of counters. */
export const PREFIX = 'trace:';
/** Counters beside those of instructions: functions entered; and what lengths and the like are in each model. */
export const ENTRIES = 'entries';
export const MORE = { exact: 'more-exact', region: 'more-region' };
/** Instructions whose length counts, and those that grow something. */
const BULK = /^(memory|table)\.(fill|copy|init)$/;
const GROW = /^(memory|table)\.grow$/;
/** A grow by a constant of at most this is counted by Wasmtime even if it fails. */
const CONSTANT_GROW_MAX = 128;
const BULK_BYTES = 64;

/** Rewrites one module into one that counts what it executes; see `Tracer`. */
export class TraceBuild {
  #bytes;
  #opcodes;
  #charges;
  #types;
  #sections;
  #importedFunctions;
  /** Global index by counter. */
  #counters = new Map();
  /** Functions that are appended, each with a type of its own, by what they are for. */
  #helpers = new Map();

  constructor(bytes, opcodes, charges) {
    this.#bytes = bytes;
    this.#opcodes = opcodes;
    this.#charges = charges;
    this.#types = moduleTypes(bytes);
    this.#importedFunctions = this.#types.imports.filter(({ kind }) => kind === 'function').length;
    this.#sections = sectionsOf(bytes);
  }

  build() {
    const code = this.#code();
    const helpers = [...this.#helpers.values()];
    const counters = [...this.#counters];
    const types = this.#types.types.length;
    const extend = (id, content, more) => this.#sections.set(id, extended(content ?? this.#sections.get(id) ?? [0], more));
    extend(
      10,
      code,
      helpers.map(({ body }) => body),
    );
    extend(
      1,
      undefined,
      helpers.map(({ type }) => type),
    );
    extend(
      3,
      undefined,
      helpers.map((_, at) => unsigned(types + at)),
    );
    extend(
      6,
      undefined,
      counters.map(() => [VALUE_TYPES.i64, 1, 0x42, 0, 0x0b]),
    );
    extend(
      7,
      undefined,
      counters.map(([key, index]) => [...nameBytes(PREFIX + key), 3, ...unsigned(index)]),
    );
    const kept = ORDER.filter((id) => this.#sections.has(id)).map((id) => section(id, this.#sections.get(id)));
    return Uint8Array.from([...this.#bytes.subarray(0, HEADER_BYTES), ...kept.flat()]);
  }

  /** The content of the code section, without helpers. */
  #code() {
    const bodies = [];
    const reader = new ByteReader(Uint8Array.from(this.#sections.get(10) ?? [0]), 0);
    reader.each(() => {
      const end = reader.u32() + reader.at;
      const from = reader.at;
      const locals = this.#locals(reader);
      const entry = Math.trunc(locals / this.#charges.localsPerUnit);
      const body = [...reader.bytes.subarray(from, reader.at), ...this.#bump(ENTRIES), ...this.#constant(MORE.region, entry)];
      let constant;
      while (reader.at < end) constant = this.#instruction(reader, constant, body);
      bodies.push([...unsigned(body.length), ...body]);
    });
    return vector(bodies);
  }

  /** Passes the declarations. @returns the number of locals. */
  #locals(reader) {
    let locals = 0;
    reader.each(() => {
      locals += reader.u32();
      reader.byte();
    });
    return locals;
  }

  /** Copies one instruction with its counter. @param constant - what the one before it pushed, if an i32. @returns the same for the next. */
  #instruction(reader, constant, body) {
    const from = reader.at;
    const opcode = this.#opcodes.read(reader);
    const index = () => new ByteReader(reader.bytes, afterOpcode).u32();
    const afterOpcode = reader.at;
    const name = this.#opcodes.mnemonics.get(opcode);
    if (name === undefined) throw new Error(`unknown opcode ${opcode}`);
    skipImmediates(reader, name, opcode === TYPED_SELECT);
    const copied = reader.bytes.subarray(from, reader.at);
    append(body, this.#bump(opcode));
    if (/^(return_)?call$/.test(name) && index() < this.#importedFunctions)
      append(body, this.#constant(MORE.region, this.#charges.importedCall));
    if (BULK.test(name)) append(body, [0x10, ...unsigned(this.#lengthHelper(name))]);
    if (GROW.test(name)) {
      const paid = constant !== undefined && constant > 0 && constant <= CONSTANT_GROW_MAX;
      append(body, [0x10, ...unsigned(this.#growHelper(name, index(), paid))]);
    } else append(body, copied);
    return name === 'i32.const' ? signedValue(copied, 1) : undefined;
  }

  /** Adds to a counter. @param amount - code that gives an i64. */
  #bump(key, amount = [0x42, 1]) {
    const name = String(key);
    if (!this.#counters.has(name)) this.#counters.set(name, this.#types.globals + this.#counters.size);
    const counter = unsigned(this.#counters.get(name));
    return [0x23, ...counter, ...amount, 0x7c, 0x24, ...counter];
  }

  #constant(key, amount) {
    return amount === 0 ? [] : this.#bump(key, [0x42, ...signed(amount)]);
  }

  #helper(key, make) {
    if (!this.#helpers.has(key)) {
      const index = this.#types.functions.length + this.#helpers.size;
      this.#helpers.set(key, { index, ...make() });
    }
    return this.#helpers.get(key).index;
  }

  /** Counts a length, and gives it back. */
  #lengthHelper(name) {
    const isTable = name.startsWith('table');
    const length = [0x20, 0, 0xad];
    const units = isTable
      ? [...length, 0x42, ...signed(this.#charges.tableElement), 0x7e]
      : [...length, 0x42, ...signed(BULK_BYTES - 1), 0x7c, 0x42, 6, 0x88];
    return this.#helper(isTable ? 'elements' : 'bytes', () => ({
      type: functionType({ params: ['i32'], results: ['i32'] }),
      body: functionBody([], [...this.#bump(MORE.exact, length), ...this.#bump(MORE.region, units), 0x20, 0]),
    }));
  }

  #growHelper(name, index, paid) {
    return this.#helper(`${name} ${index} ${paid}`, () => {
      const isTable = name === 'table.grow';
      const params = isTable ? [this.#types.tables[index], 'i32'] : ['i32'];
      const delta = [0x20, params.length - 1, 0xad];
      const result = params.length;
      const price = isTable ? this.#charges.tableElementGrown : this.#charges.memoryPage;
      const grown = [0x20, result, 0x41, 0x7f, 0x47];
      const code = [...params.flatMap((_, at) => [0x20, at]), ...this.#opcodes.encode(name), ...unsigned(index), 0x21, result];
      code.push(...(paid ? [0x41, 1] : grown), 0x04, 0x40, ...this.#bump(MORE.exact, delta), 0x0b);
      code.push(...grown, 0x04, 0x40, ...this.#bump(MORE.region, [...delta, 0x42, ...signed(price), 0x7e]), 0x0b);
      return { type: functionType({ params, results: ['i32'] }), body: functionBody(['i32'], [...code, 0x20, result]) };
    });
  }
}

function append(list, bytes) {
  for (const byte of bytes) list.push(byte);
}

function sectionsOf(bytes) {
  const sections = new Map();
  const reader = new ByteReader(bytes, HEADER_BYTES);
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.u32();
    if (id !== 0) sections.set(id, [...bytes.subarray(reader.at, reader.at + size)]);
    reader.at += size;
  }
  return sections;
}

/** A vector with more items at its end. */
function extended(content, more) {
  const reader = new ByteReader(Uint8Array.from(content), 0);
  const count = reader.u32();
  return [...unsigned(count + more.length), ...content.slice(reader.at), ...more.flat()];
}

/** A signed LEB128 number of 32 bits. */
function signedValue(bytes, at) {
  let value = 0;
  let shift = 0;
  for (let next = at; ; next += 1) {
    value |= (bytes[next] & 0x7f) << shift;
    shift += 7;
    if (bytes[next] < 0x80) return shift < 32 && (bytes[next] & 0x40) !== 0 ? value | (-1 << shift) : value;
  }
}
