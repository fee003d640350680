import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CODES, EXIT_CODES, kindOf } from '../../runtime/codes.ts';

/* docs/codes.md is made from the table of codes: `BLESS=1 npx vitest run test/pins` rewrites it. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = join(ROOT, 'docs/codes.md');

function page(): string {
  const exits = Object.entries(EXIT_CODES).map(([kind, code]) => `| \`${kind}\` | ${code} |`);
  const rows = Object.entries(CODES).map(([code, { kind, who, means }]) => `| \`${code}\` | \`${kind}\` | ${who} | ${means} |`);
  return `# Codes

<!-- Made from runtime/codes.ts by \`BLESS=1 npx vitest run test/pins\`. -->

Every outcome has a kind; every outcome but \`ok\` has a code. The command line's exit code follows from the kind.

| kind | exit code |
|---|---|
${exits.join('\n')}

| code | reported as | who must act | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function sources(): string {
  const files = ['runtime', 'host', 'authoring'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'codes.ts')
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
  );
  return files.join('\n');
}

describe('codes', () => {
  it('are on their page as they are in the table', () => {
    if (process.env.BLESS === '1') writeFileSync(PAGE, page());
    expect(readFileSync(PAGE, 'utf8')).toBe(page());
  });

  it('are all used somewhere', () => {
    const text = sources();
    expect(Object.keys(CODES).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  it('have an exit code through their kind; an unknown code counts as failed', () => {
    for (const code of Object.keys(CODES)) expect(EXIT_CODES[kindOf(code)]).toBeGreaterThan(0);
    expect(kindOf('future/thing')).toBe('failed');
    expect(kindOf('constructor')).toBe('failed');
  });

  it('keep the exit codes that scripts rely on', () => {
    expect(EXIT_CODES).toEqual({
      ok: 0,
      'tool-error': 1,
      usage: 2,
      refused: 3,
      trapped: 4,
      limited: 5,
      pending: 6,
      cancelled: 7,
      failed: 8,
    });
  });
});
