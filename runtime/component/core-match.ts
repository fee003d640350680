import { type CoreExtern, type CoreInstanceType, type CoreLimits, type CoreModuleType, describeCoreFunc } from './core-types.ts';
import { article, malformed, quote } from './reader.ts';
import type { TypeSpace } from './type-space.ts';

/**
 * Why a core item cannot stand where another is expected, as `expected …, found …`; `undefined` when it can.
 *
 * Function, global and table types must be equal, sizes may be more than asked for. (References have subtypes, too, but
 * the only ones without a defined type are those of null.)
 * Source: WebAssembly core specification, Import Matching.
 */
export function coreMismatch(expected: CoreExtern, given: CoreExtern): string | undefined {
  if (expected.kind !== given.kind) return differ(article(expected.kind), article(given.kind));
  switch (expected.kind) {
    case 'func':
    case 'tag': {
      const { type } = given as typeof expected; // the kinds were just compared
      return expected.type === type ? undefined : differ(describeCoreFunc(expected.type), describeCoreFunc(type));
    }
    case 'global': {
      const { type, mutable } = given as typeof expected;
      if (expected.mutable !== mutable) return differ(mutability(expected.mutable), mutability(mutable));
      return expected.type === type ? undefined : differ(`a global of ${expected.type}`, type);
    }
    case 'table': {
      const { element, limits } = given as typeof expected;
      if (expected.element !== element) return differ(`a table of ${expected.element}`, element);
      return limitsMismatch('table', expected.limits, limits);
    }
    case 'memory':
      return limitsMismatch('memory', expected.limits, (given as typeof expected).limits);
  }
}

function limitsMismatch(what: string, expected: CoreLimits, given: CoreLimits): string | undefined {
  if (expected.isShared !== given.isShared) return differ(shared(expected.isShared, what), shared(given.isShared, what));
  if (expected.is64 !== given.is64) return differ(`a ${what} with ${bits(expected)} addresses`, bits(given));
  if (expected.pageBits !== given.pageBits) return differ(`pages of 2^${expected.pageBits} bytes`, `2^${given.pageBits}`);
  if (given.min < expected.min) return differ(`a ${what} of at least ${expected.min}`, `${given.min}`);
  if (expected.max === undefined || (given.max !== undefined && given.max <= expected.max)) return undefined;
  return differ(`a ${what} of at most ${expected.max}`, given.max === undefined ? 'no maximum' : `${given.max}`);
}

function differ(expected: string, found: string): string {
  return `expected ${expected}, found ${found}`;
}

function mutability(mutable: boolean): string {
  return mutable ? 'a mutable global' : 'an immutable global';
}

function shared(isShared: boolean, what: string): string {
  return isShared ? `a shared ${what}` : `an unshared ${what}`;
}

function bits({ is64 }: CoreLimits): string {
  return is64 ? '64-bit' : '32-bit';
}

/**
 * Why a module cannot stand where one of another type is expected: it may import less and export more.
 * The cost is charged to the item budget.
 */
export function moduleMismatch(space: TypeSpace, expected: CoreModuleType, given: CoreModuleType): string | undefined {
  if (expected === given) return undefined;
  space.charge(expected.size + given.size);
  for (const [module, fields] of given.imports) {
    for (const [name, wanted] of fields) {
      const offered = expected.imports.get(module)?.get(name);
      const problem = offered === undefined ? `expected no import` : coreMismatch(wanted, offered);
      if (problem !== undefined) return `${problem} for the core import ${quote(name)} of ${quote(module)}`;
    }
  }
  for (const [name, wanted] of expected.exports) {
    const found = given.exports.get(name);
    const problem = found === undefined ? `expected ${article(wanted.kind)}, found nothing` : coreMismatch(wanted, found);
    if (problem !== undefined) return `${problem} for the core export ${quote(name)}`;
  }
  return undefined;
}

/**
 * Checks that instances meet all imports of a module.
 * @throws CodedError `component/malformed`, with `offset`.
 */
export function checkCoreArguments(
  space: TypeSpace,
  module: CoreModuleType,
  args: ReadonlyMap<string, CoreInstanceType>,
  offset: number,
): void {
  space.charge(module.size);
  for (const [from, fields] of module.imports) {
    const instance = args.get(from);
    if (instance === undefined)
      throw malformed(offset, `expected an argument for the core module name ${quote(from)}, found none`);
    for (const [name, wanted] of fields) {
      const given = instance.get(name);
      const problem = given === undefined ? `expected ${article(wanted.kind)}, found nothing` : coreMismatch(wanted, given);
      if (problem !== undefined) throw malformed(offset, `${problem} for the core import ${quote(name)} of ${quote(from)}`);
    }
  }
}
