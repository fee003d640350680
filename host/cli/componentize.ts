import { readFile, writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { CodedError, decodeComponent } from '../../runtime/index.ts';
import { grouped } from '../approvals/text-lines.ts';
import { note, print, progress } from './output.ts';

interface ComponentizeOptions {
  readonly wit: string;
  readonly world?: string;
  readonly stringEncoding: 'utf8' | 'utf16';
  readonly output: string;
  readonly json?: boolean;
}

/** Adds `cellblock componentize`. Errors are thrown as `CodedError`, for the program to show. */
export function addComponentize(program: Command): void {
  program
    .command('componentize')
    .summary('make a component of a core module')
    .description(
      'Embeds WIT and its doc comments into a core module and makes a component of it. Exports that begin with `cm$` get their names in the component model.',
    )
    .argument('<core>', 'core module (.wasm), as `asc` writes it from bindings of `cellblock bindgen`')
    .requiredOption('--wit <path>', 'WIT file, or folder with the WIT files of a package and `deps`')
    .option('--world <name>', 'world of the module; may be left out where the package has only one')
    .addOption(
      new Option('--string-encoding <name>', 'how strings lie in its memory').choices(['utf8', 'utf16']).default('utf16'),
    )
    .requiredOption('-o, --output <file>', 'component to write')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Example:
  cellblock componentize greeter.core.wasm --wit wit --world greeter -o greeter.wasm
  cellblock inspect greeter.wasm`,
    )
    .action(async (core: string, options: ComponentizeOptions) => {
      const end = progress('making a component');
      const component = await make(core, options).finally(end);
      const { digest } = decodeComponent(component);
      if (options.json === true) return print(JSON.stringify({ file: options.output, bytes: component.length, digest }));
      print(options.output);
      note(`${grouped(component.length)} bytes, ${digest}`);
    });
}

async function make(core: string, { wit, world, stringEncoding, output }: ComponentizeOptions): Promise<Uint8Array> {
  const { componentize } = await import('../../authoring/index.ts'); // loads a large WebAssembly module
  const binary = await readFile(core).catch((cause: unknown) => fileError(core, 'read', cause));
  const component = await componentize(binary, { wit, stringEncoding, ...(world === undefined ? {} : { world }) });
  await writeFile(output, component).catch((cause: unknown) => fileError(output, 'written', cause));
  return component;
}

function fileError(path: string, done: string, cause: unknown): never {
  const { code } = cause as { readonly code?: string }; // of Node's errors
  throw new CodedError('usage/unreadable-file', `\`${path}\` cannot be ${done}: ${code ?? 'unknown reason'}`, { cause });
}
