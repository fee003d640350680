import { CodedError } from '../error.ts';
import { JsonNumber, type JsonValue } from './json-value.ts';
import { isWellFormed } from './wit-value.ts';

interface OpenArray {
  readonly list: JsonValue[];
}
interface OpenObject {
  readonly map: Map<string, JsonValue>;
  key: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const WORDS: ReadonlyArray<readonly [string, JsonValue]> = [
  ['null', null],
  ['true', true],
  ['false', false],
];

/**
 * One pass over one text, without recursion: containers that are still open wait on a stack of our own.
 *
 * Used by `parseJson` alone, which documents what is accepted and thrown. One use per instance.
 */
export class JsonParser {
  private readonly text: string;
  private readonly depthMax: number;
  private readonly open: (OpenArray | OpenObject)[] = [];
  private at = 0;

  constructor(text: string, depthMax: number) {
    this.text = text;
    this.depthMax = depthMax;
  }

  parse(): JsonValue {
    if (!isWellFormed(this.text)) throw this.malformed('a lone surrogate', this.text.search(/\p{Surrogate}/u));
    for (;;) {
      const started = this.value();
      if (started === undefined) continue;
      const finished = this.attach(started);
      if (finished === undefined) continue;
      if (this.at < this.text.length) throw this.malformed('more text after the value');
      return finished;
    }
  }

  /** Reads a scalar or an empty container; `undefined` when it opened a container whose first value is next. */
  private value(): JsonValue | undefined {
    this.space();
    const char = this.text[this.at];
    if (char === '[') return this.openArray();
    if (char === '{') return this.openObject();
    if (char === '"') return this.string();
    if (char === '-' || isDigit(this.text.charCodeAt(this.at))) return this.number();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    throw this.unexpected();
  }

  /** Hands a finished value to the container around it, and closes what ends here; `undefined` when a value is next. */
  private attach(value: JsonValue): JsonValue | undefined {
    let done = value;
    for (;;) {
      this.space();
      const outer = this.open.at(-1);
      if (outer === undefined) return done;
      if ('list' in outer) outer.list.push(done);
      else outer.map.set(outer.key, done);
      if (this.text.charCodeAt(this.at) === COMMA) {
        this.at++;
        if ('map' in outer) outer.key = this.key(outer.map);
        return undefined;
      }
      if (this.text[this.at] !== ('list' in outer ? ']' : '}')) throw this.unexpected();
      this.at++;
      this.open.pop();
      done = 'list' in outer ? outer.list : outer.map;
    }
  }

  private openArray(): JsonValue | undefined {
    this.enter();
    if (this.text[this.at] !== ']') {
      this.open.push({ list: [] });
      return undefined;
    }
    this.at++;
    return [];
  }

  private openObject(): JsonValue | undefined {
    this.enter();
    const map = new Map<string, JsonValue>();
    if (this.text[this.at] !== '}') {
      this.open.push({ map, key: this.key(map) });
      return undefined;
    }
    this.at++;
    return map;
  }

  private enter(): void {
    if (this.open.length >= this.depthMax) {
      const data = { ...this.position(this.at), depthMax: this.depthMax };
      throw new CodedError('params/too-large', `the JSON text is nested more than ${this.depthMax} levels deep`, { data });
    }
    this.at++;
    this.space();
  }

  private key(map: ReadonlyMap<string, JsonValue>): string {
    this.space();
    const start = this.at;
    if (this.text.charCodeAt(start) !== QUOTE) throw this.unexpected();
    const key = this.string();
    if (map.has(key)) throw this.malformed('a key that the object already has', start);
    this.space();
    if (this.text.charCodeAt(this.at) !== COLON) throw this.unexpected();
    this.at++;
    return key;
  }

  private string(): string {
    const start = this.at++;
    let plainFrom = this.at;
    let parts = '';
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        parts += this.text.slice(plainFrom, this.at) + this.escape();
        plainFrom = this.at;
      } else if (code >= 0x20) this.at++;
      else throw this.unexpected(); // control characters, and NaN at the end of the text
    }
    const value = parts + this.text.slice(plainFrom, this.at++);
    if (parts !== '' && !isWellFormed(value)) throw this.malformed('a string with a lone surrogate', start);
    return value;
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    if (letter === 'u') {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.malformed('an escape that JSON does not have');
      this.at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    if (!Object.hasOwn(ESCAPES, letter)) throw this.malformed('an escape that JSON does not have');
    this.at += 2;
    return ESCAPES[letter]!;
  }

  private number(): JsonNumber {
    const start = this.at;
    if (this.text[this.at] === '-') this.at++;
    if (this.text[this.at] === '0') this.at++;
    else this.digits();
    if (this.text[this.at] === '.') {
      this.at++;
      this.digits();
    }
    if (this.text[this.at] === 'e' || this.text[this.at] === 'E') {
      this.at++;
      if (this.text[this.at] === '+' || this.text[this.at] === '-') this.at++;
      this.digits();
    }
    return new JsonNumber(this.text.slice(start, this.at));
  }

  // A loop and not a pattern: a greedy pattern keeps one place to go back to for each digit.
  private digits(): void {
    if (!isDigit(this.text.charCodeAt(this.at))) throw this.unexpected();
    while (isDigit(this.text.charCodeAt(this.at))) this.at++;
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private unexpected(): CodedError {
    return this.malformed(this.at < this.text.length ? 'an unexpected character' : 'the end of the text too early');
  }

  private malformed(what: string, offset = this.at): CodedError {
    const data = this.position(offset);
    return new CodedError('params/malformed-json', `the JSON text has ${what} at ${data.line}:${data.column}`, { data });
  }

  private position(offset: number): { readonly offset: number; readonly line: number; readonly column: number } {
    const before = this.text.slice(0, offset);
    return { offset, line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
