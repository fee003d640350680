import { decodeHTML, decodeHTMLAttribute } from 'entities';
import { Parser, Tokenizer } from 'htmlparser2';

/**
 * An element with what is in it. Entities in its attributes are not decoded yet: most are never read.
 *
 * @typedef {object} Element
 * @property {string} name - in small letters.
 * @property {Readonly<Record<string, string>>} attributes
 * @property {(Element | string)[]} children
 */

/** Levels of elements. Pages have some dozens; the code that reads a tree calls itself once for each. */
export const DEPTH_MAX = 256;

/** Elements of which nothing is text that people read. */
const LEFT_OUT = new Set(
  'script style template noscript iframe object embed canvas svg audio video select datalist input'.split(' '),
);

/**
 * What the tokenizer keeps to itself.
 *
 * @typedef {{ readonly buffer: string, readonly offset: number, index: number }} Position
 */

/**
 * Searches by the engine's own code. The parser looks at each character, which costs far more where JavaScript itself runs in
 * WebAssembly. It goes forward like this only where it need not decode entities; `attributeOf` and `visibleTree` do that.
 *
 * @this {Position}
 * @param {number} code
 */
function fastForwardTo(code) {
  const found = this.buffer.indexOf(String.fromCharCode(code), this.index + 1 - this.offset);
  this.index = (found < 0 ? this.buffer.length - 1 : found) + this.offset;
  return found >= 0;
}

class FastTokenizer extends Tokenizer {}
Object.assign(FastTokenizer.prototype, { fastForwardTo });

/**
 * @typedef {object} Tree
 * @property {Element} root - holds the page; has no name.
 * @property {string} title - with its entities decoded; empty where there is none.
 * @property {string} styles - the text of all `style` elements.
 * @property {string | undefined} base - what `base` says.
 */

/**
 * Reads HTML as it comes, with what is broken.
 *
 * @param {string} html
 * @returns {Tree | undefined} nothing where elements are nested too deeply.
 */
export function parseHtml(html) {
  const root = { name: '', attributes: {}, children: [] };
  /** @type {Tree} */
  const tree = { root, title: '', styles: '', base: undefined };
  /** @type {Element[]} */
  const open = [root];
  let isTooDeep = false;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        const element = { name, attributes, children: [] };
        if (name === 'base') tree.base ??= attributes.href && decodeHTMLAttribute(attributes.href);
        open.at(-1)?.children.push(element);
        open.push(element);
        if (open.length <= DEPTH_MAX) return;
        isTooDeep = true;
        parser.reset();
      },
      ontext(text) {
        const within = open.at(-1);
        if (within?.name === 'title' && open.length < 5) tree.title += decodeHTML(text);
        else if (within?.name === 'style') tree.styles += text;
        else within?.children.push(text);
      },
      onclosetag() {
        open.pop();
      },
    },
    { decodeEntities: false, Tokenizer: FastTokenizer },
  );
  parser.end(html);
  return isTooDeep ? undefined : tree;
}

/** @param {Element} element */
export function isLeftOut({ name }) {
  return LEFT_OUT.has(name);
}

/**
 * @param {Element} element
 * @param {string} name
 * @returns {string | undefined} with entities decoded.
 */
export function attributeOf({ attributes }, name) {
  const value = attributes[name];
  return value === undefined || !value.includes('&') ? value : decodeHTMLAttribute(value);
}

/**
 * All text in an element, whether it is seen or not.
 *
 * @param {Element | string} node
 * @returns {string}
 */
export function textOf(node) {
  if (typeof node === 'string') return node;
  return node.children.map((child) => (typeof child === 'string' || !isLeftOut(child) ? textOf(child) : ' ')).join('');
}

/**
 * @param {Element} element
 * @param {(element: Element) => boolean} test
 * @returns {Element[]} all that pass, outer ones first.
 */
export function elementsWhere(element, test) {
  /** @type {Element[]} */
  const found = [];
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    if (test(child)) found.push(child);
    found.push(...elementsWhere(child, test));
  }
  return found;
}
