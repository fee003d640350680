import { seededRandom } from '../../support/mutate.mjs';
import { randomArguments } from './arguments.mjs';
import { functionBody, functionType, HEADER, nameBytes, section, unsigned, VALUE_TYPES, vector } from './bytes.mjs';
import { StatementWriter } from './random-statements.mjs';
import { zeroOf } from './stand-ins.mjs';

/** Tables: of functions, which nothing changes; of null references; and of functions, which are moved about. */
export const TABLE = { functions: 0, objects: 1, scratch: 2 };
/** Sizes of what the modules have: pages, elements, and bytes of passive segments; `range`, addresses of bulk operations. */
export const SIZES = { pages: 2, pagesMax: 6, table: 10, tableMax: 24, data: 120, range: 100_000 };

const CALLS_EACH = 4;
const LOOP_COUNTERS = 3;
/** Part of the functions whose address is taken; callers may pay for the others. */
const TAKEN = 0.4;
/** Calls that one entry into a module may make inside of it. */
const CALL_BUDGET = 24;
const IMPORTS = [
  { name: 'f0', signature: { params: ['i32'], results: ['i32'] } },
  { name: 'f1', signature: { params: [], results: [] } },
  { name: 'f2', signature: { params: ['i64', 'f64'], results: ['f32', 'i64'] } },
];
const TYPES = ['i32', 'i64', 'f32', 'f64', 'v128'];
const HEAP_TYPES = { funcref: [0x70], externref: [0x6f], exnref: [0x69] };
/** Imported globals: an immutable i32 and a mutable i64. */
const IMPORTED_GLOBALS = [
  [0x7f, 0],
  [0x7e, 1],
];

/**
 * A random module and calls of its exports. The same seed gives the same bytes. What it computes does not depend on the
 * bits of NaNs; most calls return; all end.
 *
 * @param table - an `OperatorTable`. @param exceptions - `none`, `exnref` or `legacy`. @param newer - with multiple memories.
 * @returns `{ name, bytes, calls }`.
 */
export function randomModule(table, seed, { exceptions = 'none', newer = false } = {}) {
  const random = seededRandom(seed * 7919 + 17);
  return new ModuleMaker(table, random, { exceptions, newer }).make(`random-${seed}`);
}

class ModuleMaker {
  constructor(table, random, { exceptions, newer }) {
    this.operators = table;
    this.random = random;
    this.exceptions = exceptions;
    this.simd = random() < 0.7;
    this.memories = newer && random() < 0.5 ? 2 : 1;
    this.tailCalls = random() < 0.6;
    this.statements = 6 + Math.floor(random() * 24);
    this.tags = [['i32'], [], ['i64', 'f64']];
    this.types = [];
    this.globals = [...IMPORTED_GLOBALS];
    /** The functions of its own that it may call, and those with the imported ones. */
    this.own = this.#functions();
    /** Those whose callers the module does not know all: they have a slot of the table. */
    this.taken = this.own.filter((_, at) => at === 0 || random() < TAKEN);
    for (const [slot, callee] of this.taken.entries()) callee.slot = slot;
    this.callable = [...this.own, ...IMPORTS.map(({ signature }, index) => ({ index, signature }))];
    this.mutable = new Set([1]);
    /** With exceptions: a function that does nothing but throw. */
    this.thrower = IMPORTS.length + 2 * this.own.length;
    this.places = this.#globalPlaces();
    this.seedGlobal = this.#addGlobal('i32');
    this.budgetGlobal = this.#addGlobal('i32');
  }

  #functions() {
    return Array.from({ length: 2 + Math.floor(this.random() * 5) }, (_, at) => ({
      index: IMPORTS.length + at,
      signature: { params: this.#someTypes(3), results: this.#someTypes(2) },
    }));
  }

  #someTypes(most) {
    const types = this.simd ? TYPES : TYPES.slice(0, 4);
    return Array.from({ length: Math.floor(this.random() * (most + 1)) }, () => types[Math.floor(this.random() * types.length)]);
  }

  /** Indices of globals by type; the two of this maker's own are not among them. */
  #globalPlaces() {
    const places = { i32: [0], i64: [1], f32: [], f64: [], v128: [] };
    for (const type of TYPES) for (let at = 0; at < 2; at += 1) places[type].push(this.#addGlobal(type));
    return places;
  }

  #addGlobal(type) {
    this.mutable.add(this.globals.length);
    this.globals.push([VALUE_TYPES[type], 1, ...zeroOf(type), 0x0b]);
    return this.globals.length - 1;
  }

  /** The index of a function type. */
  typeOf(signature) {
    const key = JSON.stringify(functionType(signature));
    if (!this.types.includes(key)) this.types.push(key);
    return this.types.indexOf(key);
  }

  heapType(type) {
    return HEAP_TYPES[type];
  }

  exceptionLocal({ exceptionLocal }) {
    return exceptionLocal;
  }

  /** Runs a call while the budget of calls lasts. */
  takeCall(writer, write) {
    const budget = unsigned(this.budgetGlobal);
    writer.op('global.get', budget);
    writer.guarded(() => {
      writer.op('global.get', budget);
      writer.i32(-1);
      writer.op('i32.add');
      writer.op('global.set', budget);
      write();
    });
  }

  make(name) {
    const inner = this.own;
    const bodies = [...inner.map(({ signature }) => this.#body(signature)), ...inner.map((callee) => this.#runner(callee))];
    const types = inner.map(({ signature }) => this.typeOf(signature));
    const runnerSignatures = inner.map(({ signature }) => runnerSignature(signature));
    types.push(...runnerSignatures.map((signature) => this.typeOf(signature)));
    const calls = runnerSignatures.flatMap((signature, at) =>
      Array.from({ length: CALLS_EACH }, () => ({ export: `run${at}`, args: randomArguments(signature, this.random) })),
    );
    if (this.exceptions !== 'none') {
      types.push(this.typeOf({ params: [], results: [] }));
      bodies.push(functionBody([], [0x08, 1]));
    }
    return { name, bytes: this.#assemble(inner, types, bodies), calls };
  }

  #body(signature) {
    const locals = [];
    const add = (type) => locals.push(type) - 1 + signature.params.length;
    const places = { i32: [], i64: [], f32: [], f64: [], v128: [] };
    for (const [at, type] of signature.params.entries()) places[type].push(at);
    for (const type of TYPES) for (let at = 0; at < 2; at += 1) places[type].push(add(type));
    const counters = Array.from({ length: LOOP_COUNTERS }, () => add('i32'));
    const scratch = { f32: add('f32'), f64: add('f64'), v128: add('v128') };
    const usable = this.simd ? locals : locals.map((type) => (type === 'v128' ? 'i32' : type));
    const writer = new StatementWriter(this.operators, this.random, this, {
      signature,
      places: { locals: places, globals: this.places, scratch },
      counters,
    });
    if (this.exceptions === 'exnref') writer.exceptionLocal = usable.push('exnref') - 1 + signature.params.length;
    return functionBody(usable, writer.body());
  }

  /** The exported function that sets the seed and the budget, then calls. */
  #runner({ index, signature }) {
    const code = [0x20, 0, 0x24, ...unsigned(this.seedGlobal), 0x41, CALL_BUDGET, 0x24, ...unsigned(this.budgetGlobal)];
    signature.params.forEach((_, at) => {
      code.push(0x20, ...unsigned(at + 1));
    });
    return functionBody([], [...code, 0x10, ...unsigned(index)]);
  }

  #assemble(inner, functionTypes, bodies) {
    const hostTypes = IMPORTS.map(({ signature }) => this.typeOf(signature));
    const tagTypes = this.tags.map((params) => this.typeOf({ params, results: [] }));
    const indices = this.taken.map(({ index }) => unsigned(index));
    const host = (item) => [...nameBytes('host'), ...nameBytes(item)];
    const imports = [
      ...IMPORTS.map(({ name }, at) => [...host(name), 0, ...unsigned(hostTypes[at])]),
      ...IMPORTED_GLOBALS.map((type, at) => [...host(`g${at}`), 3, ...type]),
    ];
    const limits = (min, max) => [1, ...unsigned(min), ...unsigned(max)];
    const tables = [
      [0x70, ...limits(indices.length, indices.length)],
      [0x6f, ...limits(SIZES.table, SIZES.tableMax)],
      [0x70, ...limits(SIZES.table, SIZES.tableMax)],
    ];
    const elements = [
      [0, 0x41, 0, 0x0b, ...vector(indices)],
      [1, 0, ...vector(indices)],
      [1, 0, ...vector(indices)],
    ];
    const globals = this.globals.slice(IMPORTED_GLOBALS.length);
    const exports = inner.map((_, at) => [...nameBytes(`run${at}`), 0, ...unsigned(IMPORTS.length + inner.length + at)]);
    const segment = (active) => [
      ...(active ? [0, 0x41, 8, 0x0b] : [1]),
      ...vector(Array.from({ length: SIZES.data }, (_, at) => [(at * 37) & 0xff])),
    ];
    return Uint8Array.from([
      ...HEADER,
      ...section(1, vector(this.types.map((type) => JSON.parse(type)))),
      ...section(2, vector(imports)),
      ...section(3, vector(functionTypes.map((type) => unsigned(type)))),
      ...section(4, vector(tables)),
      ...section(5, vector(new Array(this.memories).fill(limits(SIZES.pages, SIZES.pagesMax)))),
      ...(this.exceptions === 'none' ? [] : section(13, vector(tagTypes.map((type) => [0, ...unsigned(type)])))),
      ...section(6, vector(globals)),
      ...section(7, vector([[...nameBytes('memory'), 2, 0], ...exports])),
      ...section(9, vector(elements)),
      ...section(12, unsigned(3)),
      ...section(10, vector(bodies)),
      ...section(11, vector([segment(false), segment(false), segment(true)])),
    ]);
  }
}

/** The seed comes first. */
function runnerSignature({ params, results }) {
  return { params: ['i32', ...params], results };
}
