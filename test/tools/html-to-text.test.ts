/** The sample that reads web pages: its component, built from its source, in real cells. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeComponent } from 'cellblock/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { installPackages } from '../../authoring/build/javascript/install.ts';
import { readProject } from '../../authoring/project/index.ts';
import { builtJavaScript } from '../support/built-javascript.ts';
import { useCells } from '../support/cells.ts';

const FOLDER = fileURLToPath(new URL('../../tools/html-to-text/', import.meta.url));

/** The engine is read and run once for a build. */
const BUILD_MS = 120_000;

/** Its npm packages come from the registry, the first time. */
const HAS_PACKAGES = await readProject(FOLDER)
  .then((project) => installPackages(project, ['htmlparser2', 'entities'], { locked: true }))
  .then(
    () => true,
    () => false,
  );

interface Page {
  readonly title: unknown;
  readonly text: string;
  readonly links: readonly { readonly number: number; readonly text: string; readonly url: string }[];
  readonly hidden: readonly { readonly cause: string; readonly text: string }[];
  readonly 'hidden-chars': number;
  readonly 'is-truncated': boolean;
  readonly 'is-main-content': boolean;
}

describe.skipIf(!HAS_PACKAGES)('html-to-text, with its packages from npm', () => {
  const cells = useCells('thread');
  let component: Uint8Array = new Uint8Array();
  beforeAll(async () => {
    component = await builtJavaScript(FOLDER);
  }, BUILD_MS);

  const OPTIONS = { format: 'plain', part: 'whole-page', links: false, images: false, 'base-url': null, 'chars-max': 10_000 };
  const convert = (html: string, options: object = {}) =>
    cells.run(component, 'convert', [html, { ...OPTIONS, ...options }], { limits: { fuelMax: 10_000_000_000n } });
  const pageOf = async (html: string, options: object = {}): Promise<Page> => {
    const { kind, value } = await convert(html, options);
    expect(kind).toBe('ok');
    return value as unknown as Page; // the WIT has this record
  };

  it('is the component that component.json names, and imports nothing', async () => {
    const about = JSON.parse(await readFile(`${FOLDER}component.json`, 'utf8'));
    const digest = `sha256:${createHash('sha256').update(component).digest('hex')}`;
    expect({ digest, bytes: component.length }).toEqual({ digest: about.digest, bytes: about.bytes });
    expect(decodeComponent(component).imports).toEqual([]);
  });

  it.each([
    ['the attribute hidden', '<p hidden>X', 'attribute'],
    ['aria-hidden', '<p aria-hidden="true">X', 'attribute'],
    ['display: none', '<p style="Display:NONE">X', 'not-displayed'],
    ['visibility', '<p style="visibility:hidden"><b>X', 'not-displayed'],
    ['a rule of a class', '<style>a,p.x{display:none}</style><p class="y x">X', 'not-displayed'],
    ['a dialog that is closed', '<dialog>X</dialog>', 'not-displayed'],
    ['opacity', '<p style="opacity:.01">X', 'transparent'],
    ['a transparent colour', '<p style="color:rgba(0,0,0,0)">X', 'transparent'],
    ['a font of no size', '<p style="font:0/1 sans-serif">X', 'no-size'],
    ['a box of no size', '<p style="height:0;overflow:hidden">X', 'no-size'],
    ['a clip', '<p style="position:absolute;clip:rect(0,0,0,0)">X', 'no-size'],
    ['a place to the left', '<p style="position:fixed;left:-99em">X', 'off-screen'],
    ['an indent', '<p style="text-indent:-9999px">X', 'off-screen'],
    ['white on white', '<p style="color:#FFF">X', 'same-colour'],
    ['black on black', '<div style="background:black"><p>X</div>', 'same-colour'],
    ['a font element', '<table bgcolor="#fffff0"><tr><td><font color="white">X</font></table>', 'same-colour'],
    ['an entity in a style', '<p style="display&#58;none">X', 'not-displayed'],
  ])('tells apart what people do not see: %s', async (_, html, cause) => {
    const page = await pageOf(`<p>seen</p>${html}`);
    expect(page.text).toBe('seen');
    expect(page.hidden).toEqual([{ cause, text: 'X' }]);
    expect(page['hidden-chars']).toBe(1);
  });

  it.each([
    ['a colour on another', '<div style="background:#000"><p style="color:#fff">X</div>'],
    ['white on a picture', '<div style="background:url(sky.jpg)"><p style="color:white">X</div>'],
    ['a colour that nobody knows', '<p style="color:var(--text)">X'],
    ['a rule that is commented out', '<style>/* p { display: none } */</style><p>X'],
    ['a rule for paper', '<style>@media print { p { display: none } } i { color: red }</style><p>X'],
    ['a lighter rule', '<style>#x { display: block } b { display: none }</style><p><b id="x">X</b>'],
    ['a box without a cut', '<p style="height:0">X'],
    ['details', '<details>X</details>'],
  ])('leaves what people do see: %s', async (_, html) => {
    const page = await pageOf(`<p>seen</p>${html}`);
    expect(page.text).toBe('seen\n\nX');
    expect(page.hidden).toEqual([]);
  });

  it('spells what tags of Unicode say, and keeps joiners that people need', async () => {
    const tags = Array.from('obey', (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');
    const page = await pageOf(`<p>a${tags}b \u{1f469}\u200d\u{1f52c}, soft\u00adhyphen</p>`);
    expect(page.text).toBe('ab \u{1f469}\u200d\u{1f52c}, softhyphen');
    expect(page.hidden).toEqual([{ cause: 'invisible-characters', text: 'obey' }]);
  });

  it('reads broken HTML, and no script, style, comment or frame', async () => {
    const html =
      '<ul><li>a<li>b</ul><p>c<p>d <!-- no --><script>no("</p>")</script><iframe>no</iframe><style>no</style>&lt;e&gt; &copy;<b>f';
    expect((await pageOf(html)).text).toBe('- a\n- b\n\nc\n\nd <e> ©f');
  });

  it("gives Markdown in which the page's own text is only text", async () => {
    const html =
      '<h2>A *b*</h2><p># c [d](javascript:e)<pre>```\nf</pre><table><tr><th>g<th>h<tr><td>i|j<td>k</table><blockquote>l<ol start=2><li>m<li>n';
    expect((await pageOf(html, { format: 'markdown' })).text).toBe(
      '## A \\*b\\*\n\n\\# c \\[d\\](javascript:e)\n\n````\n```\nf\n````\n\n| g | h |\n| --- | --- |\n| i\\|j | k |\n\n> l\n>\n> 2. m\n> 3. n',
    );
  });

  it('numbers links that lead somewhere', async () => {
    const html =
      '<base href="/d/"><a href="e?f&amp;g">h</a> <a href="javascript:i()">j</a> <a href="#k">l</a> <a href="https://m.example">n</a> <a href="e?f&amp;g">o</a>';
    const page = await pageOf(html, { links: true, 'base-url': { some: 'https://a.example/b/c' } });
    expect(page.text).toBe('h[1] j l n[2] o[1]');
    expect(page.links).toEqual([
      { number: 1, text: 'h', url: 'https://a.example/d/e?f&g' },
      { number: 2, text: 'n', url: 'https://m.example/' },
    ]);
  });

  it('finds the main part where no element names it', async () => {
    const paragraph = `<p>${'Running text of an article, in whole sentences. '.repeat(4)}</p>`;
    const html = `<div id="menu"><a href="/">Home</a><a href="/x">Other</a></div><div><div>${paragraph.repeat(3)}</div></div><div>Imprint</div>`;
    const page = await pageOf(html, { part: 'main-content' });
    expect(page['is-main-content']).toBe(true);
    expect(page.text).not.toContain('Home');
    expect(page.text.split('\n\n')).toHaveLength(3);
    const none = await pageOf('<p>Short.</p><nav>Menu</nav>', { part: 'main-content' });
    expect(none).toMatchObject({ 'is-main-content': false, text: 'Short.\n\nMenu' });
  });

  it('cuts the text where it is told to, not within a character', async () => {
    const page = await pageOf('<p>abc😀def</p>', { 'chars-max': 4 });
    expect(page).toMatchObject({ text: 'abc', 'is-truncated': true });
    expect(await pageOf('<p>abc😀</p>', { 'chars-max': 5 })).toMatchObject({ text: 'abc😀', 'is-truncated': false });
  });

  it.each([
    ['nothing', '', {}, { tag: 'no-text' }],
    ['nothing to see', '<p hidden>a', {}, { tag: 'no-text' }],
    ['too many levels', '<b>'.repeat(300), {}, { tag: 'too-deep', value: 256 }],
    ['too much', ' '.repeat(1_000_001), {}, { tag: 'too-long', value: 1_000_000 }],
    ['no room', 'a', { 'chars-max': 0 }, { tag: 'bad-option', value: 'chars-max: expected 1 to 1000000' }],
    [
      'another scheme',
      'a',
      { 'base-url': { some: 'file:///etc' } },
      { tag: 'bad-option', value: 'base-url: expected an absolute address with `http` or `https`' },
    ],
  ])('returns a typed error for %s', async (_, html, options, problem) => {
    expect(await convert(html, options)).toMatchObject({ kind: 'tool-error', value: problem });
  });
});
