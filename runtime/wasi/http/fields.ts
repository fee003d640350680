import type * as Http from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';
import { HostResource, type WasiContext } from '../context.ts';
import type { FieldList } from './field-list.ts';
import { isFieldValue, isForbiddenHeader, isToken } from './syntax.ts';

/** `wasi:http/types` `fields`: headers or trailers, with their names as the guest wrote them. */
export class Fields extends HostResource implements Http.Fields {
  readonly #list: FieldList;
  readonly #mutable: boolean;

  /** @param list - held by this resource from now on. */
  constructor(context: WasiContext, list: FieldList, mutable: boolean) {
    super(context);
    this.#list = list;
    this.#mutable = mutable;
  }

  get(name: string): Uint8Array[] {
    return this.call(() => this.#list.values(name.toLowerCase()));
  }

  has(name: string): boolean {
    return this.call(() => this.#list.values(name.toLowerCase()).length > 0);
  }

  set(name: string, values: Uint8Array[]): void {
    this.call(() => {
      checkName(name);
      for (const value of values) checkValue(value);
      const list = this.#changeable();
      list.remove(name.toLowerCase());
      for (const value of values) list.append(name, value);
    });
  }

  delete(name: string): void {
    this.call(() => {
      checkName(name);
      this.#changeable().remove(name.toLowerCase());
    });
  }

  append(name: string, value: Uint8Array): void {
    this.call(() => {
      checkName(name);
      checkValue(value);
      this.#changeable().append(name, value);
    });
  }

  entries(): [string, Uint8Array][] {
    return this.call(() => this.#list.fields.map(({ name, value }) => [name, value]));
  }

  clone(): Fields {
    return this.call(() => new Fields(this.context, this.#list.copy(), true));
  }

  protected override release(): void {
    this.#list.letGo();
  }

  #changeable(): FieldList {
    if (!this.#mutable) throw headerError('immutable');
    return this.#list;
  }

  /** For the host: ends the resource, whose list the caller holds from then on. */
  static consume(fields: Fields): FieldList {
    const list = fields.#list.hold();
    fields[Symbol.dispose]();
    return list;
  }

  /** For the host: `from-list`. Throws a header error (a plain object). @param list - empty; held by the new resource, or let go. */
  static fromEntries(context: WasiContext, list: FieldList, entries: readonly (readonly [string, Uint8Array])[]): Fields {
    try {
      for (const [name, value] of entries) {
        checkName(name);
        checkValue(value);
        list.append(name, value);
      }
      return new Fields(context, list, true);
    } catch (thrown) {
      list.letGo();
      throw thrown;
    }
  }
}

function checkName(name: string): void {
  if (!isToken(name)) throw headerError('invalid-syntax');
  if (isForbiddenHeader(name.toLowerCase())) throw headerError('forbidden');
}

function checkValue(value: Uint8Array): void {
  if (!isFieldValue(value)) throw headerError('invalid-syntax');
}

function headerError(tag: Http.HeaderError['tag']): Http.HeaderError {
  return { tag };
}
