import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/* Examples of docs/adapters.md are parts of files that are compiled. */

const PAGE = readFileSync(new URL('../../../docs/adapters.md', import.meta.url), 'utf8');
const FOLDER = new URL('./examples/', import.meta.url);

/** Indentation apart. */
const flat = (code: string): string => code.replace(/\s+/g, ' ').trim();

it('shows only code that compiles', () => {
  const compiled = readdirSync(FOLDER).map((name) => flat(readFileSync(new URL(name, FOLDER), 'utf8')));
  const shown = [...PAGE.matchAll(/```ts\n([^`]+)```/g)].map(([, code = '']) => flat(code));
  expect(shown.length).toBeGreaterThan(6);
  expect(shown.filter((code) => !compiled.some((file) => file.includes(code)))).toEqual([]);
});
