import { partsOf } from './type-facts.ts';
import type { Extern, Template, TypeSpace } from './type-space.ts';
import type { FunctionType, ResourceType, ValueType } from './types.ts';

/** The resources that component types among some externs mention though they come from outside of those types. */
export function freeResources(space: TypeSpace, externs: Iterable<Extern>): ReadonlySet<ResourceType> {
  const found = new Set<ResourceType>();
  for (const template of templatesIn(externs)) {
    if (template.oldestResource >= template.start) continue;
    for (const resource of new Search(space, template.start).in(template)) {
      found.add(template.outer === undefined ? resource : template.outer.resource(resource));
    }
  }
  return found;
}

function* templatesIn(externs: Iterable<Extern>): Iterable<Template> {
  for (const extern of externs) {
    if (extern.kind === 'component') yield extern.template;
    else if (extern.kind === 'instance') yield* templatesIn(extern.instance.exports.values());
    else if (extern.kind === 'definition' && extern.definition.kind === 'component') yield extern.definition.template;
  }
}

/** Looks for the resources older than a template in what it declares. What mentions none is passed over. */
class Search {
  readonly #space: TypeSpace;
  readonly #start: number;
  readonly #seen = new Set<object>();
  readonly #found = new Set<ResourceType>();

  constructor(space: TypeSpace, start: number) {
    this.#space = space;
    this.#start = start;
  }

  in({ imports, exports }: Template): ReadonlySet<ResourceType> {
    this.#externs([...imports.values(), ...exports.values()]);
    return this.#found;
  }

  #externs(externs: Iterable<Extern>): void {
    for (const extern of externs) this.#extern(extern);
  }

  #extern(extern: Extern): void {
    this.#space.charge(1);
    switch (extern.kind) {
      case 'resource':
        return this.#resource(extern.resource);
      case 'func':
        return this.#func(extern.type);
      case 'type':
      case 'value':
        return this.#type(extern.type);
      case 'instance':
        return this.#externs(extern.instance.exports.values());
      case 'component':
        return this.#template(extern.template);
      case 'definition':
        return extern.definition.kind === 'func'
          ? this.#func(extern.definition.type)
          : this.#template(extern.definition.template);
      case 'module':
        return;
    }
  }

  #template({ imports, exports, oldestResource }: Template): void {
    if (oldestResource < this.#start) this.#externs([...imports.values(), ...exports.values()]);
  }

  #func({ params, result }: FunctionType): void {
    for (const param of params) this.#type(param.type);
    if (result !== undefined) this.#type(result);
  }

  #type(type: ValueType): void {
    if (this.#seen.has(type) || this.#space.factsOf(type).oldestResource >= this.#start) return;
    this.#seen.add(type);
    this.#space.charge(1);
    if (type.kind === 'own' || type.kind === 'borrow') this.#resource(type.resource);
    for (const part of partsOf(type)) this.#type(part);
  }

  #resource(resource: ResourceType): void {
    if (this.#space.birthOf(resource) < this.#start) this.#found.add(resource);
  }
}
