import { checkAttributes, type ExternName } from './extern-names.ts';
import { freeResources } from './free-resources.ts';
import { resourceOfName, UniqueNames } from './names.ts';
import { article, malformed, quote } from './reader.ts';
import type { Scope } from './scope.ts';
import type { Extern, Externs, TypeSpace } from './type-space.ts';
import type { ValueType } from './types.ts';
import { Visibility } from './visibility.ts';

/** The imports and exports of one scope, checked as they come; names are unique within each. */
export class Declarations {
  readonly imports = new Map<string, Extern>();
  readonly exports = new Map<string, Extern>();
  readonly #scope: Scope;
  readonly #importNames = new UniqueNames();
  readonly #exportNames = new UniqueNames();
  /** Absent in instance types: what they hold is checked where an instance of the type is imported or exported. */
  readonly #visibility: Visibility | undefined;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#visibility = scope.kind === 'instance type' ? undefined : new Visibility(scope.space);
  }

  /** @param named - what becomes of it, where that is a copy that knows where its types were declared. */
  addImport(name: ExternName, declared: Extern, named: Extern = declared): void {
    checkName(this.#scope.space, name, declared, this.imports);
    this.#importNames.add(name.name, name.offset, 'an import name');
    if (this.#visibility?.import(declared) === false) throw invisible(name, 'imported');
    if (named !== declared) this.#visibility?.copied(named, true);
    this.imports.set(name.name, named);
  }

  /** As `addImport`. */
  addExport(name: ExternName, declared: Extern, named: Extern = declared): void {
    checkName(this.#scope.space, name, declared, this.exports);
    this.#exportNames.add(name.name, name.offset, 'an export name');
    if (this.#visibility?.export(declared) === false) throw invisible(name, 'imported or exported');
    if (named !== declared) this.#visibility?.copied(named, false);
    this.exports.set(name.name, named);
  }

  /** After the last declaration: component types, too, can only mention resources that are visible. */
  finish(offset: number): void {
    this.#checkComponentTypes(this.imports, 'imported', offset);
    this.#checkComponentTypes(this.exports, 'exported', offset);
  }

  #checkComponentTypes(externs: Externs, how: 'imported' | 'exported', offset: number): void {
    if (this.#visibility === undefined) return;
    const { space, start } = this.#scope;
    for (const resource of freeResources(space, externs.values())) {
      if (space.birthOf(resource) < start || this.#visibility.knows(resource, how === 'imported')) continue;
      throw malformed(offset, `expected ${how} component types to mention resources that are ${how} only, found another`);
    }
  }
}

function invisible({ name, offset }: ExternName, before: 'imported' | 'imported or exported'): Error {
  return malformed(offset, `expected ${quote(name)} to mention types that are ${before} before it only, found another`);
}

/** Adds what an import, export or alias brings to the index space of its sort. An exported value has been used by that. */
export function addToScope(scope: Scope, extern: Extern, isExport = false): void {
  switch (extern.kind) {
    case 'func':
      return scope.add('func', extern.type);
    case 'type':
      return scope.add('type', { kind: 'value', type: extern.type });
    case 'resource':
      return scope.add('type', { kind: 'resource', resource: extern.resource, nameId: extern.nameId });
    case 'instance':
      return scope.add('instance', extern.instance);
    case 'component':
      return scope.add('component', extern.template);
    case 'definition':
      return scope.add('type', extern.definition);
    case 'module':
      return scope.add('core module', extern.type);
    case 'value':
      return scope.add('value', { type: extern.type, used: isExport });
  }
}

/**
 * Checks that the name of an import or export fits what it names: its attributes, and for one like `[method]r.m` that it
 * is a function of the resource `r` declared before it.
 *
 * @param before - the imports, or the exports, of the same scope so far.
 * @throws CodedError `component/malformed`.
 * Source: component model, Binary.md, notes on import and export definitions.
 */
export function checkName(space: TypeSpace, name: ExternName, extern: Extern, before: Externs): void {
  checkAttributes(name, extern);
  if (name.name.startsWith('[')) checkAnnotation(space, name, extern, before);
}

function checkAnnotation(space: TypeSpace, { name, offset }: ExternName, extern: Extern, before: Externs): void {
  if (extern.kind !== 'func') {
    throw malformed(offset, `expected a function for the name ${quote(name)}, found ${article(extern.kind)}`);
  }
  const owner = resourceOfName(name);
  if (owner === undefined) return;
  const declared = before.get(owner);
  if (declared?.kind !== 'resource') {
    throw malformed(offset, `expected a resource ${quote(owner)} before the function ${quote(name)}, found none`);
  }
  const { params, result, isAsync } = extern.type;
  const isHandle = (type: ValueType | undefined, kind: 'own' | 'borrow'): boolean =>
    type !== undefined && type.kind === kind && space.factsOf(type).nameId === declared.nameId;
  const isMethod = name.startsWith('[method]') || name.startsWith('[async method]');
  if (isMethod && !(params[0]?.name === 'self' && isHandle(params[0].type, 'borrow'))) {
    throw malformed(offset, `expected the first parameter of ${quote(name)} to be \`self: borrow<${owner}>\``);
  }
  if (!name.startsWith('[constructor]')) return;
  if (isAsync) throw malformed(offset, `expected ${quote(name)} to be synchronous`);
  if (!isHandle(result?.kind === 'result' ? result.ok : result, 'own')) {
    throw malformed(offset, `expected ${quote(name)} to return an owned handle of its resource`);
  }
}
