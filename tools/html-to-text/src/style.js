/**
 * What CSS says of one element: values by property, in small letters.
 *
 * @typedef {Readonly<Record<string, string>>} Declarations
 */

/**
 * A rule whose selector is about one element only: a name, an id, classes.
 *
 * @typedef {object} Rule
 * @property {string | undefined} name
 * @property {string | undefined} id
 * @property {readonly string[]} classes
 * @property {Declarations} declarations
 * @property {number} weight - of its selector; of two rules, the heavier counts.
 */

/** Rules that are looked at; each costs time for each element. */
const RULES_MAX = 500;

const COMMENT = /\/\*[\s\S]*?(?:\*\/|$)|<!--|-->/g;

/** Properties that can hide a text. */
const PROPERTIES = new Set(
  (
    'display visibility content-visibility opacity color background background-color font font-size width height max-width ' +
    'max-height overflow clip clip-path position left top right bottom text-indent transform -webkit-text-fill-color ' +
    'margin-left margin-top filter'
  ).split(' '),
);

/**
 * @param {string} text - of a `style` attribute, or of a rule.
 * @returns {Declarations} those that can hide a text.
 */
export function parseDeclarations(text) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const declaration of text.replace(COMMENT, '').split(';')) {
    const colon = declaration.indexOf(':');
    const property = declaration.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && PROPERTIES.has(property)) found[property] = cleanValue(declaration.slice(colon + 1));
  }
  return found;
}

/** @param {string} text */
function cleanValue(text) {
  return text
    .replace(/!\s*important/i, '')
    .trim()
    .toLowerCase();
}

/**
 * The plain rules of style sheets. Rules inside `@media` and the like may not hold here, and are not looked at.
 *
 * @param {string} css - text of all `style` elements.
 * @returns {Rule[]} by weight, and of the same weight in their order.
 */
export function parseRules(css) {
  /** @type {Rule[]} */
  const rules = [];
  for (const { selectors, body } of plainRules(css.replace(COMMENT, ''))) {
    const declarations = parseDeclarations(body);
    if (Object.keys(declarations).length === 0) continue;
    for (const selector of selectors.split(',')) {
      const rule = parseSelector(selector.trim(), declarations);
      if (rule !== undefined && rules.length < RULES_MAX) rules.push(rule);
    }
  }
  return rules.sort((a, b) => a.weight - b.weight);
}

/** @param {string} css @returns {{ readonly selectors: string, readonly body: string }[]} rules that stand in no other. */
function plainRules(css) {
  const rules = [];
  let depth = 0;
  let isAt = false;
  let selectors = '';
  let body = '';
  for (const [, text = '', sign] of css.matchAll(/([^{};@]*)([{};@])/g)) {
    if (depth === 1 && !isAt) body += `${text};`;
    if (sign === '@') isAt ||= depth === 0;
    else if (sign === '{') {
      depth += 1;
      if (depth === 1) [selectors, body] = [text, ''];
    } else if (sign === '}') {
      if (depth === 1 && !isAt) rules.push({ selectors, body });
      depth = Math.max(0, depth - 1);
    }
    if (sign !== '@' && sign !== '{' && depth === 0) isAt = false;
  }
  return rules;
}

/** @param {string} selector @param {Declarations} declarations @returns {Rule | undefined} */
function parseSelector(selector, declarations) {
  const [, name, rest = ''] = /^([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)$/i.exec(selector) ?? [];
  if (name === undefined && rest === '') return undefined;
  const classes = Array.from(rest.matchAll(/\.([\w-]+)/g), ([, found = '']) => found);
  const id = /#([\w-]+)/.exec(rest)?.[1];
  const weight = (id === undefined ? 0 : 10_000) + classes.length * 100 + (name === undefined ? 0 : 1);
  return { name: name === '*' ? undefined : name?.toLowerCase(), id, classes, declarations, weight };
}

/**
 * Finds the rules that may be about an element, without looking at all of them.
 *
 * @typedef {object} StyleSheet
 * @property {ReadonlyMap<string, readonly Rule[]>} byKey - by `.class`, `#id` or name, whichever the selector has.
 * @property {readonly Rule[]} forAll
 * @property {boolean} isEmpty
 */

/** @param {readonly Rule[]} rules - by weight. @returns {StyleSheet} */
export function styleSheet(rules) {
  /** @type {Map<string, Rule[]>} */
  const byKey = new Map();
  const forAll = rules.filter((rule) => keyOf(rule) === undefined);
  for (const rule of rules) {
    const key = keyOf(rule);
    if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), rule]);
  }
  return { byKey, forAll, isEmpty: rules.length === 0 };
}

/** @param {Rule} rule */
function keyOf({ id, classes, name }) {
  if (id !== undefined) return `#${id}`;
  return classes[0] === undefined ? name : `.${classes[0]}`;
}

/** @type {Declarations} */
const NOTHING = {};

/**
 * What rules and the element's own attribute say together.
 *
 * @param {import('./tree.js').Element} element
 * @param {StyleSheet} sheet
 * @param {string | undefined} own - the attribute `style`.
 * @returns {Declarations} the same object for all elements of which nothing is said.
 */
export function declarationsOf(element, sheet, own) {
  const rules = sheet.isEmpty ? [] : rulesFor(element, sheet);
  if (rules.length === 0) return own === undefined ? NOTHING : parseDeclarations(own);
  const said = Object.assign({}, ...rules.map(({ declarations }) => declarations));
  return own === undefined ? said : Object.assign(said, parseDeclarations(own));
}

/** @param {import('./tree.js').Element} element @param {StyleSheet} sheet @returns {Rule[]} by weight. */
function rulesFor({ name, attributes }, { byKey, forAll }) {
  const classes = attributes.class?.split(/\s+/) ?? [];
  const keys = [name, ...classes.map((one) => `.${one}`), ...(attributes.id === undefined ? [] : [`#${attributes.id}`])];
  return [...forAll, ...keys.flatMap((key) => byKey.get(key) ?? [])]
    .filter(
      (rule) =>
        (rule.name === undefined || rule.name === name) &&
        (rule.id === undefined || rule.id === attributes.id) &&
        rule.classes.every((wanted) => classes.includes(wanted)),
    )
    .sort((a, b) => a.weight - b.weight);
}
