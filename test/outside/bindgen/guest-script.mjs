/** What wit-bindgen's harness calls for guests in AssemblyScript: `prepare`, `bindgen`, `compile` or `verify`, with more in the environment. */

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readWorld } from '../../../dist/authoring/wit/index.js';
import { compileGuest } from './compile.mjs';

if (process.argv[2] === 'compile') await compile(process.env).catch(fail);

async function compile({ SOURCE, ARTIFACTS_DIR, OUTPUT }) {
  const wit = witOf(dirname(SOURCE));
  const world = await readWorld(wit, basename(SOURCE, '.ts'));
  const source = await readFile(SOURCE, 'utf8');
  await writeFile(OUTPUT, await compileGuest({ world, wit, source, folder: join(ARTIFACTS_DIR, 'guest') }));
}

/** Our own WIT where the suite's does not say what the guest is. */
function witOf(folder) {
  const own = join(folder, 'wit');
  if (existsSync(own)) return own;
  return existsSync(join(folder, 'deps')) ? folder : join(folder, 'test.wit');
}

function fail(error) {
  console.error(`${error.code ?? error.name}: ${error.message}`);
  process.exitCode = 1;
}
