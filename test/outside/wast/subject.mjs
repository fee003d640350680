import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { ConstantFault, constantOf } from './constants.mjs';

/** The text of a component that the assembler does not take. `poisoned`: the assembler crashed and cannot be used again. */
export class AssemblyFault extends Error {
  poisoned = false;
}

/** The harness cannot run it, for a reason that says nothing about the project. */
export class SkipFault extends Error {}

/** Fuel is no limit here; a loop without end is the parent process's to stop. */
const BUDGET = { fuel: 2n ** 62n, pages: 65_536, elements: 10_000_000 };
const CAPS = { memoryPagesMax: 65_536, tableElementsMax: 10_000_000 };
const VALUE_MAX = { bytesMax: 2 ** 28, elementsMax: 2 ** 24 };
const LIMITS = { result: VALUE_MAX, hostCall: VALUE_MAX, handlesMax: 2 ** 20 };

/** The binary of a component. @throws {AssemblyFault} */
export async function assemble(source) {
  if (source.form === 'binary') return source.bytes;
  if (source.text === undefined) throw new AssemblyFault('the quoted text is not UTF-8');
  try {
    return await parse(source.text);
  } catch (error) {
    const said = Object.hasOwn(error, 'payload') ? String(error.payload) : undefined;
    const fault = new AssemblyFault(said === undefined ? `the assembler crashed: ${error.message}` : assemblerWords(said));
    fault.poisoned = said === undefined;
    throw fault;
  }
}

/** The assembler gives its error as Rust's debug text. */
function assemblerWords(debug) {
  const [, line, kind] = debug.match(/ line: (\d+),.* kind: (.*) } }\) }$/s) ?? [];
  if (kind === undefined) return debug;
  return `line ${Number(line) + 1}: ${kind.match(/^Custom\("(.*)"\)$/s)?.[1] ?? kind}`;
}

/** A component on its way through the project: decoded, prepared, instantiated, called. */
export class Subject {
  #project;
  #component;
  #prepared;

  /** @throws what the decoder throws. */
  constructor(project, bytes) {
    this.#project = project;
    this.#component = project.decodeComponent(bytes);
  }

  /** To be called for a component that is valid. @throws {SkipFault} when this engine does not take one of its core modules. */
  checkEngine() {
    for (const { bytes } of this.#component.coreModules) {
      if (WebAssembly.validate(bytes)) continue;
      throw new SkipFault(`Node ${process.version} does not take a core module of it: ${engineWords(bytes)}`);
    }
  }

  /** What must go well for a component that is not instantiated: its core modules, and jco's step where that is asked. */
  accept() {
    if (this.#project.bindings.checksDefinitions) this.prepare();
    else for (const { bytes } of this.#component.coreModules) this.#compile(bytes);
  }

  /** All that comes before an instance. @throws what the steps throw; an engine's refusal as `component/invalid-core-module`. */
  prepare() {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }

  #prepare() {
    const { bindings } = this.#project;
    for (const { bytes } of this.#component.coreModules) this.#compile(bytes);
    const { linking, modules } = bindings.recipe(this.#component);
    const compiled = new Map(modules.map(({ name, bytes }) => [name, this.#compile(bytes)]));
    return {
      linked: bindings.link(linking),
      modules: new Map([...compiled].map(([name, { module }]) => [name, module])),
      details: new Map([...compiled.values()].map(({ module, details }) => [module, details])),
    };
  }

  #compile(bytes) {
    const details = this.#project.instrument(bytes, { ...CAPS, meter: 'shared' });
    try {
      return { details, module: new WebAssembly.Module(details.bytes) };
    } catch (error) {
      throw Object.assign(error, { code: 'component/invalid-core-module' });
    }
  }

  /** @throws what preparing and instantiating throw. */
  instantiate() {
    const { linked, modules, details } = this.prepare();
    const meter = this.#project.createMeter(BUDGET);
    const instance = linked.instantiate(
      modules,
      {},
      (module, imports) => meter.instantiate(details.get(module), module, imports),
      LIMITS,
    );
    return new Live(this.#project, this.#component, instance);
  }
}

function engineWords(bytes) {
  try {
    new WebAssembly.Module(bytes);
    return '';
  } catch (error) {
    return error.message.replace(/^WebAssembly\.Module\(\): | @\+\d+$/g, '');
  }
}

/** A component instance, to be called as often as one likes. */
class Live {
  #project;
  #functions;
  #instance;

  constructor(project, component, instance) {
    this.#project = project;
    this.#functions = project.findFunctions(component);
    this.#instance = instance;
  }

  /** The type of an exported function. @throws {SkipFault} when data cannot call it. */
  typeOf(name) {
    const found = this.#functions.find(({ id }) => id === name);
    if (found === undefined) throw new ConstantFault(`the component exports no function \`${name}\``);
    if (!found.callable) throw new SkipFault(`\`${name}\` ${found.reason}`);
    return found.type;
  }

  /**
   * Calls a function with constants.
   *
   * @returns its result as a `WitValue`; undefined when it has none.
   * @throws {ConstantFault} {SkipFault} and what lowering, calling and lifting throw.
   */
  call(name, args) {
    const type = this.typeOf(name);
    if (args.length !== type.params.length) throw new ConstantFault(`${args.length} arguments for ${type.params.length}`);
    const values = args.map((node, at) => constantOf(node, type.params[at].type));
    const params = this.#project.encodeParams(values, type.params);
    const bound = this.#instance.bind(undefined, name, type);
    const bytes = bound.lift(bound.call(bound.lower(params)));
    return type.result === undefined ? undefined : this.#project.decodeValue(bytes, type.result);
  }
}
