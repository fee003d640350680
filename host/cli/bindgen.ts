import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { CodedError } from '../../runtime/index.ts';
import { note, print, progress } from './output.ts';

interface BindgenOptions {
  readonly lang: 'assemblyscript';
  readonly world?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** What `cellblock bindgen --json` prints. */
interface BindgenReport {
  /** Package and world: `cellblock:samples/word-count-tool@0.1.0`. */
  readonly world: string;
  readonly out: string;
  /** Paths within `out`. */
  readonly files: readonly string[];
  /** Those of them that were not there before, or other. */
  readonly written: readonly string[];
}

/** Adds `cellblock bindgen`. Errors are thrown as `CodedError`, for the program to show. */
export function addBindgen(program: Command): void {
  program
    .command('bindgen')
    .summary('write typed bindings of a WIT world for AssemblyScript')
    .description(
      'Writes the files between your AssemblyScript and the component model: types, imports, and interfaces that your classes implement. For plain `asc`, and for people who use nothing else of Cellblock.',
    )
    .argument('<wit>', 'WIT file, or folder with the WIT files of a package and `deps`')
    .addOption(new Option('--lang <language>', 'language of the bindings').choices(['assemblyscript']).default('assemblyscript'))
    .option('--world <name>', 'world to bind; may be left out where the package has only one')
    .option('--out <folder>', 'folder to write to; your code is `../index.ts` from there', 'assembly/bindings')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Example:
  cellblock bindgen --lang assemblyscript wit --world greeter
  asc assembly/bindings/entry.ts -O3 --shrinkLevel 1 --exportStart _initialize \\
      --use abort=assembly/bindings/canonical/abort --outFile greeter.core.wasm
  cellblock componentize greeter.core.wasm --wit wit --world greeter -o greeter.wasm

Write \`assembly/index.ts\` with the classes that \`assembly/bindings/exports/\` asks for; the compiler says what is missing.
What each type of WIT becomes, memory and resources: docs/assemblyscript.md.`,
    )
    .action(async (wit: string, options: BindgenOptions) => {
      const end = progress('reading WIT');
      const report = await writeBindings(wit, options).finally(end);
      if (options.json === true) return print(JSON.stringify(report));
      for (const file of report.files) print(join(report.out, file));
      note(`${report.files.length} files for world \`${report.world}\`, ${report.written.length} of them new or changed`);
    });
}

/** Files that are already as they should be are left alone, so that watchers see only changes. */
async function writeBindings(wit: string, { world, out }: BindgenOptions): Promise<BindgenReport> {
  const { generateAssemblyScript, readWorld } = await import('../../authoring/index.ts'); // loads a large WebAssembly module
  const read = await readWorld(wit, world);
  const files = generateAssemblyScript(read);
  const written: string[] = [];
  for (const [name, text] of files) {
    const path = join(out, name);
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) continue;
    await write(path, text);
    written.push(name);
  }
  return { world: read.id, out, files: [...files.keys()], written };
}

async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (cause) {
    const { code } = cause as { readonly code?: string }; // of Node's errors
    throw new CodedError('usage/unreadable-file', `\`${path}\` cannot be written: ${code ?? 'unknown reason'}`, { cause });
  }
}
