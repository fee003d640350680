/** A JSON number as it was written, so that 64-bit integers stay exact. `text` follows the grammar of RFC 8259. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Keys in source order. A `Map`, so that `__proto__` is a key like any other. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** What `parseJson` gives: everything exact, nothing with a prototype that input could reach. */
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;
