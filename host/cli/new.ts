import { relative } from 'node:path';
import type { Command } from 'commander';
import { LANGUAGE_TITLES, LANGUAGES, languageOf, type NewTool, newTool } from '../../authoring/project/index.ts';
import { print } from './output.ts';

interface NewOptions {
  readonly lang: string;
  readonly json?: boolean;
}

/** Adds `cellblock new`. Errors are thrown as `CodedError`, for the program to show. */
export function addNew(program: Command): void {
  program
    .command('new')
    .summary('begin a tool: a folder with WIT, source, cases and a policy')
    .description(
      'Writes the folder of a new tool, which builds and passes its cases as it stands. Nothing that is there is written over.',
    )
    .argument('<name>', 'name of the tool and its folder: small letters, digits and `-`, such as word-count')
    .requiredOption('--lang <language>', `language of the source: ${LANGUAGES.join(', ')} (js, as and rs for short)`)
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', '\nExample:\n  cellblock new word-count --lang assemblyscript\n  cd word-count\n  cellblock build')
    .action(async (name: string, { lang, json }: NewOptions) => {
      const tool = await newTool(name, languageOf(lang), '.');
      if (json === true) return print(JSON.stringify(tool));
      const { missingCompiler } = await import('../../authoring/build/index.ts'); // compilers are slow to load
      for (const line of toText(tool, await missingCompiler(tool.language, tool.folder))) print(line);
    });
}

/** @param missing - what has to be installed first. */
function toText({ name, language, folder, files }: NewTool, missing: string | undefined): readonly string[] {
  const where = relative('', folder);
  return [
    `${where}: a tool in ${LANGUAGE_TITLES[language]}, ${files.length} files; begin with ${files.find(isSource) ?? 'README.md'}`,
    '',
    ...(missing === undefined ? [] : [`first: ${missing}`, '']),
    'next:',
    `  cd ${where}`,
    `  cellblock build                            # ${name}.wasm`,
    '  cellblock test                             # the cases in cases/',
    `  cellblock run ${name}.wasm count --grant log --params '{"text": "the cat and the hat", "options": {"limit": 2, "ignore-case": true}}'`,
    '  cellblock check . --policy policy.yaml     # would it run as an agent asks for it?',
  ];
}

function isSource(path: string): boolean {
  return /^(src|assembly)\//.test(path) && /\.(rs|ts|js|c)$/.test(path);
}
