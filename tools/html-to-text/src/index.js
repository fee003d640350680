import { mayHaveInvisible } from './invisible-characters.js';
import { Links, parseUrl, resolveUrl } from './links.js';
import { mainContent } from './main-content.js';
import { oneLine } from './one-line.js';
import { render } from './render.js';
import { parseRules, styleSheet } from './style.js';
import { attributeOf, DEPTH_MAX, elementsWhere, parseHtml } from './tree.js';
import { visibleTree } from './visible.js';

/** Characters of HTML that are taken (UTF-16 units). */
const HTML_CHARS_MAX = 1_000_000;
/** Characters of text that can be asked for. */
const TEXT_CHARS_MAX = 1_000_000;
const TITLE_CHARS_MAX = 500;

/** @satisfies {typeof import('cellblock:samples/html-to-text@0.1.0')} */
export const htmlToText = {
  convert(html, options) {
    checkOptions(html, options);
    const tree = parseHtml(html);
    if (tree === undefined) throw { tag: 'too-deep', val: DEPTH_MAX };
    const { root, hidden } = visibleTree(tree.root, styleSheet(parseRules(tree.styles)), mayHaveInvisible(html));
    const main = options.part === 'main-content' ? mainContent(root) : undefined;
    const links = options.links ? new Links(resolveUrl(tree.base, options.baseUrl) ?? options.baseUrl) : undefined;
    const style = { isMarkdown: options.format === 'markdown', hasImages: options.images, links };
    const { text, isTruncated } = render(main ?? root, style, options.charsMax);
    if (text === '') throw { tag: 'no-text' };
    return {
      title: oneLine(tree.title, TITLE_CHARS_MAX) || undefined,
      language: languageOf(tree.root),
      text,
      isTruncated,
      isMainContent: main !== undefined,
      links: links?.list ?? [],
      hidden: hidden.texts,
      hiddenChars: hidden.chars,
    };
  },
};

/** @param {string} html @param {import('cellblock:samples/html-to-text@0.1.0').Options} options */
function checkOptions(html, { charsMax, baseUrl }) {
  if (html.length > HTML_CHARS_MAX) throw { tag: 'too-long', val: HTML_CHARS_MAX };
  if (charsMax < 1 || charsMax > TEXT_CHARS_MAX) throw { tag: 'bad-option', val: `chars-max: expected 1 to ${TEXT_CHARS_MAX}` };
  if (baseUrl !== undefined && !/^https?:$/.test(parseUrl(baseUrl)?.protocol ?? ''))
    throw { tag: 'bad-option', val: 'base-url: expected an absolute address with `http` or `https`' };
}

/** @param {import('./tree.js').Element} root */
function languageOf(root) {
  const [html] = elementsWhere(root, ({ name }) => name === 'html');
  const language = html === undefined ? undefined : attributeOf(html, 'lang')?.trim();
  return language !== undefined && /^[a-z]{2,3}(-[a-z0-9]{1,8})*$/i.test(language) ? language : undefined;
}
