import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolProject } from '../../project/index.ts';
import type { BuildContext } from '../compile.ts';
import { doesNotCompile } from '../diagnostic.ts';
import { runCompiler } from '../run-compiler.ts';

const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/**
 * Installs the packages of a tool where one of them is not there, as its lock file has them. No script of a package is run.
 *
 * @param dependencies - names, as `package.json` has them.
 * @throws CodedError `author/no-compiler` without npm; `author/does-not-compile` with what npm says.
 */
export async function installPackages(
  project: ToolProject,
  dependencies: readonly string[],
  { onOutput, locked }: BuildContext,
): Promise<void> {
  const { folder } = project;
  if (dependencies.every((name) => existsSync(join(folder, 'node_modules', name)))) return;
  const command = locked === true || existsSync(join(folder, 'package-lock.json')) ? 'ci' : 'install';
  onOutput?.(`npm ${command} in ${folder}\n`);
  const args = [command, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, stderr } = await runCompiler(NPM, args, { folder, onOutput });
  if (code === 0) return;
  const first = stderr.split('\n').find((line) => line.trim() !== '') ?? '';
  throw doesNotCompile(
    project,
    [{ file: 'package.json', message: `npm ${command}: ${first.replace(/^npm (ERR!|error) /, '')}` }],
    stderr,
  );
}
