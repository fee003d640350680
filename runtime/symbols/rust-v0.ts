const BASIC_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ a: 'i8', b: 'bool', c: 'char', d: 'f64', e: 'str', f: 'f32', h: 'u8', i: 'isize', j: 'usize', l: 'i32', m: 'u32' },
    ...{ n: 'i128', o: 'u128', p: '_', s: 'i16', t: 'u16', u: '()', v: '...', x: 'i64', y: 'u64', z: '!' },
  }),
);

/** Steps of the grammar for one symbol: references back may make short symbols long. */
const STEPS_MAX = 2_000;
const CHARS_MAX = 4_000;
/** Nesting of one symbol. */
const DEPTH_MAX = 100;

/**
 * Reads a Rust symbol of the v0 scheme: `_RNvCs1234_7mycrate3foo` is `mycrate::foo`. Without the hashes of crates, and without lifetimes.
 *
 * @returns undefined for anything else, or what is longer or deeper than names of people's code are.
 * Source: RFC 2603, "Rust symbol name mangling v0".
 */
export function demangleRustV0(symbol: string): string | undefined {
  const start = /^_{0,2}R(?=[A-Z])/.exec(symbol);
  if (start === null) return undefined;
  try {
    return new Demangler(symbol.slice(start[0].length)).symbol();
  } catch (error) {
    if (error instanceof NoSymbol) return undefined;
    throw error;
  }
}

class NoSymbol extends Error {}

class Demangler {
  /** The symbol behind its prefix: references back count from here. */
  readonly #text: string;
  #at = 0;
  #steps = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  symbol(): string {
    return this.#path(true);
  }

  /** @param isValue - generic arguments then have `::` in front. */
  #path(isValue: boolean): string {
    return this.#nested(() => {
      const tag = this.#next();
      if (tag === 'C') return this.#identifier().name;
      if (tag === 'M') return this.#inherentImpl();
      if (tag === 'X') return this.#traitImpl();
      if (tag === 'Y') return `<${this.#type()} as ${this.#path(false)}>`;
      if (tag === 'N') return this.#inNamespace(isValue);
      if (tag === 'I') return `${this.#path(isValue)}${isValue ? '::' : ''}<${this.#until('E', () => this.#genericArgument())}>`;
      if (tag === 'B') return this.#back(() => this.#path(isValue));
      throw new NoSymbol();
    });
  }

  #inherentImpl(): string {
    this.#implPath();
    return `<${this.#type()}>`;
  }

  #traitImpl(): string {
    this.#implPath();
    return `<${this.#type()} as ${this.#path(false)}>`;
  }

  /** Where the impl stands: not shown. */
  #implPath(): void {
    this.#disambiguator();
    this.#path(false);
  }

  #inNamespace(isValue: boolean): string {
    const namespace = this.#next();
    const path = this.#path(isValue);
    const { name, disambiguator } = this.#identifier();
    if (/[a-z]/.test(namespace)) return name === '' ? path : `${path}::${name}`;
    const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
    return `${path}::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`;
  }

  #genericArgument(): string | undefined {
    if (this.#take('L')) {
      this.#base62();
      return undefined; // a lifetime
    }
    return this.#take('K') ? this.#const() : this.#type();
  }

  #type(): string {
    return this.#nested(() => {
      const tag = this.#next();
      const basic = BASIC_TYPES.get(tag);
      if (basic !== undefined) return basic;
      const read = this.#types[tag];
      if (read !== undefined) return read();
      this.#at -= 1;
      return this.#path(false);
    });
  }

  readonly #types: Readonly<Record<string, () => string>> = {
    A: () => `[${this.#type()}; ${this.#const()}]`,
    S: () => `[${this.#type()}]`,
    T: () => this.#tuple(),
    R: () => `&${this.#pastLifetime()}${this.#type()}`,
    Q: () => `&${this.#pastLifetime()}mut ${this.#type()}`,
    P: () => `*const ${this.#type()}`,
    O: () => `*mut ${this.#type()}`,
    F: () => this.#functionType(),
    D: () => this.#dyn(),
    B: () => this.#back(() => this.#type()),
  };

  #tuple(): string {
    const parts = this.#list('E', () => this.#type());
    return parts.length === 1 ? `(${parts[0]},)` : `(${parts.join(', ')})`;
  }

  #functionType(): string {
    if (this.#take('G')) this.#base62();
    const unsafe = this.#take('U') ? 'unsafe ' : '';
    const abi = this.#take('K') ? `extern "${this.#take('C') ? 'C' : this.#plainIdentifier().replaceAll('_', '-')}" ` : '';
    const parameters = this.#until('E', () => this.#type());
    const result = this.#type();
    return `${unsafe}${abi}fn(${parameters})${result === '()' ? '' : ` -> ${result}`}`;
  }

  #dyn(): string {
    if (this.#take('G')) this.#base62();
    const traits = this.#list('E', () => this.#dynTrait());
    if (this.#take('L')) this.#base62();
    return `dyn ${traits.join(' + ')}`;
  }

  #dynTrait(): string {
    const path = this.#path(false);
    const bound: string[] = [];
    while (this.#take('p')) bound.push(`${this.#plainIdentifier()} = ${this.#type()}`);
    if (bound.length === 0) return path;
    return path.endsWith('>') ? `${path.slice(0, -1)}, ${bound.join(', ')}>` : `${path}<${bound.join(', ')}>`;
  }

  #const(): string {
    return this.#nested(() => {
      if (this.#take('B')) return this.#back(() => this.#const());
      if (this.#take('p')) return '_';
      const type = this.#next();
      if (!/[a-z]/.test(type)) throw new NoSymbol(); // constants of structure are not shown
      const sign = this.#take('n') ? '-' : '';
      const digits = this.#match(/[0-9a-f]{0,32}_/y).slice(0, -1);
      const value = BigInt(`0x${digits === '' ? '0' : digits}`);
      if (type === 'b') return value === 0n ? 'false' : 'true';
      return `${sign}${value}`;
    });
  }

  #pastLifetime(): string {
    if (this.#take('L')) this.#base62();
    return '';
  }

  #identifier(): { readonly name: string; readonly disambiguator: number } {
    const disambiguator = this.#disambiguator();
    return { name: this.#plainIdentifier(), disambiguator };
  }

  #disambiguator(): number {
    return this.#take('s') ? this.#base62() + 1 : 0;
  }

  /** Names that are not ASCII stay in their encoding. */
  #plainIdentifier(): string {
    this.#take('u');
    const length = Number(this.#match(/0|[1-9]\d{0,4}/y));
    this.#take('_');
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#text.length) throw new NoSymbol();
    return this.#text.slice(from, this.#at);
  }

  #base62(): number {
    const digits = this.#match(/[0-9a-zA-Z]{0,12}_/y).slice(0, -1);
    if (digits === '') return 0;
    let value = 0;
    for (const digit of digits) value = value * 62 + BASE62.indexOf(digit);
    return value + 1;
  }

  /** Reads what stands at an earlier place. */
  #back(read: () => string): string {
    const from = this.#at - 1;
    const target = this.#base62();
    if (target >= from) throw new NoSymbol();
    const after = this.#at;
    this.#at = target;
    const text = read();
    this.#at = after;
    return text;
  }

  #until(end: string, read: () => string | undefined): string {
    return this.#list(end, read).join(', ');
  }

  #list(end: string, read: () => string | undefined): string[] {
    const parts: string[] = [];
    while (!this.#take(end)) {
      const part = read();
      if (part !== undefined) parts.push(part);
    }
    return parts;
  }

  #nested(read: () => string): string {
    this.#steps += 1;
    this.#depth += 1;
    if (this.#steps > STEPS_MAX || this.#depth > DEPTH_MAX) throw new NoSymbol();
    const text = read();
    if (text.length > CHARS_MAX) throw new NoSymbol();
    this.#depth -= 1;
    return text;
  }

  #next(): string {
    const char = this.#text[this.#at];
    if (char === undefined) throw new NoSymbol();
    this.#at += 1;
    return char;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new NoSymbol();
    this.#at += found[0].length;
    return found[0];
  }
}

const BASE62 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
