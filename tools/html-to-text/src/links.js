import { oneLine } from './one-line.js';
import { attributeOf, textOf } from './tree.js';

/** Links that are numbered. */
const LINKS_MAX = 1000;
/** Characters of an address; longer ones are no use to anybody. */
const URL_CHARS_MAX = 2000;
const TEXT_CHARS_MAX = 200;
const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/** Numbers the links of a page; the same address has one number. */
export class Links {
  /** @param {string | undefined} base - absolute. */
  constructor(base) {
    this.base = base;
    /** @type {{ number: number, text: string, url: string }[]} */
    this.list = [];
    /** @type {Map<string, number>} */
    this.numbers = new Map();
  }

  /**
   * @param {import('./tree.js').Element} element - an `a`.
   * @returns {number | undefined} nothing for a link that leads nowhere a reader could go.
   */
  numberOf(element) {
    const url = resolveUrl(attributeOf(element, 'href'), this.base);
    if (url === undefined) return undefined;
    const known = this.numbers.get(url);
    if (known !== undefined || this.list.length >= LINKS_MAX) return known;
    const number = this.list.length + 1;
    this.numbers.set(url, number);
    this.list.push({ number, text: oneLine(textOf(element), TEXT_CHARS_MAX), url });
    return number;
  }
}

/**
 * @param {string | undefined} text - as the page has it.
 * @param {string | undefined} base
 * @returns {string | undefined} absolute; nothing for other schemes, for places in the same page, and without a base where one is needed.
 */
export function resolveUrl(text, base) {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '' || trimmed.startsWith('#') || trimmed.length > URL_CHARS_MAX) return undefined;
  const url = parseUrl(trimmed, base);
  return url !== undefined && SCHEMES.has(url.protocol) && url.href.length <= URL_CHARS_MAX ? url.href : undefined;
}

/** The engine has no `URL.canParse`. @param {string} text @param {string} [base] */
export function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
