import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, parse, sep } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../error.ts';

/** Who a runner is when the trusted side is root: nobody. */
const NOBODY = 65_534;

/** Descriptors before those of the workers: three standard ones and the control road. */
const FIRST_WORKER_DESCRIPTOR = 4;

export interface SpawnOptions {
  readonly threads: number;
  /** Sockets for workers: each serves one, and then the next takes another. */
  readonly descriptors: number;
  readonly workerHeapMiBMax: number;
  /** Whom the process runs as; by default nobody where the trusted side is root, else the same user. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Folders that it may read beside this package and what that depends on: where modules of local capabilities are. */
  readonly readable?: readonly string[];
}

/** A process that was started, with our ends of its roads. */
export interface SpawnedRunner {
  readonly child: ChildProcess;
  readonly control: Duplex;
  /** By descriptor number in the process. */
  readonly roads: ReadonlyMap<number, Duplex>;
  /** What it says when it fails, cut. */
  readonly stderr: () => string;
}

/**
 * Starts a runner process: an empty environment, no descriptor but its own sockets, no core dumps, no inspector, Node's
 * permissions as an extra belt, and a session of its own, so that a signal from a terminal does not reach it.
 *
 * @throws nothing: a start that fails is an `error` or `exit` event of the child.
 */
export function spawnRunner({ threads, descriptors, workerHeapMiBMax, user, readable = [] }: SpawnOptions): SpawnedRunner {
  const entry = fileURLToPath(new URL('./runner-main.js', import.meta.url));
  const node = [process.execPath, ...permissionFlags(readable), entry, String(threads), String(workerHeapMiBMax)];
  const pipes = Array.from({ length: descriptors }, () => 'pipe' as const);
  // A shell, since Node cannot lower a limit of a process that it starts; it is gone before Node begins.
  const child = spawn('/bin/sh', ['-c', 'ulimit -c 0; unset PWD OLDPWD SHLVL; exec "$@"', 'sh', ...node], {
    cwd: dirname(entry), // Node 24 and newer let the threads of a process read its folder: at `/` that is everything
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...pipes],
    detached: true,
    ...(user ?? defaultUser()),
  });
  const roads = new Map<number, Duplex>();
  for (let at = 0; at < descriptors; at += 1) {
    const descriptor = FIRST_WORKER_DESCRIPTOR + at;
    roads.set(descriptor, child.stdio[descriptor] as Duplex); // one socket pair for each pipe
  }
  return { child, control: child.stdio[3] as Duplex, roads, stderr: firstWords(child) };
}

/**
 * Nobody where the trusted side is root; somebody else where `CELLBLOCK_RUNNER_USER` (`uid:gid`) says so, for an installation that
 * nobody may not read.
 *
 * @throws CodedError `usage/invalid-argument`.
 */
function defaultUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { CELLBLOCK_RUNNER_USER: user = `${NOBODY}:${NOBODY}` } = process.env;
  const [, uid, gid] = /^(\d{1,9}):(\d{1,9})$/.exec(user) ?? [];
  if (uid === undefined || gid === undefined)
    throw new CodedError('usage/invalid-argument', '`CELLBLOCK_RUNNER_USER` must be numbers: `uid:gid`');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Reading this package and its dependencies, and threads: nothing else. */
function permissionFlags(readable: readonly string[]): string[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isStable = major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13);
  const folders = new Set([...ownFolders(), ...readable].map((folder) => join(folder, sep))); // Node 20 aborts at one named twice
  return [
    isStable ? '--permission' : '--experimental-permission',
    '--allow-worker',
    ...[...folders].map((folder) => `--allow-fs-read=${folder}*`),
    '--no-warnings',
    ...(process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') ? ['--disable-sigusr1'] : []),
  ];
}

/** This package's folder, and the folders of packages around and inside it, links followed. */
function ownFolders(): string[] {
  const root = packageRoot(dirname(fileURLToPath(import.meta.url)));
  const folders = new Set([root, realpathSync(root)]);
  for (let folder = root; folder !== parse(folder).root; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules');
    if (existsSync(packages)) folders.add(packages).add(realpathSync(packages));
  }
  return [...folders];
}

function packageRoot(from: string): string {
  for (let folder = from; folder !== parse(folder).root; folder = dirname(folder))
    if (existsSync(join(folder, 'package.json'))) return folder;
  return from;
}

const STDERR_CHARS_MAX = 2000;

function firstWords({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.on('data', (chunk: Uint8Array) => {
    if (text.length < STDERR_CHARS_MAX) text += Buffer.from(chunk).toString('latin1').slice(0, STDERR_CHARS_MAX);
    else stderr.destroy();
  });
  return () => text;
}
