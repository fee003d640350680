import type { FunctionType } from '../../component/types.ts';
import type { BoundFunction } from '../bindings.ts';
import type { CoreValue } from './codec.ts';
import { enter, enteringSet, leave } from './entry.ts';
import type { Lift } from './link-plan.ts';
import { SCALAR_BYTES, type ScalarBytes, wrongSize } from './scalar-bytes.ts';
import { isScalarKind } from './scalars.ts';
import type { ComponentInstance, Store } from './store.ts';

/** Parameters up to which a function of scalars has a way of its own. */
const PARAMS_MAX = 4;

/** What a function of a few scalars takes and gives, as bytes. */
interface ScalarTypes {
  readonly params: readonly ScalarBytes[];
  /** Bytes of all parameters. */
  readonly size: number;
  readonly result: ScalarBytes | undefined;
}

const known = new WeakMap<FunctionType, ScalarTypes | 'none'>();

function scalarTypes(type: FunctionType): ScalarTypes | undefined {
  let types = known.get(type);
  if (types === undefined) {
    types = find(type) ?? 'none';
    known.set(type, types);
  }
  return types === 'none' ? undefined : types;
}

function find({ params, result }: FunctionType): ScalarTypes | undefined {
  if (params.length > PARAMS_MAX) return undefined;
  const parts: ScalarBytes[] = [];
  for (const { type } of params) {
    if (!isScalarKind(type.kind)) return undefined;
    parts.push(SCALAR_BYTES[type.kind]);
  }
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (result === undefined) return { params: parts, size, result: undefined };
  return isScalarKind(result.kind) ? { params: parts, size, result: SCALAR_BYTES[result.kind] } : undefined;
}

/** A lifted function of a few scalars: `ExportedFunction` without memory, writers and readers. */
export class ScalarExport implements BoundFunction {
  readonly #store: Store;
  readonly #types: ScalarTypes;
  readonly #instance: ComponentInstance;
  readonly #entering: readonly ComponentInstance[];
  /** The only instance that is entered, where there is but one: the usual case. */
  readonly #root: ComponentInstance | undefined;
  readonly #callee: (...core: CoreValue[]) => CoreValue | undefined;
  readonly #core: CoreValue[];
  readonly #result: Uint8Array;

  /** @returns undefined when the function is of another kind, or has a `post-return`. */
  static of(store: Store, lift: Lift): ScalarExport | undefined {
    const types = lift.options.postReturn === undefined ? scalarTypes(lift.type) : undefined;
    return types === undefined ? undefined : new ScalarExport(store, lift, types);
  }

  private constructor(store: Store, lift: Lift, types: ScalarTypes) {
    this.#store = store;
    this.#types = types;
    this.#instance = store.instance(lift.instance);
    this.#entering = enteringSet(store, lift.instance, undefined);
    this.#root = this.#entering.length === 1 ? this.#entering[0] : undefined;
    this.#callee = store.coreFunction(lift.callee) as (...core: CoreValue[]) => CoreValue | undefined; // core values in and out
    this.#core = types.params.map(() => 0);
    this.#result = new Uint8Array(types.result?.size ?? 0);
  }

  lower(params: Uint8Array): readonly CoreValue[] {
    const root = this.#root;
    if (root?.mayEnter && root.mayLeave) root.mayEnter = false;
    else this.#enter();
    this.#instance.context = undefined;
    const { params: parts, size } = this.#types;
    if (params.length !== size) throw this.#store.fail(wrongSize(params.length, size));
    let at = 0;
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]!;
      this.#core[index] = part.read(params, at);
      at += part.size;
    }
    return this.#core;
  }

  #enter(): void {
    this.#store.checkUsable();
    try {
      enter(this.#entering);
    } catch (thrown) {
      throw this.#store.fail(thrown);
    }
  }

  call(lowered: unknown): CoreValue | undefined {
    const core = lowered as CoreValue[]; // what `lower` gave
    try {
      // More arguments than core wasm takes are left out by the engine, which costs more than to count them here.
      switch (core.length) {
        case 0:
          return this.#callee();
        case 1:
          return this.#callee(core[0]!);
        case 2:
          return this.#callee(core[0]!, core[1]!);
        case 3:
          return this.#callee(core[0]!, core[1]!, core[2]!);
        default:
          return this.#callee(core[0]!, core[1]!, core[2]!, core[3]!);
      }
    } catch (thrown) {
      throw this.#store.fail(thrown);
    }
  }

  lift(raw: unknown): Uint8Array {
    // Guest code may have caught what a host function threw; then no instance may leave any more.
    if (!this.#instance.mayLeave) this.#store.checkUsable();
    try {
      this.#types.result?.write(this.#result, 0, raw as CoreValue); // what `call` gave
    } catch (thrown) {
      throw this.#store.fail(thrown);
    }
    if (this.#root !== undefined) this.#root.mayEnter = true;
    else leave(this.#entering);
    return this.#result;
  }
}
