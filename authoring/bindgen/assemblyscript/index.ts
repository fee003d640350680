/** Bindings for AssemblyScript. What the generated files are like: docs/assemblyscript.md. */

import type { WitWorld } from '../../wit/index.ts';
import { AbiFile } from './abi/abi-file.ts';
import { CANONICAL_TEXT } from './canonical-text.ts';
import { entryFile } from './file-entry.ts';
import { exportsFile } from './files-exports.ts';
import { importsFile } from './files-imports.ts';
import { Model } from './model.ts';
import { NAMES_TRANSFORM_TEXT } from './names-transform-text.ts';
import { refuseUnsupported } from './unsupported.ts';
import { valuesText } from './values-text.ts';

/**
 * Writes the bindings of a world: types and functions for the author, and the code between them and the Canonical ABI.
 *
 * @returns files by their paths within the folder of the bindings, `assembly/bindings` as a rule; the author's own code is
 *   `../index.ts` from there. The same world gives the same files.
 * @throws CodedError `author/unsupported-wit`, with the name of what is not covered.
 */
export function generateAssemblyScript(world: WitWorld): ReadonlyMap<string, string> {
  refuseUnsupported(world);
  const model = new Model(world);
  const abi = new AbiFile(model);
  const files = new Map<string, string>();
  files.set('entry.ts', entryFile(abi));
  for (const module of model.modulesOf('exports')) files.set(`${module.file}.ts`, exportsFile(module, model));
  for (const module of model.modulesOf('imports')) files.set(`${module.file}.ts`, importsFile(module, abi));
  if (!abi.isEmpty) files.set('abi.ts', abi.text());
  files.set('canonical.ts', CANONICAL_TEXT);
  files.set('names.mjs', NAMES_TRANSFORM_TEXT);
  const used = [...files.values()].join('\n');
  if (/\bvalues'/.test(used)) files.set('values.ts', valuesText(aritiesIn(used)));
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function aritiesIn(text: string): number[] {
  const found = new Set([...text.matchAll(/\bTuple(\d+)\b/g)].map((match) => Number(match[1])));
  return [...found].sort((a, b) => a - b);
}
