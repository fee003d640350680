import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import type { BuiltTool } from '../../authoring/build/index.ts';
import { isCoded } from '../../runtime/index.ts';
import { type BuildReport, buildReport, checkReport, reportLines } from './build-report.ts';
import { note, print, progress, visible } from './output.ts';

interface BuildOptions {
  readonly out?: string;
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Adds `cellblock build`. Errors are thrown as `CodedError`, for the program to show. */
export function addBuild(program: Command): void {
  program
    .command('build')
    .summary('make a component of the source in a folder')
    .description(
      'Compiles the tool of a folder, makes a component of it with the documentation of its WIT, and writes NAME.wasm. The same source gives the same bytes, wherever and whenever it is built. Prints size, digest, exports, imports and the grants that it needs.',
    )
    .argument('[folder]', 'folder with a tool.yaml', '.')
    .option('--out <file>', 'write the component there instead')
    .option('--check', 'write nothing; compare with the component that is there, with dependencies as they are locked')
    .option('--watch', 'build and test again whenever a file of the folder changes')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Example:
  cellblock build
  cellblock build tools/redact --json | jq .grants
  cellblock build --watch
  cellblock build --check            # in CI: does the source still yield the component that is committed?

Exit codes: 0 built; 1 with --check, where the component that is there is missing or has other bytes; 2 it does not build.`,
    )
    .action(async (folder: string, options: BuildOptions) => {
      if (options.watch === true) {
        const { watchCommand } = await import('./build-watch.ts');
        return watchCommand(folder, options);
      }
      const report = await buildCommand(folder, options);
      if (options.json === true) print(JSON.stringify(report));
      else for (const line of [...reportLines(report), ...nextLines(report, folder)]) print(visible(line));
      if (report.check !== undefined && !report.check.ok) process.exitCode = 1;
    });
}

async function buildCommand(folder: string, { out, check }: BuildOptions): Promise<BuildReport> {
  const began = performance.now();
  const { readKept, writeComponent } = await import('../../authoring/build/index.ts'); // compilers are slow to load
  const built = await compile(folder, check === true);
  const path = out ?? built.project.component;
  const kept = await readKept(path);
  if (check !== true) await writeComponent(path, built.component);
  const report = buildReport(built, relative('', path), kept);
  return {
    ...report,
    ...(check === true ? { check: checkReport(built, kept) } : {}),
    ms: Math.round(performance.now() - began),
  };
}

/** What compilers write is shown as it comes to people who watch, and to others only when something is wrong. */
async function compile(folder: string, locked: boolean): Promise<BuiltTool> {
  const { buildTool } = await import('../../authoring/build/index.ts');
  const isWatched = process.stderr.isTTY && !process.env.CI; // as for `progress`
  const done = progress('compiling');
  try {
    return await buildTool(folder, {
      locked,
      ...(isWatched ? { onOutput: (text: string) => process.stderr.write(visible(text)) } : {}),
    });
  } catch (error) {
    const output = isCoded(error) ? error.data.output : undefined;
    if (typeof output === 'string' && !isWatched) note(visible(output.trimEnd()));
    throw error;
  } finally {
    done();
  }
}

function nextLines({ check, path, functions }: BuildReport, folder: string): readonly string[] {
  if (check !== undefined) return check.ok ? [] : ['next: `cellblock build` writes it anew'];
  if (existsSync(join(folder, 'cases'))) return [`next: cellblock test${folder === '.' ? '' : ` ${folder}`}`];
  const callable = functions.find((found) => found.callable);
  return callable === undefined ? [] : [`next: cellblock run ${path} '${callable.id}' --params '{...}'`];
}
