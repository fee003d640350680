import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mediaGuest } from '../../support/media-guests.ts';

const MAIN = fileURLToPath(new URL('../../../dist/host/cli/main.js', import.meta.url));
const SHOWING = '(export "show" (func (param "path" string)))';

describe('cellblock inspect, of an import', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellblock-inspect-'));
    writeFileSync(join(folder, 'types.wasm'), await mediaGuest());
    writeFileSync(join(folder, 'function.wasm'), await mediaGuest({ inner: SHOWING }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const inspect = async (name: string, ...options: readonly string[]) =>
    (await promisify(execFile)(process.execPath, [MAIN, 'inspect', ...options, join(folder, name)])).stdout;

  it('says that it needs no grant where it has only types', async () => {
    expect(await inspect('types.wasm')).toContain('\n  cellblock:host/media@0.1.0  (types only, needs no grant)\n');
    expect(JSON.parse(await inspect('types.wasm', '--json'))).toMatchObject({
      imports: [{ import: 'cellblock:host/media@0.1.0', servedBy: 'always', typesOnly: true }],
    });
  });

  it('says that nothing grants it where it has a function that nobody serves', async () => {
    expect(await inspect('function.wasm')).toContain(
      '\n  cellblock:host/media@0.1.0  (nothing here grants it; an embedding program can)\n',
    );
  });
});
