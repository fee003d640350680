import { execFile } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { readComponentBytes } from '../../host/component-file.ts';

/** Bytes of a component that git gives. */
const BYTES_MAX = 64 * 1024 * 1024;
const GIT_TIMEOUT_MS = 10_000;

/** The version before, or why none is known. */
export type Previous = { readonly bytes: Uint8Array; readonly from: string } | { readonly none: string };

/**
 * The previous version of a component: the file that is named, else what git has in its last commit under the component's path.
 *
 * @throws CodedError `usage/unreadable-file` for a file that is named and cannot be read.
 */
export async function previousOf(component: string, named?: string): Promise<Previous> {
  if (named !== undefined) return { bytes: await readComponentBytes(named), from: named };
  const bytes = await committed(component);
  if (bytes === undefined) return { none: 'git has no version of the component; name one with --previous' };
  return { bytes, from: `git HEAD:${basename(component)}` };
}

/**
 * Git may not reach out: a repository's own configuration can name a program as the place of what is missing in it (`ext::`, `uploadpack`), and
 * who checks a tool has not decided to run what came with it. In place of every protocol that is allowed, none is; older versions of git know only that.
 */
const NO_TRANSPORT = { GIT_ALLOW_PROTOCOL: 'none', GIT_NO_LAZY_FETCH: '1' };

/** Plumbing, which runs no hook, filter or pager, whatever the repository's configuration says. */
function committed(component: string): Promise<Uint8Array | undefined> {
  const args = ['cat-file', 'blob', `HEAD:./${basename(component)}`];
  const env = { ...process.env, ...NO_TRANSPORT };
  const options = { cwd: dirname(component), env, encoding: 'buffer', maxBuffer: BYTES_MAX, timeout: GIT_TIMEOUT_MS } as const;
  return new Promise((done) => {
    execFile('git', args, options, (error, stdout) => done(error === null ? new Uint8Array(stdout) : undefined));
  });
}
