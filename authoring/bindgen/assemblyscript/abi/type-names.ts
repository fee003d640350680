import { partsOf, type ValueType } from '../../../../runtime/index.ts';
import { identityOf, isNominal, type Model } from '../model.ts';
import { bareName } from '../names.ts';

/** The title of a tuple is cut here. */
const TUPLE_TITLE_CHARS_MAX = 80;

/** Tells types apart, and calls them by names. */
export class TypeNames {
  readonly #model: Model;
  readonly #ids = new Map<object, number>();

  constructor(model: Model) {
    this.#model = model;
  }

  /** The same text for types whose values are the same to AssemblyScript and to the ABI, and for no others. */
  key(type: ValueType): string {
    if (isNominal(type)) return `${type.kind}#${this.#id(identityOf(type))}`;
    if (type.kind === 'own' || type.kind === 'borrow') return `${type.kind}#${this.#id(type.resource)}`;
    if (type.kind === 'result')
      return `result<${[type.ok, type.err].map((side) => (side === undefined ? '_' : this.key(side))).join()}>`;
    const own = type.kind === 'unsupported' ? `${type.length ?? ''}` : type.kind === 'list' && type.isMap === true ? 'map' : '';
    const inner = partsOf(type);
    return inner.length === 0 && own === '' ? type.kind : `${type.kind}${own}<${inner.map((part) => this.key(part)).join()}>`;
  }

  /** How a type is called in names of functions: `ListOfPodSummary`. Different types may have the same. */
  title(type: ValueType): string {
    if (isNominal(type)) return this.#model.ownerOf(type).declared.name;
    switch (type.kind) {
      case 'own':
      case 'borrow':
        return bareName(type.resource.name);
      case 'list':
        return `${type.isMap === true ? 'Map' : 'List'}Of${this.title(type.element)}`;
      case 'option':
        return `OptionOf${this.title(type.some)}`;
      case 'result':
        return `ResultOf${this.#side(type.ok)}Or${this.#side(type.err)}`;
      case 'tuple':
        return `TupleOf${type.items.map((item) => this.title(item)).join('And')}`.slice(0, TUPLE_TITLE_CHARS_MAX);
      case 'unsupported':
        return `${type.length ?? ''}Of${type.parts?.[0] === undefined ? '' : this.title(type.parts[0])}`;
      default:
        return bareName(type.kind);
    }
  }

  #side(type: ValueType | undefined): string {
    return type === undefined ? 'Unit' : this.title(type);
  }

  #id(object: object): number {
    const id = this.#ids.get(object) ?? this.#ids.size;
    this.#ids.set(object, id);
    return id;
  }
}
