// Where the workloads' packages are: in a folder that the reader fills, since they are no dependencies of the project.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WORKLOADS } from './workloads/index.mjs';

/** The command that fills a folder for `--workloads`. */
export function installCommand() {
  const packages = [...new Set(WORKLOADS.flatMap((job) => job.packages))].sort();
  return `npm install --prefix FOLDER --ignore-scripts ${packages.join(' ')}`;
}

/** @throws Error where a package is missing in a folder, or has another version than the workloads were made for. */
export function checkPackages(folder, jobs) {
  for (const specifier of new Set(jobs.flatMap((job) => job.packages ?? []))) {
    const at = specifier.lastIndexOf('@');
    const file = join(folder, 'node_modules', specifier.slice(0, at), 'package.json');
    const version = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
    if (version !== specifier.slice(at + 1)) {
      throw new Error(`\`${specifier}\` is not in the folder of \`--workloads\` (${version ?? 'none'} is): ${installCommand()}`);
    }
  }
}

/** Ways into a folder's packages, for a job's `load`. Files are named from `node_modules` on. */
export function packagesIn(folder) {
  const path = (name) => join(folder, 'node_modules', name);
  return {
    commonJs: createRequire(join(folder, 'package.json')),
    load: (name) => import(pathToFileURL(path(name)).href),
    path,
    file: (name) => readFileSync(path(name)),
  };
}
