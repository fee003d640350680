/** Text that is no S-expression; `line` is where. */
export class SyntaxFault extends Error {
  constructor(message, line) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

/**
 * Reads the S-expressions of the WebAssembly text format.
 *
 * @param {string} text
 * @returns {object[]} nodes. Each has `line` (from 1), `start` and `end` (offsets into the text, `end` not included), and
 * - a list: `list`, the nodes in it;
 * - a string: `bytes`, a Uint8Array (escapes can make bytes that are no UTF-8);
 * - anything else: `atom`, as written.
 * @throws {SyntaxFault}
 */
export function readExpressions(text) {
  const reader = new Reader(text);
  const nodes = [];
  for (let node = reader.next(); node !== undefined; node = reader.next()) {
    if (node === CLOSE) throw reader.fault('a `)` without its `(`');
    nodes.push(node);
  }
  return nodes;
}

/** The text of a string node. @throws {SyntaxFault} when it is no string, or no UTF-8. */
export function textOf(node) {
  if (node?.bytes === undefined) throw new SyntaxFault('expected a string', node?.line ?? 0);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(node.bytes);
  } catch {
    throw new SyntaxFault('the string is not UTF-8', node.line);
  }
}

/** What a `)` reads as. */
const CLOSE = Symbol('`)`');
const ESCAPES = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" };

class Reader {
  #text;
  #at = 0;
  #line = 1;

  constructor(text) {
    this.#text = text;
  }

  fault(message, line = this.#line) {
    return new SyntaxFault(message, line);
  }

  /** The next node, `CLOSE`, or undefined at the end. */
  next() {
    this.#skipSpace();
    if (this.#at >= this.#text.length) return undefined;
    const start = this.#at;
    const line = this.#line;
    const node = this.#read();
    return node === CLOSE ? CLOSE : { ...node, line, start, end: this.#at };
  }

  #read() {
    switch (this.#text[this.#at]) {
      case '(':
        this.#at += 1;
        return this.#list();
      case ')':
        this.#at += 1;
        return CLOSE;
      case '"':
        return { bytes: this.#string() };
      default:
        return this.#atom();
    }
  }

  #list() {
    const line = this.#line;
    const list = [];
    for (;;) {
      const node = this.next();
      if (node === undefined) throw this.fault('a `(` without its `)`', line);
      if (node === CLOSE) return { list };
      list.push(node);
    }
  }

  #atom() {
    const start = this.#at;
    const [atom] = this.#match(/[^\s()";]*/y);
    if (atom === '') throw this.fault(`unexpected \`${this.#text[this.#at]}\``);
    if (this.#text[this.#at] !== '"' || (atom !== '$' && atom !== '@')) return { atom };
    this.#string(); // $"an id of any characters"
    return { atom: this.#text.slice(start, this.#at) };
  }

  #string() {
    const line = this.#line;
    const parts = [];
    this.#at += 1;
    for (;;) {
      const plain = this.#match(/[^"\\\n]*/y)[0];
      parts.push(Buffer.from(plain));
      const stop = this.#text[this.#at];
      if (stop === undefined || stop === '\n') throw this.fault('a string without its end', line);
      this.#at += 1;
      if (stop === '"') return new Uint8Array(Buffer.concat(parts));
      parts.push(this.#escape());
    }
  }

  /** After a backslash: the bytes that it stands for. */
  #escape() {
    const found = this.#match(/([ntr\\"'])|([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}/y);
    if (found === null) throw this.fault('an unknown escape in a string');
    const [, letter, byte, scalar] = found;
    if (letter !== undefined) return Buffer.from(ESCAPES[letter]);
    if (byte !== undefined) return Buffer.from([Number.parseInt(byte, 16)]);
    const point = Number.parseInt(scalar, 16);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw this.fault('an escape that is no Unicode scalar value');
    return Buffer.from(String.fromCodePoint(point));
  }

  /** What a sticky pattern without line breaks finds here, stepped over; null for nothing. */
  #match(pattern) {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #skipSpace() {
    for (;;) {
      const found = this.#text.slice(this.#at, this.#at + 2);
      if (found === ';;') this.#skipTo(this.#text.indexOf('\n', this.#at));
      else if (found === '(;') this.#skipBlock();
      else if (/^\s/.test(found)) this.#skipTo(this.#at + 1);
      else return;
    }
  }

  /** Block comments nest. */
  #skipBlock() {
    const line = this.#line;
    let depth = 0;
    do {
      const rest = this.#text.slice(this.#at, this.#at + 2);
      if (rest === '') throw this.fault('a `(;` without its `;)`', line);
      if (rest === '(;') depth += 1;
      if (rest === ';)') depth -= 1;
      this.#skipTo(this.#at + (rest === '(;' || rest === ';)' ? 2 : 1));
    } while (depth > 0);
  }

  #skipTo(offset) {
    const end = offset < 0 ? this.#text.length : offset;
    for (let at = this.#at; at < end; at += 1) if (this.#text[at] === '\n') this.#line += 1;
    this.#at = end;
  }
}
