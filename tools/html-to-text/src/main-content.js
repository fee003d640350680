import { attributeOf, elementsWhere, textOf } from './tree.js';

/** @typedef {import('./tree.js').Element} Element */

/** Elements that stand around the main part, by name and by role. */
const AROUND = new Set(['nav', 'aside', 'footer', 'menu', 'dialog']);
const ROLES_AROUND = new Set([
  'navigation',
  'banner',
  'complementary',
  'contentinfo',
  'search',
  'menu',
  'menubar',
  'dialog',
  'alertdialog',
]);

/** Elements of running text. */
const PARAGRAPHS = new Set(['p', 'pre', 'blockquote']);

/** Characters from which a paragraph counts, and from which a part is one. */
const PARAGRAPH_CHARS_MIN = 40;
const PART_CHARS_MIN = 200;
/** Share of the page's text that the main part has at least. */
const SHARE_MIN = 0.25;

/**
 * The main part of a page.
 *
 * @param {Element} root - of the visible tree.
 * @returns {Element | undefined} a copy without what stands around; nothing where there is no main part.
 */
export function mainContent(root) {
  const marked = elementsWhere(root, (element) => element.name === 'main' || attributeOf(element, 'role') === 'main');
  const found = longest(marked) ?? bigArticle(root) ?? runningText(root);
  if (found === undefined) return undefined;
  const main = withoutAround(found);
  return lengthOf(main) === 0 ? undefined : main;
}

/** @param {readonly Element[]} elements @returns {Element | undefined} */
function longest(elements) {
  const [first, ...rest] = elements;
  return first && rest.reduce((best, element) => (lengthOf(element) > lengthOf(best) ? element : best), first);
}

/** The longest article, unless it is one of many. @param {Element} root */
function bigArticle(root) {
  const article = longest(
    elementsWhere(root, (element) => element.name === 'article' || attributeOf(element, 'role') === 'article'),
  );
  if (article === undefined) return undefined;
  const length = lengthOf(article);
  return length >= PART_CHARS_MIN && length >= lengthOf(root) * SHARE_MIN ? article : undefined;
}

/**
 * The element with the most paragraphs right in it, links not counted. Source of the idea: Readability, which
 * gives a paragraph's points to its parent and half of them to the one above.
 *
 * @param {Element} root
 * @returns {Element | undefined}
 */
function runningText(root) {
  /** @type {Map<Element, number>} */
  const points = new Map();
  addPoints(root, undefined, points);
  const [best] = [...points].sort(([, a], [, b]) => b - a);
  if (best === undefined || best[0] === root || best[0].name === 'body') return undefined;
  return best[1] >= PART_CHARS_MIN && best[1] >= lengthOf(root) * SHARE_MIN ? best[0] : undefined;
}

/** @param {Element} element @param {Element | undefined} above @param {Map<Element, number>} points */
function addPoints(element, above, points) {
  for (const child of element.children) {
    if (typeof child === 'string' || isAround(child)) continue;
    if (!PARAGRAPHS.has(child.name)) {
      addPoints(child, element, points);
      continue;
    }
    const links = elementsWhere(child, ({ name }) => name === 'a').reduce((sum, link) => sum + lengthOf(link), 0);
    const own = lengthOf(child) - links;
    if (own < PARAGRAPH_CHARS_MIN) continue;
    points.set(element, (points.get(element) ?? 0) + own);
    if (above !== undefined) points.set(above, (points.get(above) ?? 0) + own / 2);
  }
}

/** @param {Element} element @returns {Element} */
function withoutAround(element) {
  const children = element.children
    .filter((child) => typeof child === 'string' || !isAround(child))
    .map((child) => (typeof child === 'string' ? child : withoutAround(child)));
  return { ...element, children };
}

/** @param {Element} element */
function isAround(element) {
  return AROUND.has(element.name) || ROLES_AROUND.has(attributeOf(element, 'role') ?? '');
}

/** Characters that are no white space at the ends. @param {Element} element */
function lengthOf(element) {
  return textOf(element).trim().length;
}
