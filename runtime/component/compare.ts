import type { TypeSpace } from './type-space.ts';
import type { FunctionType, Param, ValueType } from './types.ts';

/** Compares the structure of two types; names of types do not count, names of fields and parameters do. */
export class Comparison {
  readonly #space: TypeSpace;
  readonly #same = new Map<ValueType, ValueType>();

  constructor(space: TypeSpace) {
    this.#space = space;
  }

  funcs(a: FunctionType, b: FunctionType): boolean {
    if (a === b) return true;
    this.#space.charge(a.params.length);
    return (
      a.isAsync === b.isAsync &&
      a.params.length === b.params.length &&
      a.params.every((param, index) => {
        const other = b.params[index] as Param; // same length
        return param.name === other.name && this.types(param.type, other.type);
      }) &&
      this.#optional(a.result, b.result)
    );
  }

  types(a: ValueType, b: ValueType): boolean {
    if (a === b || this.#same.get(a) === b) return true;
    this.#space.charge(1);
    const same = this.#parts(a, b);
    if (same) this.#same.set(a, b);
    return same;
  }

  #all(a: readonly ValueType[], b: readonly ValueType[]): boolean {
    this.#space.charge(a.length);
    return a.length === b.length && a.every((item, index) => this.types(item, b[index] as ValueType)); // same length
  }

  #optional(a: ValueType | undefined, b: ValueType | undefined): boolean {
    return a === undefined || b === undefined ? a === b : this.types(a, b);
  }

  #parts(a: ValueType, b: ValueType): boolean {
    if (a.kind === 'list' && b.kind === 'list') return a.isMap === b.isMap && this.types(a.element, b.element);
    if (a.kind === 'option' && b.kind === 'option') return this.types(a.some, b.some);
    if (a.kind === 'result' && b.kind === 'result') return this.#optional(a.ok, b.ok) && this.#optional(a.err, b.err);
    if ((a.kind === 'own' || a.kind === 'borrow') && a.kind === b.kind) return a.resource === b.resource;
    if (a.kind === 'unsupported' && b.kind === 'unsupported') {
      return a.what === b.what && a.length === b.length && this.#all(a.parts ?? [], b.parts ?? []);
    }
    if ((a.kind === 'enum' || a.kind === 'flags') && a.kind === b.kind) {
      this.#space.charge(a.names.length);
      return a.names.length === b.names.length && a.names.every((name, index) => name === b.names[index]);
    }
    if (a.kind === 'tuple' && b.kind === 'tuple') return this.#all(a.items, b.items);
    if (a.kind === 'record' && b.kind === 'record') return this.#labelled(a.fields, b.fields);
    if (a.kind === 'variant' && b.kind === 'variant') return this.#labelled(a.cases, b.cases);
    return a.kind === b.kind;
  }

  #labelled(a: readonly { name: string; type?: ValueType }[], b: readonly { name: string; type?: ValueType }[]): boolean {
    if (a.length !== b.length) return false;
    this.#space.charge(a.length);
    return a.every((one, index) => {
      const other = b[index] as { name: string; type?: ValueType }; // same length
      return one.name === other.name && this.#optional(one.type, other.type);
    });
  }
}
