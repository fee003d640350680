import { readFileSync, writeFileSync } from 'node:fs';
import type { EngineJob } from './engine.ts';

/* Runs componentize-js for one job and ends: its component in a file, or on stderr why there is none. */

/** 2000-01-01. componentize-js writes the time of the build into components that have no clock. */
const BUILD_MS = 946_684_800_000;

type Componentize = (options: object) => Promise<{ readonly component: Uint8Array }>;

const { compiler, out, options } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as EngineJob; // written by `runEngine`
const { componentize } = (await import(compiler)) as { readonly componentize: Componentize }; // found by its name
Date.now = () => BUILD_MS;
try {
  const { component } = await componentize(options);
  writeFileSync(out, component);
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
