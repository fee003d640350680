import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callWithBits, passesBits } from './exact-bits.mjs';
import { moduleTypes } from './module-types.mjs';
import { spectest } from './spec-host.mjs';
import { bitsOf, matchesBits, matchesJs, NotInJavaScript, toJs, typesOf } from './spec-values.mjs';

/** What stands for an instance whose module was refused by name. */
const REFUSED = Symbol('refused');
/** Codes by which this project says that it does not run a module. */
const REFUSALS = ['component/unsupported', 'component/unsupported-instruction', 'limit/table'];
const ERRORS = {
  assert_trap: (error) => error instanceof WebAssembly.RuntimeError,
  assert_exhaustion: (error) => error instanceof RangeError,
  assert_exception: (error) => error instanceof WebAssembly.Exception,
  assert_unlinkable: (error) => error instanceof WebAssembly.LinkError || error instanceof TypeError,
  assert_uninstantiable: (error) => error instanceof WebAssembly.RuntimeError,
};

/** Thrown to end a command with something other than success. */
class End extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

/**
 * Runs one script of the WebAssembly test suite on one side.
 *
 * @returns for each command `{ line, kind, status, why }`: `passed`, `failed`, `skipped` (JavaScript or this runner
 * cannot), `refused` (a module, by name) or `follows` (from a refused one); and the fuel of all calls that returned.
 */
export function runScript(script, side) {
  const run = new ScriptRun(script.folder, side);
  const outcomes = script.commands.map((command) => run.outcomeOf(command));
  return { outcomes, fuel: run.fuel };
}

class ScriptRun {
  fuel = 0n;
  #folder;
  #side;
  #current;
  #latestFile;
  #named = new Map();
  #definitions = new Map();
  #registry = { __proto__: null, spectest: spectest() };
  /** Signatures of exported functions, by instance; empty where the module's types are none that we read. */
  #signatures = new Map();

  constructor(folder, side) {
    this.#folder = folder;
    this.#side = side;
  }

  outcomeOf(command) {
    const { type: kind, line } = command;
    try {
      return { line, kind, status: 'passed', why: this.#run(command) };
    } catch (error) {
      if (error instanceof End) return { line, kind, status: error.status, why: error.message };
      if (error instanceof NotInJavaScript) return { line, kind, status: 'skipped', why: error.message };
      if (error instanceof TypeError && /type incompatibility/.test(error.message))
        return { line, kind, status: 'skipped', why: 'a type that JavaScript cannot pass' };
      return { line, kind, status: 'failed', why: `${error.name}: ${error.message}` };
    }
  }

  /** @returns the message of the error that the command asked for. */
  #run(command) {
    switch (command.type) {
      case 'module':
        return this.#define(command.name, () => this.#instance(fileOf(command)));
      case 'module_definition':
        return this.#defineModule(command);
      case 'module_instance':
        return this.#define(command.instance, () => this.#instance(this.#definitions.get(command.module) ?? this.#latestFile));
      case 'register':
        this.#registry[command.as] = this.#find(command.name, true);
        return;
      case 'action':
        this.#act(command.action);
        return;
      case 'assert_return':
        return this.#assertReturn(command);
      case 'assert_invalid':
      case 'assert_malformed':
        return this.#assertRefused(command);
      case 'assert_unlinkable':
      case 'assert_uninstantiable':
        if (command.module_type === 'text') throw new End('skipped', 'a module that is given as text');
        return this.#expect(command, () => this.#instance(command.filename));
      case 'assert_trap':
      case 'assert_exhaustion':
      case 'assert_exception':
        return this.#expect(command, () => this.#act(command.action));
      default:
        throw new End('skipped', `the command ${command.type}`);
    }
  }

  /** A module that could not be made leaves nothing behind, so that nothing later runs on an older one. */
  #define(name, make) {
    this.#current = undefined;
    if (name !== undefined) this.#named.delete(name);
    let refusal;
    try {
      this.#current = make();
    } catch (error) {
      if (!['refused', 'follows'].includes(error.status)) throw error;
      this.#current = REFUSED;
      refusal = error;
    }
    if (name !== undefined) this.#named.set(name, this.#current);
    if (refusal !== undefined) throw refusal;
  }

  #defineModule(command) {
    this.#latestFile = fileOf(command);
    if (command.name !== undefined) this.#definitions.set(command.name, this.#latestFile);
    try {
      this.#side.check(this.#bytes(this.#latestFile));
    } catch (error) {
      throw REFUSALS.includes(error.code) ? new End('refused', error.message) : error;
    }
  }

  #instance(file) {
    this.#latestFile = file;
    const bytes = this.#bytes(file);
    try {
      const instance = this.#side.instantiate(bytes, this.#imports());
      this.#signatures.set(instance, signaturesOf(bytes));
      return instance;
    } catch (error) {
      if (REFUSALS.includes(error.code)) throw new End('refused', error.message);
      if (error instanceof WebAssembly.LinkError || error instanceof TypeError) this.#blame(bytes);
      throw error;
    }
  }

  /** The exports of what is registered; nothing for what was refused. */
  #imports() {
    const entries = Object.entries(this.#registry).filter(([, given]) => given !== REFUSED);
    return { __proto__: null, ...Object.fromEntries(entries.map(([name, given]) => [name, given.exports])) };
  }

  /** @throws End when a module that cannot be linked imports something that was refused. */
  #blame(bytes) {
    const blamed = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).find(
      ({ module }) => this.#registry[module] === REFUSED,
    );
    if (blamed !== undefined) throw new End('follows', `\`${blamed.module}\` was refused`);
  }

  #find(name, evenRefused = false) {
    const instance = name === undefined ? this.#current : this.#named.get(name);
    if (instance === undefined) throw new End('failed', 'the module is not there');
    if (instance === REFUSED && !evenRefused) throw new End('follows', 'the module was refused');
    return instance;
  }

  /** @returns `{ bits }` or `{ values }`. */
  #act({ type, module, field, args = [] }) {
    const instance = this.#find(module);
    const item = instance.exports[field];
    if (type === 'get') return { values: [item.value] };
    const signature = this.#signatures.get(instance).get(field) ?? guess(args);
    const before = this.#side.fuelUsed();
    const result = passesBits(signature)
      ? { bits: callWithBits(item, signature, args.map(bitsOf)) }
      : { values: listOf(item(...args.map(toJs))) };
    this.fuel += this.#side.fuelUsed() - before;
    return result;
  }

  #assertReturn({ action, expected = [] }) {
    const { bits, values } = this.#act(action);
    const found = bits ?? values;
    const matches = bits === undefined ? matchesJs : matchesBits;
    if (found.length === expected.length && expected.every((one, at) => matches(one, found[at]))) return;
    throw new End('failed', `got ${found.map(String)}, expected ${JSON.stringify(expected)}`);
  }

  #assertRefused({ module_type: form, filename }) {
    if (form === 'text') throw new End('skipped', 'a module that is given as text');
    const bytes = this.#bytes(filename);
    try {
      this.#side.check(bytes);
    } catch (error) {
      if (error.code === 'internal/invariant') throw error;
      return;
    }
    throw new End('failed', 'it was accepted');
  }

  #expect({ type }, work) {
    let thrown;
    try {
      work();
    } catch (error) {
      thrown = error;
    }
    if (thrown === undefined) throw new End('failed', 'it did not fail');
    if (thrown instanceof End || thrown instanceof NotInJavaScript || !ERRORS[type](thrown)) throw thrown;
    return thrown.message;
  }

  #bytes(file) {
    return new Uint8Array(readFileSync(join(this.#folder, file)));
  }
}

function fileOf({ binary_filename: binary, filename }) {
  return binary ?? filename;
}

function signaturesOf(bytes) {
  try {
    return moduleTypes(bytes).exports;
  } catch {
    return new Map();
  }
}

/** Without a signature, values go through JavaScript. */
function guess(args) {
  return { params: typesOf(args), results: ['externref'] };
}

function listOf(result) {
  if (result === undefined) return [];
  return Array.isArray(result) ? result : [result];
}
