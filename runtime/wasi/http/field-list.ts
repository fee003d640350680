import { CodedError } from '../../error.ts';
import type { HttpMemory } from './memory.ts';

/** Bytes of all names and values of one list. Source: the default of wasmtime-wasi-http. */
export const FIELDS_BYTES_MAX = 128 * 1024;

/** Counted for an entry beside its name and value. */
const ENTRY_BYTES = 32;

/** A header or trailer; `lowerName` is what names are compared by. */
export interface Field {
  readonly name: string;
  readonly lowerName: string;
  readonly value: Uint8Array;
}

/**
 * Names and values in their order. Several resources may hold one list (a request and its `headers`); its memory is given back when
 * the last of them lets go.
 */
export class FieldList {
  readonly #memory: HttpMemory;
  #fields: Field[] = [];
  #bytes = 0;
  #holders = 1;

  /** Held once, by whoever made it. */
  constructor(memory: HttpMemory) {
    this.#memory = memory;
  }

  get fields(): readonly Field[] {
    return this.#fields;
  }

  hold(): this {
    this.#holders += 1;
    return this;
  }

  letGo(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#memory.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#fields = [];
  }

  /** @throws CodedError `limit/host-calls`. */
  append(name: string, value: Uint8Array): void {
    const bytes = fieldBytes(name, value);
    const used = this.#bytes + bytes;
    if (used > FIELDS_BYTES_MAX) {
      throw new CodedError('limit/host-calls', `the headers have ${used} bytes, more than ${FIELDS_BYTES_MAX}`, {
        data: { limit: FIELDS_BYTES_MAX, used },
      });
    }
    this.#memory.take(bytes);
    this.#bytes = used;
    this.#fields.push({ name, lowerName: name.toLowerCase(), value });
  }

  remove(lowerName: string): void {
    const kept = this.#fields.filter((field) => field.lowerName !== lowerName);
    if (kept.length === this.#fields.length) return;
    const bytes = kept.reduce((sum, { name, value }) => sum + fieldBytes(name, value), 0);
    this.#memory.giveBack(this.#bytes - bytes);
    this.#bytes = bytes;
    this.#fields = kept;
  }

  values(lowerName: string): Uint8Array[] {
    return this.#fields.filter((field) => field.lowerName === lowerName).map(({ value }) => value);
  }

  copy(): FieldList {
    const list = new FieldList(this.#memory);
    for (const { name, value } of this.#fields) list.append(name, value);
    return list;
  }
}

/** What an entry counts. */
export function fieldBytes(name: string, value: Uint8Array): number {
  return ENTRY_BYTES + name.length + value.length;
}
