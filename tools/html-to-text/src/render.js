import { oneLine } from './one-line.js';
import { dataRows, tableLines } from './table.js';
import { attributeOf, textOf } from './tree.js';
import { Writer } from './writer.js';

/** @typedef {import('./tree.js').Element} Element */

/**
 * What a page becomes.
 *
 * @typedef {object} Style
 * @property {boolean} isMarkdown
 * @property {boolean} hasImages
 * @property {import('./links.js').Links | undefined} links - numbers links, where they are wanted.
 */

/** Characters of an image's alternative text. */
const ALT_CHARS_MAX = 200;

/** Elements that stand in lines of their own, with a blank line before and after. */
const BLOCKS = new Set(
  'p div section article main header footer nav aside address figure figcaption fieldset form details table ul ol dl body center'.split(
    ' ',
  ),
);
/** Elements that begin and end a line. */
const LINES = new Set('li dt tr legend summary caption option optgroup title'.split(' '));

/** Signs around a text in Markdown. */
const EMPHASIS = /** @type {Record<string, string>} */ ({ b: '**', strong: '**', i: '*', em: '*', del: '~~', s: '~~' });

/** Elements that are written in a way of their own. */
const SPECIAL = /** @type {Record<string, (element: Element, writer: Writer, style: Style) => void>} */ ({
  br: (_, writer) => (writer.isLineEmpty ? undefined : writer.endLine()),
  hr: (_, writer) => rule(writer),
  pre: writePre,
  blockquote: (element, writer, style) => indented(element, writer, style, '> ', '> '),
  dd: (element, writer, style) => writer.within('  ', '  ', () => writeChildren(element, writer, style)),
  ul: (element, writer, style) => writeList(element, writer, style, () => '- '),
  menu: (element, writer, style) => writeList(element, writer, style, () => '- '),
  ol: writeNumbered,
  table: writeTable,
  td: writeCell,
  th: writeCell,
  a: writeLink,
  img: writeImage,
  code: writeCode,
  q: (element, writer, style) => around(element, writer, style, '"'),
});

/**
 * @param {Element} root - of the visible tree, or the main part of it.
 * @param {Style} style
 * @param {number} charsMax
 * @returns {{ readonly text: string, readonly isTruncated: boolean }}
 */
export function render(root, style, charsMax) {
  const writer = new Writer(charsMax);
  writeChildren(root, writer, style);
  return writer.end();
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writeChildren(element, writer, style) {
  for (const child of element.children) {
    if (writer.isFull) return;
    if (typeof child === 'string') writer.inline(style.isMarkdown ? escaped(child, writer.isLineEmpty) : child);
    else writeElement(child, writer, style);
  }
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writeElement(element, writer, style) {
  const { name } = element;
  const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
  const level = /^h([1-6])$/.exec(name)?.[1];
  if (special !== undefined) special(element, writer, style);
  else if (level !== undefined) writeHeading(element, writer, style, Number(level));
  else if (style.isMarkdown && Object.hasOwn(EMPHASIS, name)) around(element, writer, style, EMPHASIS[name] ?? '');
  else if (BLOCKS.has(name)) {
    writer.endBlock();
    writeChildren(element, writer, style);
    writer.endBlock();
  } else if (LINES.has(name)) {
    writer.endLine();
    writeChildren(element, writer, style);
    writer.endLine();
  } else writeChildren(element, writer, style);
}

/** Signs of Markdown in a page's text are only signs. @param {string} text @param {boolean} isLineStart */
function escaped(text, isLineStart) {
  const safe = /[\\`*_[\]<]/.test(text) ? text.replace(/[\\`*_[\]<]/g, '\\$&') : text;
  return isLineStart ? safe.replace(/^(\s*\d*)(#{1,6}\s|>|[-+]\s|[.)]\s|[-=~]{3})/, '$1\\$2') : safe;
}

/** An element's text as one line. @param {Element} element @param {Style} style */
function lineOf(element, style) {
  const writer = new Writer(Number.POSITIVE_INFINITY);
  writeChildren(element, writer, style);
  return oneLine(writer.end().text, Number.POSITIVE_INFINITY);
}

/** @param {Element} element @param {Writer} writer @param {Style} style @param {number} level */
function writeHeading(element, writer, style, level) {
  const text = lineOf(element, style);
  if (text === '') return;
  writer.endBlock();
  writer.raw(style.isMarkdown ? `${'#'.repeat(level)} ${text}` : text);
  writer.endBlock();
}

/** @param {Element} element @param {Writer} writer @param {Style} style @param {string} sign */
function around(element, writer, style, sign) {
  const text = lineOf(element, style);
  if (text === '') return writer.inline(textOf(element));
  // Signs next to white space are not read as emphasis, so it stays outside.
  const whole = textOf(element);
  if (/^\s/.test(whole)) writer.inline(' ');
  writer.raw(`${sign}${text}${sign}`);
  if (/\s$/.test(whole)) writer.inline(' ');
}

/** @param {Writer} writer */
function rule(writer) {
  writer.endBlock();
  writer.raw('---');
  writer.endBlock();
}

/** @param {Element} element @param {Writer} writer @param {Style} style @param {string} first @param {string} rest */
function indented(element, writer, style, first, rest) {
  writer.endBlock();
  writer.within(first, rest, () => writeChildren(element, writer, style));
  writer.endBlock();
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writePre(element, writer, style) {
  const lines = textWithBreaks(element)
    .replace(/^\n|\s+$/g, '')
    .split(/\r?\n/);
  if (lines.join('').trim() === '') return;
  writer.endBlock();
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
  writer.verbatim(style.isMarkdown ? [fence, ...lines, fence] : lines.map((line) => `    ${line}`.trimEnd()));
  writer.endBlock();
}

/** @param {Element | string} node @returns {string} */
function textWithBreaks(node) {
  if (typeof node === 'string') return node;
  return node.name === 'br' ? '\n' : node.children.map(textWithBreaks).join('');
}

/** Most backticks in a row. @param {string} text */
function longestRun(text) {
  return Array.from(text.matchAll(/`+/g), ([run]) => run.length).reduce((most, length) => Math.max(most, length), 0);
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writeCode(element, writer, style) {
  const text = oneLine(textOf(element), Number.POSITIVE_INFINITY);
  if (!style.isMarkdown || text === '') return writer.inline(text);
  const fence = '`'.repeat(longestRun(text) + 1);
  const space = fence.length > 1 || text.startsWith('`') ? ' ' : '';
  writer.raw(`${fence}${space}${text}${space}${fence}`);
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writeNumbered(element, writer, style) {
  const first = Number.parseInt(element.attributes.start ?? '1', 10);
  const start = Number.isSafeInteger(first) ? first : 1;
  writeList(element, writer, style, (index) => `${start + index}. `);
}

/** @param {Element} element @param {Writer} writer @param {Style} style @param {(index: number) => string} markOf */
function writeList(element, writer, style, markOf) {
  const isNested = writer.prefixes.at(-1)?.rest.trim() === ''; // a list in an item follows it at once, one in a quote does not
  if (isNested) writer.endLine();
  else writer.endBlock();
  let index = 0;
  for (const child of element.children) {
    if (writer.isFull) return;
    if (typeof child === 'string') {
      if (child.trim() !== '') writer.inline(child);
    } else if (child.name !== 'li') writeElement(child, writer, style);
    else if (textOf(child).trim() !== '' || style.hasImages) {
      const mark = markOf(index++);
      writer.isGapWanted &&= index === 1;
      writer.within(mark, ' '.repeat(mark.length), () => writeChildren(child, writer, style));
      writer.isGapWanted = false;
    }
  }
  if (isNested) writer.endLine();
  else writer.endBlock();
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writeTable(element, writer, style) {
  writer.endBlock();
  const rows = dataRows(element);
  if (rows === undefined) writeChildren(element, writer, style);
  else {
    const escapedCell = (/** @type {string} */ text) => (style.isMarkdown ? text.replaceAll('|', '\\|') : text);
    writer.verbatim(
      tableLines(
        rows.map((cells) => cells.map((cell) => escapedCell(lineOf(cell, style)))),
        style.isMarkdown,
      ),
    );
  }
  writer.endBlock();
}

/** A cell of a table that only places things. @param {Element} element @param {Writer} writer @param {Style} style */
function writeCell(element, writer, style) {
  writeChildren(element, writer, style);
  writer.inline(' ');
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writeLink(element, writer, style) {
  const number = textOf(element).trim() === '' ? undefined : style.links?.numberOf(element);
  if (number === undefined) return writeChildren(element, writer, style);
  if (style.isMarkdown) writer.raw('[');
  writeChildren(element, writer, style);
  writer.raw(style.isMarkdown ? `][${number}]` : `[${number}]`);
}

/** @param {Element} element @param {Writer} writer @param {Style} style */
function writeImage(element, writer, style) {
  const alt = oneLine(attributeOf(element, 'alt') ?? '', ALT_CHARS_MAX);
  if (!style.hasImages || alt === '') return;
  writer.inline(` [image: ${style.isMarkdown ? escaped(alt, false) : alt}] `);
}
