import { resourceOfName, UniqueNames } from './names.ts';
import { article, malformed, quote } from './reader.ts';
import type { Scope } from './scope.ts';
import type { Extern, Externs } from './type-space.ts';
import type { ResourceType, ValueType } from './types.ts';

/** The imports and exports of one scope; names are unique within each. */
export class Declarations {
  readonly imports = new Map<string, Extern>();
  readonly exports = new Map<string, Extern>();
  readonly #importNames = new UniqueNames();
  readonly #exportNames = new UniqueNames();

  addImport(name: string, extern: Extern, offset: number): void {
    checkAnnotation(name, extern, this.imports, offset);
    this.#importNames.add(name, offset, 'an import name');
    this.imports.set(name, extern);
  }

  addExport(name: string, extern: Extern, offset: number): void {
    checkAnnotation(name, extern, this.exports, offset);
    this.#exportNames.add(name, offset, 'an export name');
    this.exports.set(name, extern);
  }
}

/** Adds what an import or export brings to the index space of its sort. */
export function addToScope(scope: Scope, extern: Extern): void {
  switch (extern.kind) {
    case 'func':
      scope.funcs.push(extern.type);
      return;
    case 'type':
      scope.types.push({ kind: 'value', type: extern.type });
      return;
    case 'resource':
      scope.types.push({ kind: 'resource', resource: extern.resource });
      return;
    case 'instance':
      scope.instances.push(extern.instance);
      return;
    case 'component':
      scope.components.push(extern.template);
      return;
    case 'definition':
      scope.types.push(extern.definition);
      return;
    case 'module':
      scope.add('core module');
      return;
    case 'value':
      scope.add('value');
      return;
  }
}

/**
 * Checks that a name like `[method]r.m` is a function's, and that the function belongs to the resource `r` declared
 * before it. Source: component model, Binary.md, notes on import and export definitions.
 */
function checkAnnotation(name: string, extern: Extern, before: Externs, offset: number): void {
  if (!name.startsWith('[')) return;
  if (extern.kind !== 'func') {
    throw malformed(offset, `expected a function for the name ${quote(name)}, found ${article(extern.kind)}`);
  }
  const owner = resourceOfName(name);
  if (owner === undefined) return;
  const declared = before.get(owner);
  if (declared?.kind !== 'resource') {
    throw malformed(offset, `expected a resource ${quote(owner)} before the function ${quote(name)}, found none`);
  }
  const { params, result } = extern.type;
  const isMethod = name.startsWith('[method]') || name.startsWith('[async method]');
  if (isMethod && !(params[0]?.name === 'self' && isHandle(params[0].type, 'borrow', declared.resource))) {
    throw malformed(offset, `expected the first parameter of ${quote(name)} to be \`self: borrow<${owner}>\``);
  }
  const made = result?.kind === 'result' ? result.ok : result;
  if (name.startsWith('[constructor]') && !isHandle(made, 'own', declared.resource)) {
    throw malformed(offset, `expected ${quote(name)} to return an owned handle of its resource`);
  }
}

function isHandle(type: ValueType | undefined, kind: 'own' | 'borrow', resource: ResourceType): boolean {
  return type?.kind === kind && (type.kind === 'own' || type.kind === 'borrow') && type.resource === resource;
}
