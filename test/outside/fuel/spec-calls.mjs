import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VALUE_BYTES } from './bytes.mjs';
import { moduleTypes } from './module-types.mjs';
import { scriptsBelow } from './spec-scripts.mjs';
import { bitsOf } from './spec-values.mjs';

/**
 * The modules of the WebAssembly test suite with all calls that its scripts make of them, each module for itself: what one
 * imports from another, it gets stand-ins for.
 *
 * @param path, converter - as for `scriptsBelow`.
 * @returns `{ name, bytes, calls }` each, with at least one call.
 */
export function* specModules(path, converter) {
  for (const { name, folder, commands = [] } of scriptsBelow(path, converter)) {
    for (const { file, calls } of callsByModule(commands)) {
      const bytes = new Uint8Array(readFileSync(join(folder, file)));
      const known = calls.filter((call) => isCallable(bytes, call));
      if (known.length > 0) yield { name: `${name}:${file}`, bytes, calls: known };
    }
  }
}

function callsByModule(commands) {
  const modules = [];
  const named = new Map();
  let current;
  for (const { type, name, filename, binary_filename: binary, action } of commands) {
    if (type === 'module' && filename !== undefined) {
      current = { file: binary ?? filename, calls: [] };
      modules.push(current);
      if (name !== undefined) named.set(name, current);
    } else if (type.startsWith('module')) current = undefined;
    else if (action?.type === 'invoke') {
      const module = action.module === undefined ? current : named.get(action.module);
      module?.calls.push({
        export: action.field,
        args: action.args.map((arg) => (arg.type in VALUE_BYTES ? String(bitsOf(arg)) : '0')),
      });
    }
  }
  return modules;
}

/** Whether the module's types can be read, and it has such a function. */
function isCallable(bytes, call) {
  try {
    return moduleTypes(bytes).exports.get(call.export)?.params.length === call.args.length;
  } catch {
    return false;
  }
}
