import { type WitToken, witTokens } from './tokens.ts';

/** Walks over the tokens of WIT source, of which a compiler said that it is WIT. */
export class TokenReader {
  readonly #tokens: readonly WitToken[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = witTokens(source);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** The doc comment that stands here, its lines joined; gates such as `@since(version = 1.0.0)` may come after it. */
  docs(): string | undefined {
    const lines: string[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind === 'docs') lines.push(token.text);
      else if (token?.text === '@') this.#skipGate();
      else break;
      if (token.kind === 'docs') this.#at++;
    }
    return lines.length === 0 ? undefined : lines.join('\n');
  }

  /** The next word or sign; doc comments before it belong to nothing. */
  next(): string | undefined {
    this.docs();
    return this.#tokens[this.#at++]?.text;
  }

  /** What `next` would give, further ahead by `ahead` tokens. */
  peek(ahead = 0): string | undefined {
    let index = this.#at;
    for (let left = ahead; ; index++) {
      const token = this.#tokens[index];
      if (token === undefined) return undefined;
      if (token.kind !== 'docs' && left-- === 0) return token.text;
    }
  }

  /** Moves past the next `;`, or past a body in braces where one comes first, with the `;` that may follow it. */
  skipStatement(): void {
    let depth = 0;
    for (let word = this.next(); word !== undefined; word = this.next()) {
      if (word === '{') depth++;
      if (word === '}') depth--;
      if (depth > 0 || (word !== ';' && word !== '}')) continue;
      if (word === '}' && this.peek() === ';') this.next();
      return;
    }
  }

  /** Moves past the comma that ends a part; stays before the `}` of a last part without one. */
  skipToComma(): void {
    let depth = 0;
    for (let next = this.peek(); next !== undefined; next = this.peek()) {
      if (depth === 0 && next === '}') return;
      this.next();
      if (next === '<' || next === '(') depth++;
      if (next === '>' || next === ')') depth--;
      if (depth === 0 && next === ',') return;
    }
  }

  /** From the `@` to after the `)`. */
  #skipGate(): void {
    while (this.#at < this.#tokens.length) if (this.#tokens[this.#at++]?.text === ')') return;
  }
}
