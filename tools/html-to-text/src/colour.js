/** @typedef {readonly [red: number, green: number, blue: number, alpha: number]} Colour 0 to 255, and 0 to 1. */

/** Names that pages hide text with, or put behind it. Others are taken for visible. */
const NAMES = /** @type {Record<string, Colour>} */ ({
  transparent: [0, 0, 0, 0],
  white: [255, 255, 255, 1],
  snow: [255, 250, 250, 1],
  ivory: [255, 255, 240, 1],
  ghostwhite: [248, 248, 255, 1],
  whitesmoke: [245, 245, 245, 1],
  black: [0, 0, 0, 1],
  gray: [128, 128, 128, 1],
  grey: [128, 128, 128, 1],
  silver: [192, 192, 192, 1],
  red: [255, 0, 0, 1],
  green: [0, 128, 0, 1],
  blue: [0, 0, 255, 1],
  yellow: [255, 255, 0, 1],
  navy: [0, 0, 128, 1],
});

export const WHITE = /** @type {Colour} */ ([255, 255, 255, 1]);
export const BLACK = /** @type {Colour} */ ([0, 0, 0, 1]);

/** Sum of the differences of the three parts below which nobody reads a text. */
const DIFFERENCE_MIN = 24;

/** Below this, a colour is as good as not there. */
const ALPHA_MIN = 0.06;

/**
 * @param {string} text - a colour of CSS, or the first one in a shorthand such as `background`.
 * @returns {Colour | undefined} nothing where it is none of the usual forms.
 */
export function colourOf(text) {
  const hex = /#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b/i.exec(text)?.[1];
  if (hex !== undefined) return hexColour(hex);
  const numbers = /\brgba?\(([^)]*)\)/i.exec(text)?.[1];
  if (numbers !== undefined) return rgbColour(numbers);
  const lightness = /\bhsla?\([^,\s]+[,\s]+[\d.]+%[,\s]+(0|100)%/i.exec(text)?.[1];
  if (lightness !== undefined) return lightness === '0' ? BLACK : WHITE;
  const name = /^[\s(]*([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
}

/** @param {string} hex @returns {Colour} */
function hexColour(hex) {
  const digits = hex.length <= 4 ? hex.replace(/./g, '$&$&') : hex;
  const at = (/** @type {number} */ index) => Number.parseInt(digits.slice(index, index + 2), 16);
  return [at(0), at(2), at(4), digits.length === 8 ? at(6) / 255 : 1];
}

/** @param {string} text @returns {Colour | undefined} */
function rgbColour(text) {
  const parts = text.split(/[\s,/]+/).filter((part) => part !== '');
  const numbers = parts.map((part, index) => Number.parseFloat(part) * (part.endsWith('%') ? (index === 3 ? 0.01 : 2.55) : 1));
  const [red = 0, green = 0, blue = 0, alpha = 1] = numbers;
  return numbers.length < 3 || numbers.some(Number.isNaN) ? undefined : [red, green, blue, alpha];
}

/** @param {Colour} colour */
export function isTransparent([, , , alpha]) {
  return alpha < ALPHA_MIN;
}

/** @param {Colour} a @param {Colour} b @returns {boolean} whether nobody sees one on the other. */
export function areAlike(a, b) {
  return Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2]) < DIFFERENCE_MIN;
}
