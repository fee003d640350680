/** What begins the lines inside a list or a quote: the first line may have another beginning, such as `- `. */
class Prefix {
  /** @param {string} first @param {string} rest */
  constructor(first, rest) {
    this.next = first;
    this.rest = rest;
  }

  take() {
    const taken = this.next;
    this.next = this.rest;
    return taken;
  }
}

/** Puts text together line by line: white space as HTML has it, blank lines between blocks, and a limit. */
export class Writer {
  /** @param {number} charsMax */
  constructor(charsMax) {
    this.charsMax = charsMax;
    this.chars = 0;
    /** @type {string[]} */
    this.lines = [];
    this.line = '';
    /** @type {Prefix[]} */
    this.prefixes = [];
    this.isGapWanted = false;
    /** Lines that there were when the innermost list or quote began. */
    this.floor = 0;
  }

  get isFull() {
    return this.chars > this.charsMax;
  }

  get isLineEmpty() {
    return this.line === '';
  }

  /** Text of the current line; white space in it is one space. @param {string} text */
  inline(text) {
    const one = / {2}|[\t\n\r\f]/.test(text) ? text.replace(/ *[\t\n\r\f][ \t\n\r\f]*| {2,}/g, ' ') : text;
    this.raw(this.line === '' || this.line.endsWith(' ') ? one.replace(/^ /, '') : one);
  }

  /** Text of the current line as it is. @param {string} text */
  raw(text) {
    this.line += text;
    this.chars += text.length;
  }

  /** Ends the current line, where it has text. */
  endLine() {
    const text = this.line.trimEnd();
    this.line = '';
    if (text !== '') this.push(text);
  }

  /** Ends the current line, and has a blank line before the next text; but none at the beginning of a list or quote. */
  endBlock() {
    this.endLine();
    this.isGapWanted = this.lines.length > this.floor;
  }

  /** Lines as they are. @param {readonly string[]} lines */
  verbatim(lines) {
    this.endLine();
    for (const line of lines) this.push(line);
    this.chars += lines.reduce((sum, line) => sum + line.length + 1, 0);
  }

  /** @param {string} first @param {string} rest @param {() => void} write - what has these beginnings. */
  within(first, rest, write) {
    this.endLine();
    if (this.isGapWanted) this.gap();
    const { floor } = this;
    this.floor = this.lines.length;
    this.prefixes.push(new Prefix(first, rest));
    write();
    this.endLine();
    this.prefixes.pop();
    this.floor = floor;
  }

  gap() {
    this.isGapWanted = false;
    this.lines.push(
      this.prefixes
        .map(({ rest }) => rest)
        .join('')
        .trimEnd(),
    );
  }

  /** @param {string} text */
  push(text) {
    if (this.isGapWanted) this.gap();
    this.lines.push(this.prefixes.map((prefix) => prefix.take()).join('') + text);
  }

  /** @returns {{ readonly text: string, readonly isTruncated: boolean }} */
  end() {
    this.endLine();
    const text = this.lines.join('\n').replace(/^\n+/, '').trimEnd();
    if (text.length <= this.charsMax) return { text, isTruncated: this.isFull };
    const cut = text.slice(0, this.charsMax);
    return { text: cut.replace(/[\ud800-\udbff]$/, '').trimEnd(), isTruncated: true };
  }
}
