import { ConstantFault, constantOf, sameValue, shown } from './constants.mjs';
import { AssemblyFault, assemble, SkipFault, Subject } from './subject.mjs';

/** Codes by which the project says that a component is not valid. */
const INVALID_CODES = [
  'component/malformed',
  'component/too-large',
  'component/not-a-component',
  'component/invalid-core-module',
];

/** What V8 says when JavaScript is wrong: such an error is a bug of the bindings, never a trap. */
const SCRIPT_FAULT =
  /is not (a function|a constructor|defined|iterable)|of (undefined|null)|Cannot (convert|mix|access|assign|destructure)/;

/**
 * Runs the directives of one file, one after the other. Each gives an item
 * `{line, kind, name?, status, reason?, because?, expected?, found?, by?, poisoned?}`: `status` is `passed`, `failed` or `skipped`;
 * `reason` says why it is not passed, `because` the line of an earlier failure that it follows from; `expected` and `found` are the messages of the file and of the project where it is
 * about a refusal or a trap; `by` is the stage that refused; `poisoned` tells that this process must not go on.
 */
export class FileRun {
  #project;
  #definitions = new Map();
  #instances = new Map();

  constructor(project) {
    this.#project = project;
  }

  async run(directive) {
    const end = await this.#end(directive);
    if (end.status !== 'passed') this.#mark(directive, end);
    return { ...placeOf(directive), ...end };
  }

  /** To be called in place of `run` for a directive that an earlier process did not survive. */
  pass(directive) {
    this.#mark(directive, failed('crashed'));
  }

  async #end(directive) {
    try {
      const { kind, word } = directive;
      return Object.hasOwn(this.#runners, kind) ? await this.#runners[kind](directive) : failed(`unknown directive \`${word}\``);
    } catch (error) {
      return this.#broken(error);
    }
  }

  /** Leaves a mark where the component or instance should be: no older one takes its place. */
  #mark({ kind, id, line }, { status, reason, because }) {
    const mark = new Mark(status, reason, because ?? line);
    if (kind === 'component' || kind === 'instance') this.#keep(this.#instances, id, mark);
    if (kind === 'component' || kind === 'definition') this.#keep(this.#definitions, id, mark);
  }

  #runners = {
    component: async ({ id, source }) => this.#instantiate(id, await this.#define(id, source)),
    definition: async ({ id, source }) => {
      (await this.#define(id, source)).accept();
      return PASSED;
    },
    instance: ({ id, definition }) => this.#instantiate(id, this.#get(this.#definitions, definition, 'component')),
    invoke: (directive) => {
      this.#call(directive);
      return PASSED;
    },
    assert_return: (directive) => this.#assertReturn(directive),
    assert_trap: (directive) => this.#assertTrap(directive),
    assert_exhaustion: (directive) => this.#assertTrap(directive),
    assert_invalid: (directive) => this.#assertRefused(directive),
    assert_malformed: (directive) => this.#assertRefused(directive),
    // Missing imports are refused before bindings have a part in it, by the grants; nor are imports served here.
    assert_unlinkable: () => skipped('whether imports are there is not looked at here'),
    register: () => skipped('an instance cannot be imported here'),
  };

  async #define(id, source) {
    const subject = new Subject(this.#project, await assemble(source));
    subject.checkEngine();
    this.#keep(this.#definitions, id, subject);
    return subject;
  }

  #instantiate(id, subject) {
    this.#keep(this.#instances, id, subject.instantiate());
    return PASSED;
  }

  #keep(map, id, value) {
    map.set(LAST, value);
    if (id !== undefined) map.set(id, value);
  }

  #get(map, id, what) {
    const found = map.get(id ?? LAST);
    if (found === undefined) throw new Missing(`there is no ${what}${id === undefined ? '' : ` \`${id}\``}`);
    if (!(found instanceof Mark)) return found;
    if (found.status === 'skipped') throw new SkipFault(found.reason);
    throw new Missing(`the ${what} of line ${found.line} failed`, found.line);
  }

  #call({ id, name, args }) {
    return this.#get(this.#instances, id, 'instance').call(name, args);
  }

  #assertReturn({ invoke, results }) {
    const { result } = this.#get(this.#instances, invoke.id, 'instance').typeOf(invoke.name);
    if (results.length !== (result === undefined ? 0 : 1)) throw new ConstantFault('the function has another number of results');
    const found = this.#call(invoke);
    if (result === undefined) return PASSED;
    const expected = constantOf(results[0], result);
    return sameValue(found, expected) ? PASSED : failed(`returned ${shown(found)}, expected ${shown(expected)}`);
  }

  async #assertTrap({ kind, invoke, source, message }) {
    const subject = source && new Subject(this.#project, await assemble(source));
    subject?.checkEngine();
    subject?.prepare(); // a refusal is no trap
    let found;
    try {
      if (subject === undefined) found = this.#call(invoke);
      else subject.instantiate();
    } catch (error) {
      if (error instanceof Missing || error instanceof ConstantFault || error instanceof SkipFault) throw error;
      return { ...this.#judgeTrap(error, kind, message), expected: message };
    }
    return { ...failed(`returned ${shown(found)}, expected a trap`), expected: message };
  }

  /** A guest of these tests says by `unreachable` that a check of its own failed: no trap but the one asked for. */
  #judgeTrap(error, kind, message) {
    const ending = this.#project.endingOf(error);
    const found = `${ending.error.code}: ${this.#project.isCoded(error) ? ending.error.message : firstLine(error)}`;
    if (ending.error.code === 'component/unsupported') return { ...skipped(found), found };
    const overflow = ending.error.code === 'limit/stack';
    const traps = overflow || (ending.kind === 'trapped' && kind !== 'assert_exhaustion');
    const ownCheck = ending.error.code === 'trap/unreachable' && !message.includes('unreachable');
    if (!traps || ownCheck || isScriptFault(error)) return { ...failed(`ended with ${found}`), found };
    return { ...PASSED, found };
  }

  async #assertRefused({ source, message }) {
    const expected = message;
    let by = 'assembler';
    try {
      const bytes = await assemble(source);
      by = 'decoder';
      const subject = new Subject(this.#project, bytes);
      by = 'preparing';
      subject.prepare();
    } catch (error) {
      if (error instanceof AssemblyFault && (error.poisoned || source.form !== 'quote')) throw error;
      return { ...this.#judgeRefusal(error), expected, by };
    }
    return { ...failed('was accepted'), expected };
  }

  #judgeRefusal(error) {
    const found = error instanceof AssemblyFault ? error.message : `${error.code ?? error.name}: ${firstLine(error)}`;
    if (error instanceof AssemblyFault || INVALID_CODES.includes(error.code)) return { ...PASSED, found };
    if (error.code === 'component/transpile-failed' && error.data?.poisoned !== true) return { ...PASSED, found };
    return { ...this.#broken(error), found };
  }

  /** What is not as it should be, and is no assertion's own business. */
  #broken(error) {
    if (error instanceof SkipFault) return skipped(error.message);
    if (error instanceof AssemblyFault) return { ...failed(`cannot assemble: ${error.message}`), poisoned: error.poisoned };
    if (error instanceof ConstantFault) return failed(error.message);
    if (error instanceof Missing)
      return { ...failed(error.message), ...(error.because === undefined ? {} : { because: error.because }) };
    const words = `${error?.code ?? error?.name}: ${firstLine(error)}`;
    if (error?.code === 'component/unsupported' || error?.code === 'component/not-callable') return skipped(words);
    return {
      ...failed(words),
      poisoned: error?.data?.poisoned === true,
      ...(this.#project.isCoded(error) ? {} : { stack: error?.stack }),
    };
  }
}

/** What every item says of its directive. */
export function placeOf({ line, kind, name, invoke }) {
  const called = name ?? invoke?.name;
  return { line, kind, ...(called === undefined ? {} : { name: called }) };
}

/** Key of the component or instance that a directive without an id means. */
const LAST = Symbol('last');

const PASSED = { status: 'passed' };

/** Something that a directive above should have made. */
class Missing extends Error {
  /** @param because - line of the directive whose failure it follows from; undefined when there is none. */
  constructor(message, because) {
    super(message);
    this.because = because;
  }
}

/** Stands for a component or instance that could not be made. */
class Mark {
  constructor(status, reason, line) {
    this.status = status;
    this.reason = reason;
    this.line = line;
  }
}

function failed(reason) {
  return { status: 'failed', reason };
}

function skipped(reason) {
  return { status: 'skipped', reason };
}

function isScriptFault(error) {
  return (
    error instanceof ReferenceError ||
    error instanceof SyntaxError ||
    (error instanceof TypeError && SCRIPT_FAULT.test(error.message))
  );
}

function firstLine(error) {
  const words = error instanceof Error ? error.message : shown(error);
  return words.split('\n', 1)[0].slice(0, 300);
}
