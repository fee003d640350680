import type { ComponentDescription } from './description.ts';
import { partsOf } from './type-facts.ts';
import type { FunctionType, InterfaceItem, ResourceType, ValueType, WorldItem } from './types.ts';

/*
 * Description of a component as JSON text, for the way between processes. Types and resources are nodes in lists, named by their
 * place: sharing and identity survive. A type's parts come before it, so that no cycle can be written.
 */

interface Wire {
  readonly digest: string;
  readonly nestedComponents: number;
  readonly docs?: string;
  readonly asyncAbi?: true;
  readonly jcoRefuses?: string;
  readonly resources: readonly ResourceType[];
  readonly types: readonly unknown[];
  readonly imports: readonly unknown[];
  readonly exports: readonly unknown[];
}

/** Thread: a runner's main thread. Its reader is in `description-decode.ts`. */
export function encodeDescription(component: ComponentDescription): string {
  const writer = new DescriptionWriter();
  const { digest, nestedComponents, docs, asyncAbi, jcoRefuses } = component;
  const imports = component.imports.map((item) => writer.item(item));
  const exports = component.exports.map((item) => writer.item(item));
  const { resources, types } = writer;
  const wire: Wire = {
    digest,
    nestedComponents,
    ...(docs === undefined ? {} : { docs }),
    ...(asyncAbi === undefined ? {} : { asyncAbi }),
    ...(jcoRefuses === undefined ? {} : { jcoRefuses }),
    resources,
    types,
    imports,
    exports,
  };
  return JSON.stringify(wire);
}

class DescriptionWriter {
  readonly types: unknown[] = [];
  readonly resources: ResourceType[] = [];
  readonly #types = new Map<ValueType, number>();
  readonly #resources = new Map<ResourceType, number>();

  item(item: WorldItem | InterfaceItem): unknown {
    if (item.kind === 'interface') return { ...item, items: item.items.map((inner) => this.item(inner)) };
    if (item.kind === 'func') return { ...item, type: this.#function(item.type) };
    if (item.kind === 'type') return { ...item, type: this.#type(item.type) };
    if (item.kind === 'resource') return { ...item, resource: this.#resource(item.resource) };
    return item;
  }

  #function({ params, result, isAsync }: FunctionType): unknown {
    return {
      params: params.map(({ name, type }) => ({ name, type: this.#type(type) })),
      ...(result === undefined ? {} : { result: this.#type(result) }),
      isAsync,
    };
  }

  #type(type: ValueType): number {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    for (const part of partsOf(type)) this.#type(part);
    const at = this.types.push(this.#node(type)) - 1;
    this.#types.set(type, at);
    return at;
  }

  #node(type: ValueType): unknown {
    const named = (part: { readonly type?: ValueType }) =>
      part.type === undefined ? part : { ...part, type: this.#type(part.type) };
    switch (type.kind) {
      case 'list':
        return { ...type, element: this.#type(type.element) };
      case 'record':
        return { ...type, fields: type.fields.map(named) };
      case 'tuple':
        return { ...type, items: type.items.map((item) => this.#type(item)) };
      case 'variant':
        return { ...type, cases: type.cases.map(named) };
      case 'option':
        return { ...type, some: this.#type(type.some) };
      case 'result': {
        const { ok, err, ...rest } = type;
        return {
          ...rest,
          ...(ok === undefined ? {} : { ok: this.#type(ok) }),
          ...(err === undefined ? {} : { err: this.#type(err) }),
        };
      }
      case 'own':
      case 'borrow':
        return { ...type, resource: this.#resource(type.resource) };
      case 'unsupported':
        return type.parts === undefined ? type : { ...type, parts: type.parts.map((part) => this.#type(part)) };
      default:
        return type;
    }
  }

  #resource(resource: ResourceType): number {
    let at = this.#resources.get(resource);
    if (at === undefined) {
      at = this.resources.push(resource) - 1;
      this.#resources.set(resource, at);
    }
    return at;
  }
}
