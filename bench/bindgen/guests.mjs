// One function, `greet(name: string) -> string`, as components: by our generator, by hand, and by wit-bindgen's Rust.
import { mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { componentize, generateAssemblyScript, readWorld } from 'cellblock/authoring';
import { COMPILERS } from '../../dist/authoring/build/index.js';

const FOLDER = fileURLToPath(new URL('./guests/', import.meta.url));
const WIT = join(FOLDER, 'wit');
const WORLD = 'greeter';
/** Those that docs/assemblyscript.md gives; the entry of a hand-written module is the module. */
const FLAGS = ['-O3', '--shrinkLevel', '1', '--noColors'];

/**
 * Components by name, compiled now. Rust is left out where its compiler is missing.
 *
 * @returns {Promise<{ name: string, bytes: Uint8Array }[]>} `hand-written` first: the others are measured against it.
 */
export async function greeters() {
  const found = [
    { name: 'hand-written', bytes: await handWritten('hand-written', 'incremental') },
    { name: 'generated', bytes: await generated('incremental') },
    { name: 'generated, minimal', bytes: await generated('minimal') },
    { name: 'bare bytes', bytes: await handWritten('bare', 'stub') },
  ];
  const rust = await rustGreeter();
  return rust === undefined ? found : [...found, { name: 'Rust, wit-bindgen', bytes: rust }];
}

async function generated(runtime) {
  const files = new Map([['assembly/index.ts', await readFile(join(FOLDER, 'generated.ts'), 'utf8')]]);
  for (const [name, text] of generateAssemblyScript(await readWorld(WIT, WORLD))) files.set(`assembly/bindings/${name}`, text);
  return compile(files, 'assembly/bindings/entry.ts', [
    ...['--runtime', runtime, '--exportStart', '_initialize', '--use', 'abort=assembly/bindings/canonical/abort'],
  ]);
}

async function handWritten(name, runtime) {
  const text = await readFile(join(FOLDER, `${name}.ts`), 'utf8');
  return compile(new Map([['assembly/index.ts', text]]), 'assembly/index.ts', ['--runtime', runtime, '--use', 'abort=']);
}

async function compile(files, entry, flags) {
  let core;
  const { error, stderr } = await asc.main([entry, '--outFile', 'core.wasm', ...FLAGS, ...flags], {
    readFile: (path) => files.get(path) ?? null,
    writeFile: (_, contents) => {
      core = contents;
    },
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${entry}: ${error.message}\n${stderr.toString()}`);
  return componentize(core, { wit: WIT, world: WORLD });
}

async function rustGreeter() {
  const out = join(tmpdir(), 'cellblock-bench-greeter');
  await mkdir(out, { recursive: true });
  const project = {
    folder: join(FOLDER, 'rust'),
    name: 'greeter',
    language: 'rust',
    world: WORLD,
    wit: WIT,
    component: join(out, 'greeter.wasm'),
  };
  const compileRust = await COMPILERS.rust();
  try {
    return (await compileRust(project, out, { locked: true })).component;
  } catch (error) {
    if (error.code !== 'author/no-compiler') throw error;
    return undefined;
  }
}
