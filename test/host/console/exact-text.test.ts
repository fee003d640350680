import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactValue, inlineText, lineText, plainText } from '../../../host/console/exact-text.ts';
import { jsonText, type PlainJson } from '../../../runtime/index.ts';

const read = (page: unknown) =>
  String(page)
    .replace(/<[^>]*>/g, '')
    .replace(/&(quot|amp|lt|gt|#39);/g, (_, name: string) => ({ quot: '"', amp: '&', lt: '<', gt: '>', '#39': "'" })[name] ?? '');

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

describe('text of others', () => {
  it('is shown so that reading it gives the same value, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), anyText, (value, text) => {
        // What fast-check makes is plain JSON.
        const json = { value: value as PlainJson, text };
        expect(JSON.parse(read(exactValue(json)))).toEqual(JSON.parse(jsonText(json))); // which knows -0
        expect(JSON.parse(read(exactValue(text)).replaceAll('\\n\n', '\\n'))).toBe(text);
      }),
      { examples: [[[-0], '']] },
    );
  });

  it('has no character that is not seen or that reorders, in whichever way it is shown', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const shown of [exactValue(text), inlineText(text, 300), lineText(text), plainText(text, 300)])
          expect(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}](?<!\n)/u.test(read(shown))).toBe(false);
      }),
    );
  });

  it('makes no tags: those that are there are ours', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const tags = String(exactValue(`<i>"'${text}`)).match(/<[^>]*>/g) ?? [];
        expect(tags.filter((tag) => !/^<\/?(?:div|span)(?: class="(?:value|esc)")?>$/.test(tag))).toEqual([]);
      }),
    );
  });

  it('of a mebibyte is cut with a word that says so', () => {
    const page = String(exactValue('x'.repeat(2 ** 20)));
    expect(page).toContain('1,044,578 more characters');
    expect(page).toContain('The last 448,578 characters are not shown');
    expect(page.length).toBeLessThan(700_000);
  });
});
