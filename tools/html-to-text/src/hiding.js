import { areAlike, colourOf, isTransparent } from './colour.js';
import { attributeOf } from './tree.js';

/** @typedef {import('cellblock:samples/html-to-text@0.1.0').Cause} Cause */
/** @typedef {import('./style.js').Declarations} Declarations */

/**
 * What an element has from those around it.
 *
 * @typedef {object} Surroundings
 * @property {import('./colour.js').Colour} colour - of text.
 * @property {import('./colour.js').Colour} background
 * @property {boolean} isPicture - whether an image is behind the text, whose colours nobody knows here.
 */

/** Pixels of a font or box below which nothing can be read. */
const SIZE_MIN = 2;
/** Pixels beyond the edge of a window at which nothing can be seen. */
const OFF_SCREEN = 900;
/** Share of what is opaque. */
const OPACITY_MIN = 0.06;

/**
 * Why the text of an element is not seen, as far as its attributes and styles say.
 *
 * @param {import('./tree.js').Element} element
 * @param {Declarations} style
 * @param {Surroundings} within - as `surroundingsOf` gives it, for the element itself.
 * @returns {Cause | undefined}
 */
export function causeOf(element, style, within) {
  if ('hidden' in element.attributes || attributeOf(element, 'aria-hidden') === 'true') return 'attribute';
  if (element.name === 'dialog' && !('open' in element.attributes)) return 'not-displayed';
  return styleCause(style) ?? colourCause(within);
}

/** @param {Declarations} style @returns {Cause | undefined} */
function styleCause(style) {
  if (Object.keys(style).length === 0) return undefined;
  if (style.display === 'none' || style['content-visibility'] === 'hidden') return 'not-displayed';
  if (/^(hidden|collapse)$/.test(style.visibility ?? '')) return 'not-displayed';
  if (numberOf(style.opacity) < OPACITY_MIN || /opacity\(0(\.0\d*)?%?\)/.test(style.filter ?? '')) return 'transparent';
  if (isSizeless(style)) return 'no-size';
  return isOffScreen(style) ? 'off-screen' : undefined;
}

/** @param {Surroundings} within @returns {Cause | undefined} */
function colourCause({ colour, background, isPicture }) {
  if (isTransparent(colour)) return 'transparent';
  return !isPicture && areAlike(colour, background) ? 'same-colour' : undefined;
}

/** @param {Declarations} style */
function isSizeless(style) {
  if (pixelsOf(style['font-size'] ?? fontSizeOf(style.font)) < SIZE_MIN) return true;
  const isCut = /hidden|clip/.test(style.overflow ?? '');
  const sides = [style.width, style.height, style['max-width'], style['max-height']];
  if (isCut && sides.some((side) => pixelsOf(side) < SIZE_MIN)) return true;
  if (/rect\(\s*[01](px)?\s*[,\s]\s*[01](px)?\s*[,\s]\s*[01](px)?\s*[,\s]\s*[01](px)?\s*\)/.test(style.clip ?? '')) return true;
  if (/inset\(\s*(50|100)%|circle\(\s*0/.test(style['clip-path'] ?? '')) return true;
  return /scale[xy]?\(\s*0?\.?0*\s*[,)]/.test(style.transform ?? '');
}

/** @param {Declarations} style */
function isOffScreen(style) {
  const isPlaced = /absolute|fixed/.test(style.position ?? '');
  const edges = isPlaced ? [style.left, style.top, style.right, style.bottom] : [];
  const moved = [...edges, style['text-indent'], style['margin-left'], style['margin-top']];
  if (moved.some((length) => pixelsOf(length) <= -OFF_SCREEN)) return true;
  const isFar = (/** @type {string | undefined} */ length) =>
    Number.isFinite(pixelsOf(length)) && pixelsOf(length) >= 10 * OFF_SCREEN;
  if (isPlaced && (isFar(style.left) || isFar(style.top))) return true;
  return /translate[xy]?\([^)]*-\d{4,}/.test(style.transform ?? '');
}

/**
 * @param {import('./tree.js').Element} element
 * @param {Declarations} style
 * @param {Surroundings} within
 * @returns {Surroundings} what the element's text and children have.
 */
export function surroundingsOf(element, style, within) {
  const said =
    style['-webkit-text-fill-color'] ?? style.color ?? (element.name === 'font' ? attributeOf(element, 'color') : undefined);
  const behind = style['background-color'] ?? style.background ?? attributeOf(element, 'bgcolor');
  if (said === undefined && behind === undefined) return within;
  const colour = said === undefined ? within.colour : (colourOf(said) ?? UNKNOWN);
  if (behind === undefined) return { ...within, colour };
  const background = colourOf(behind);
  const isPicture =
    /url\(|gradient\(/.test(behind) || (background === undefined && !/^(none|inherit|initial|unset)?$/.test(behind));
  const isSeenThrough = background === undefined || isTransparent(background);
  return {
    colour,
    background: isSeenThrough ? within.background : background,
    isPicture: isPicture || (isSeenThrough && within.isPicture),
  };
}

/** Like no other colour. */
const UNKNOWN = /** @type {import('./colour.js').Colour} */ ([-1000, -1000, -1000, 1]);

/** @param {string | undefined} text @returns {number} more than any where there is none. */
function numberOf(text) {
  const number = Number.parseFloat(text ?? '');
  if (Number.isNaN(number)) return Number.POSITIVE_INFINITY;
  return text?.endsWith('%') ? number / 100 : number;
}

/** @param {string | undefined} text - a length of CSS. @returns {number} in pixels; more than any for what is none. */
function pixelsOf(text) {
  const [, number, unit] = /^(-?(?:\d+\.?\d*|\.\d+))(px|pt|em|rem|ex|ch|vw|vh|%|cm|mm|in)?$/.exec(text ?? '') ?? [];
  if (number === undefined) return Number.POSITIVE_INFINITY;
  const factor =
    unit === undefined || unit === 'px'
      ? 1
      : /^(em|rem)$/.test(unit)
        ? 16
        : unit === 'in' || unit === 'cm'
          ? 60
          : unit === '%'
            ? 10
            : 4 / 3;
  return Number(number) * factor;
}

/** @param {string | undefined} font - the shorthand. */
function fontSizeOf(font) {
  return /(?:^|\s)(\d*\.?\d+(?:px|pt|em|rem|%)?)(?:\/|\s)/.exec(font ?? '')?.[1];
}
