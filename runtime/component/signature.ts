import type { FunctionType, ValueType } from './types.ts';

/** Characters of a signature. A binary can name 65,536 parts of 4,096 bytes each; what people write has some hundreds. */
const SIGNATURE_CHARS_MAX = 64 * 1024;

/**
 * A function's signature as one line in which every named type is written out, such as
 * `func(level: enum { debug, error }, message: string) -> u32`: equal lines mean equal types, whatever they are called.
 *
 * A line that would be longer than 65,536 characters is cut and ends in `…`, which makes it equal to none that is served.
 */
export function signatureOf(type: FunctionType): string {
  const line = new Line();
  line.add(type.isAsync ? 'async func(' : 'func(');
  line.list(type.params, (param) => line.add(param.name, ': ').type(param.type));
  line.add(')');
  if (type.result !== undefined) line.add(' -> ').type(type.result);
  return line.text();
}

/** A line under construction; what is added to a full one is left out. */
class Line {
  #text = '';
  #full = false;

  text(): string {
    return this.#full ? `${this.#text}…` : this.#text;
  }

  add(...parts: readonly string[]): this {
    for (const part of parts) {
      if (this.#full) break;
      this.#full = this.#text.length + part.length > SIGNATURE_CHARS_MAX;
      if (!this.#full) this.#text += part;
    }
    return this;
  }

  list<T>(items: readonly T[], each: (item: T) => void): this {
    for (let at = 0; at < items.length && !this.#full; at++) {
      if (at > 0) this.add(', ');
      each(items[at] as T); // in range
    }
    return this;
  }

  /** A type by its parts alone. */
  type(type: ValueType): this {
    switch (type.kind) {
      case 'list':
        return type.isMap ? this.#arguments('map', mapParts(type.element)) : this.#arguments('list', [type.element]);
      case 'option':
        return this.#arguments('option', [type.some]);
      case 'tuple':
        return this.#arguments('tuple', type.items);
      case 'result':
        return this.#arguments('result', [type.ok, type.err]);
      case 'record':
        return this.add('record { ')
          .list(type.fields, (field) => this.add(field.name, ': ').type(field.type))
          .add(' }');
      case 'variant':
        return this.add('variant { ')
          .list(type.cases, (item) =>
            item.type === undefined ? this.add(item.name) : this.add(item.name, '(').type(item.type).add(')'),
          )
          .add(' }');
      case 'enum':
      case 'flags':
        return this.add(type.kind, ' { ')
          .list(type.names, (name) => this.add(name))
          .add(' }');
      case 'own':
      case 'borrow':
        return this.add(type.kind, '<', type.resource.name, '>');
      case 'unsupported':
        return this.add(type.what);
      default:
        return this.add(type.kind);
    }
  }

  #arguments(name: string, types: readonly (ValueType | undefined)[]): this {
    return this.add(name, '<')
      .list(types, (type) => (type === undefined ? this.add('_') : this.type(type)))
      .add('>');
  }
}

/** A map's key and value: its elements are pairs. */
function mapParts(pair: ValueType): readonly ValueType[] {
  return pair.kind === 'tuple' ? pair.items : [pair];
}
