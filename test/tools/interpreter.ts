/** The code interpreter behind a real warden, with its own policy. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, openWarden, type Warden, type WardenOptions } from 'cellblock';
import { afterAll, beforeAll } from 'vitest';
import { TOOLS_FOLDER } from './callers.ts';

/** What `run` gives: the report, or the failure, in the JSON form of values. */
export interface Ran {
  readonly value?: string | null;
  readonly problem?: { readonly tag: string; readonly value?: unknown };
  readonly console: { readonly lines: readonly { readonly level: string; readonly text: string }[]; readonly dropped: number };
  readonly 'tool-calls': number;
}

export interface Interpreter {
  /** Folder of the policy, with `.cellblock` in it. */
  readonly site: string;
  /** One request of an agent. */
  request(source: string, options?: Readonly<Record<string, unknown>>): Promise<Outcome>;
  /** The report or the failure. @throws Error for any other end. */
  run(source: string, options?: Readonly<Record<string, unknown>>): Promise<Ran>;
}

/**
 * A warden for the tests of a file. The policy is that of the sample, copied with the tools that it names, so that its trail lies
 * elsewhere.
 *
 * @param limits - in place of those that the policy has for the interpreter.
 */
export function useInterpreter(options: Partial<WardenOptions> = {}, limits?: string): Interpreter {
  const home = mkdtempSync(join(tmpdir(), 'cellblock-interpreter-'));
  const site = join(home, 'code-interpreter');
  let warden: Warden | undefined;
  beforeAll(async () => {
    for (const file of ['code-interpreter/policy.yaml', ...NAMES.map((name) => `${name}/${name}.wasm`)]) {
      mkdirSync(join(home, file, '..'), { recursive: true, mode: 0o700 });
      copyFileSync(new URL(file, TOOLS_FOLDER), join(home, file));
    }
    const policy = join(site, 'policy.yaml');
    if (limits !== undefined) writeFileSync(policy, readFileSync(policy, 'utf8').replace(/limits: .*/, `limits: ${limits}`));
    warden = await openWarden({ policy, cacheDirectory: join(home, 'cache'), isolation: 'thread', threads: 2, ...options });
  });
  afterAll(async () => {
    await warden?.close();
    rmSync(home, { recursive: true, force: true });
  });
  const request = (source: string, given: Readonly<Record<string, unknown>> = {}) => {
    if (warden === undefined) throw new Error('the warden is opened by beforeAll');
    return warden.request({ agent: 'author', tool_name: 'code-interpreter', parameters: { source, options: given } });
  };
  return {
    site,
    request,
    async run(source, given) {
      const outcome = await request(source, given);
      // What the WIT says of both.
      if (outcome.kind === 'ok' || outcome.kind === 'tool-error') return outcome.value as unknown as Ran;
      throw new Error(`${outcome.kind}: ${outcome.error?.code}`);
    },
  };
}

const NAMES = ['code-interpreter', 'redact', 'crash-summary'];
