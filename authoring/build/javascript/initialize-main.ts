import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { initializeModule } from './initialize.ts';

/*
 * Stands where componentize-js runs Wizer, with Wizer's arguments: reads the tool's module in the engine and writes what comes out.
 * Wizer itself lets the time and real random numbers into the component, so that each build has another digest.
 */

/** Variables that componentize-js hands to the engine; a shell may have added others. */
const ENGINE_VARIABLES = /^(DEBUG|SOURCE_NAME|FEATURE_CLOCKS|(EXPORT|IMPORT)_CNT|(EXPORT|IMPORT)\d+_\w+)$/;

const args = process.argv.slice(2);
const inputPath = args.at(-1) ?? '';
const optionOf = (name: string): string => args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';

/* Paths of this machine get names that are the same everywhere, in what the engine is told and in what it can open. */
const scripts = optionOf('--dir');
const source = optionOf('--mapdir').replace(/^\/::/, '');
const told = readFileSync(0, 'utf8').replaceAll(`${scripts}/`, '/engine/').replaceAll(`${source}/`, '/');
const stdinPath = join(dirname(inputPath), 'arguments.txt');
writeFileSync(stdinPath, told);

const env = Object.entries(process.env).filter(([name]) => ENGINE_VARIABLES.test(name));
const module = await initializeModule(readFileSync(inputPath), {
  env: Object.fromEntries(env.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, value ?? ''])),
  folders: { '/engine': scripts, '/': source },
  stdinPath,
  initialize: args[args.indexOf('--init-func') + 1] ?? '',
});
writeFileSync(optionOf('-o'), module);
