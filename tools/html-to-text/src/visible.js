import { decodeHTML } from 'entities';
import { BLACK, WHITE } from './colour.js';
import { causeOf, surroundingsOf } from './hiding.js';
import { splitInvisible } from './invisible-characters.js';
import { oneLine } from './one-line.js';
import { declarationsOf } from './style.js';
import { attributeOf, isLeftOut, textOf } from './tree.js';

/** @typedef {import('./tree.js').Element} Element */
/** @typedef {import('./hiding.js').Cause} Cause */

/** Texts that are told apart. */
const HIDDEN_MAX = 50;
/** Characters of each. */
const HIDDEN_CHARS_MAX = 200;

/**
 * What people do not see.
 *
 * @typedef {object} Hidden
 * @property {{ cause: Cause, text: string }[]} texts
 * @property {number} chars - of all of them.
 */

/**
 * The page as people see it: a tree without hidden elements, whose texts have their entities decoded.
 *
 * @param {Element} root
 * @param {import('./style.js').StyleSheet} sheet
 * @param {boolean} mayBeInvisible - whether the source has characters without a shape; entities may be others.
 * @returns {{ readonly root: Element, readonly hidden: Hidden }}
 */
export function visibleTree(root, sheet, mayBeInvisible) {
  /** @type {Hidden} */
  const hidden = { texts: [], chars: 0 };
  const within = { colour: BLACK, background: WHITE, isPicture: false };
  return { root: copyVisible(root, within, { sheet, mayBeInvisible, hidden }), hidden };
}

/**
 * @typedef {object} Page
 * @property {import('./style.js').StyleSheet} sheet
 * @property {boolean} mayBeInvisible
 * @property {Hidden} hidden - gets what is found.
 */

/**
 * @param {Element} element - seen itself.
 * @param {import('./hiding.js').Surroundings} within
 * @param {Page} page
 * @returns {Element}
 */
function copyVisible(element, within, page) {
  /** @type {Element['children']} */
  const children = [];
  for (const child of element.children) {
    if (typeof child === 'string') children.push(visibleText(child, page));
    else if (!isLeftOut(child)) {
      const style = declarationsOf(child, page.sheet, attributeOf(child, 'style'));
      const around = surroundingsOf(child, style, within);
      const cause = causeOf(child, style, around);
      if (cause === undefined) children.push(copyVisible(child, around, page));
      else if (cause !== 'same-colour') note(page.hidden, cause, decoded(textOf(child)));
      else children.push(copySameColour(child, around, page));
    }
  }
  return { name: element.name, attributes: element.attributes, children };
}

/** @param {string} source @param {Page} page */
function visibleText(source, { mayBeInvisible, hidden }) {
  const hasEntity = source.includes('&');
  if (!hasEntity && !mayBeInvisible) return source;
  const { text, hidden: spelt } = splitInvisible(decoded(source));
  if (spelt !== '') note(hidden, 'invisible-characters', spelt);
  return text;
}

/**
 * An element whose own texts have the colour that is behind them. What is in it may have another one.
 *
 * @type {typeof copyVisible}
 */
function copySameColour(element, within, page) {
  const texts = element.children.filter((child) => typeof child === 'string').join(' ');
  note(page.hidden, 'same-colour', decoded(texts));
  const elements = element.children.filter((child) => typeof child !== 'string');
  return copyVisible({ ...element, children: elements }, within, page);
}

/** @param {Hidden} hidden @param {Cause} cause @param {string} text */
function note(hidden, cause, text) {
  const { text: shown, hidden: spelt } = splitInvisible(text);
  const whole = oneLine(`${shown} ${spelt}`, Number.POSITIVE_INFINITY);
  if (whole === '') return;
  hidden.chars += whole.length;
  if (hidden.texts.length < HIDDEN_MAX) hidden.texts.push({ cause, text: oneLine(whole, HIDDEN_CHARS_MAX) });
}

/** @param {string} text */
function decoded(text) {
  return text.includes('&') ? decodeHTML(text) : text;
}
