import { Comparison } from './compare.ts';
import { moduleMismatch } from './core-match.ts';
import { article, malformed, quote } from './reader.ts';
import { Remapper } from './remap.ts';
import {
  type DescribingType,
  describeExtern,
  type Extern,
  type Externs,
  type Instance,
  type Template,
  type TypeSpace,
} from './type-space.ts';
import type { FunctionType } from './types.ts';

/** A substitution that is found by putting what is given in the place of what is expected. */
export class Binder extends Remapper {
  /**
   * Puts what is given in the place of what is expected, checks that it fits, and replaces the expected types by the
   * given ones from here on. Throws `component/malformed` when it does not fit.
   */
  bind(name: string, expected: Extern, given: Extern | undefined): void {
    if (given === undefined) throw this.#mismatch(name, expected, 'nothing');
    this.space.charge(1);
    switch (expected.kind) {
      case 'resource':
        return this.#bindResource(name, expected, this.#sameKind(name, expected, given));
      case 'type':
        return this.#bindType(name, expected, this.#sameKind(name, expected, given));
      case 'instance':
        return this.#bindItems(name, expected.instance.exports, this.#sameKind(name, expected, given).instance.exports);
      case 'func':
        return this.#bindFunc(name, expected, expected.type, this.#sameKind(name, expected, given).type);
      case 'component':
        return this.#bindTemplate(expected.template, this.#sameKind(name, expected, given).template);
      case 'module': {
        const problem = moduleMismatch(this.space, expected.type, this.#sameKind(name, expected, given).type);
        if (problem !== undefined) throw malformed(this.space.at, `${problem} of the module ${quote(name)}`);
        return;
      }
      case 'value':
        if (new Comparison(this.space).types(this.type(expected.type), this.#sameKind(name, expected, given).type)) return;
        throw this.#mismatch(name, expected, 'a value of another type');
      case 'definition':
        return this.#bindDefinition(name, expected, this.#sameKind(name, expected, given).definition);
    }
  }

  #sameKind<E extends Extern>(name: string, expected: E, given: Extern): E {
    if (expected.kind === given.kind) return given as E; // members of the union differ in their kind
    throw this.#mismatch(name, expected, describeExtern(given));
  }

  #bindItems(name: string, expected: Externs, given: Externs): void {
    for (const [key, inner] of expected) this.bind(`${name}.${key}`, inner, given.get(key));
  }

  #bindFunc(name: string, expected: Extern, wanted: FunctionType, given: FunctionType): void {
    if (new Comparison(this.space).funcs(this.func(wanted), given)) return;
    throw this.#mismatch(name, expected, 'a function of another type');
  }

  #bindResource(name: string, expected: Extern & { kind: 'resource' }, given: Extern & { kind: 'resource' }): void {
    if (expected.fresh && !this.knows(expected.resource)) this.replaceResource(expected.resource, given.resource);
    else if (this.resource(expected.resource) !== given.resource) throw this.#mismatch(name, expected, 'another resource');
    this.replaceName(expected.nameId, given.nameId);
  }

  #bindType(name: string, expected: Extern & { kind: 'type' }, given: Extern & { kind: 'type' }): void {
    if (!new Comparison(this.space).types(this.type(expected.type), given.type)) {
      throw this.#mismatch(name, expected, 'a type of another shape');
    }
    // INVARIANT: same shape, so types made from the old one before this stay right; new ones get the given one's name.
    this.replaceType(expected.type, given.type);
  }

  #bindDefinition(name: string, expected: Extern & { kind: 'definition' }, given: DescribingType): void {
    const { definition } = expected;
    if (definition.kind !== given.kind) throw this.#mismatch(name, expected, `${article(given.kind)} type`);
    if (definition.kind === 'func' && given.kind === 'func') this.#bindFunc(name, expected, definition.type, given.type);
    else if (definition.kind !== 'func' && given.kind !== 'func') this.#bindTemplate(definition.template, given.template);
  }

  /**
   * Whoever instantiates the expected component gives it what that imports. So the given one has to be content with those
   * imports, and what it then exports has to fit.
   */
  #bindTemplate(expected: Template, given: Template): void {
    const wanted = this.template(expected);
    const inner = new Binder(this.space, wanted.start, wanted.outer);
    const instance = instantiate(this.space, given, inner.externs(wanted.imports));
    for (const [name, extern] of wanted.exports) inner.bind(name, extern, instance.exports.get(name));
  }

  #mismatch(name: string, expected: Extern, found: string): Error {
    return malformed(this.space.at, `expected ${describeExtern(expected)} for ${quote(name)}, found ${found}`);
  }
}

/** Instantiates a template: its imports are bound to the arguments, what it declares itself becomes fresh. */
export function instantiate(space: TypeSpace, template: Template, args: Externs): Instance {
  const binder = new Binder(space, template.start, template.outer);
  for (const [name, expected] of template.imports) {
    const given = args.get(name);
    if (given === undefined) throw malformed(space.at, `expected an argument for the import ${quote(name)}`);
    binder.bind(name, expected, given);
  }
  return space.instance(binder.externs(template.exports));
}
