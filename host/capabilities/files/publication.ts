import { linkSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Folder } from './folder.ts';
import { parseGuestPath } from './guest-path.ts';
import type { StagedFile, Staging } from './staging.ts';

/** One step of moving staged files in; paths are relative to the target. */
type Step =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'new'; readonly path: string; readonly staged: string; readonly inode: string }
  | { readonly kind: 'replace'; readonly path: string; readonly staged: string; readonly inode: string; readonly backup: string }
  | { readonly kind: 'remove'; readonly path: string; readonly backup: string };

/** What is done to one target. */
export interface TargetChanges {
  readonly target: Folder;
  readonly staging: Staging;
  readonly files: ReadonlyMap<string, StagedFile>;
  /** Paths of files that the guest removed from its copy. */
  readonly removed: readonly string[];
  /** Says why a file that is there may not be replaced or removed; undefined: it may. */
  readonly mayReplace: (path: string) => string | undefined;
  readonly mayRemove: (path: string) => string | undefined;
}

/** Steps between two turns of the event loop: about 2 ms. */
const STEPS_PER_TURN = 32;

/**
 * Moves what was staged into one target: all of it or nothing. `plan` looks, `move` acts, then either `keep` or `undo`. A journal in the
 * staging folder lets another process undo what a killed one had begun.
 */
export class Publication {
  readonly #changes: TargetChanges;
  readonly #steps: Step[] = [];
  #done = 0;
  #began = false;

  constructor(changes: TargetChanges) {
    this.#changes = changes;
  }

  /**
   * Finds out what has to be done, and whether it may.
   *
   * @returns the first path that may not, and why, in words for the operator; undefined: all may.
   * @throws Error of the system.
   */
  async plan(): Promise<{ readonly path: string; readonly why: string } | undefined> {
    const { files, removed } = this.#changes;
    const made = new Set<string>();
    let count = 0;
    for (const [path, file] of files) {
      if (++count % STEPS_PER_TURN === 0) await turn();
      const why = this.#planFile(path, file, made);
      if (why !== undefined) return { path, why };
    }
    for (const path of removed) {
      if (++count % STEPS_PER_TURN === 0) await turn();
      const why = this.#planRemoval(path);
      if (why !== undefined) return { path, why };
    }
    return undefined;
  }

  /** Files that were there and are removed. */
  get removed(): readonly string[] {
    return this.#steps.flatMap((step) => (step.kind === 'remove' ? [step.path] : []));
  }

  #planFile(path: string, file: StagedFile, made: Set<string>): string | undefined {
    const parts = path.split('/');
    const { target, staging, mayReplace } = this.#changes;
    const missing = missingFrom(target, parts.slice(0, -1));
    if (missing === 'not a folder') return 'a part of its path is no folder there';
    if (missing !== undefined) {
      for (let length = missing; length < parts.length; length++) {
        const directory = parts.slice(0, length).join('/');
        if (!made.has(directory)) this.#steps.push({ kind: 'directory', path: directory });
        made.add(directory);
      }
    }
    const { ino } = staging.folder.look(file.name)!;
    const there = missing === undefined ? inFolderOf(target, parts, (folder, name) => folder.look(name)) : undefined;
    const step = { path, staged: file.name, inode: ino.toString() };
    if (there === undefined) {
      this.#steps.push({ kind: 'new', ...step });
      return undefined;
    }
    if (!there.isFile()) return 'what has its name there is no regular file';
    const refused = mayReplace(path);
    if (refused === undefined) this.#steps.push({ kind: 'replace', ...step, backup: staging.backupName() });
    return refused;
  }

  #planRemoval(path: string): string | undefined {
    const parts = path.split('/');
    const { target, staging, files, mayRemove } = this.#changes;
    if (files.has(path)) return undefined; // it came back, with other bytes
    if (missingFrom(target, parts.slice(0, -1)) !== undefined) return undefined;
    const there = inFolderOf(target, parts, (folder, name) => folder.look(name));
    if (there === undefined) return undefined; // nothing there that the removal would be about
    if (!there.isFile()) return 'what has its name there is no regular file';
    const refused = mayRemove(path);
    if (refused === undefined) this.#steps.push({ kind: 'remove', path, backup: staging.backupName() });
    return refused;
  }

  /**
   * Moves everything in. @param onStep - told before each step, for tests that kill or disturb.
   * @throws Error of the system; then `undo`.
   */
  async move(onStep: (path: string) => void): Promise<void> {
    const { target, staging } = this.#changes;
    staging.writeJournal(JSON.stringify(this.#steps));
    this.#began = true;
    for (const step of this.#steps) {
      if ((this.#done + 1) % STEPS_PER_TURN === 0) await turn();
      onStep(step.path);
      // Counted first: a step that failed half-way is undone, too.
      this.#done += 1;
      inFolderOf(target, step.path.split('/'), (folder, name) => take(step, folder, name, staging.folder));
    }
  }

  keep(): void {
    if (this.#began) this.#changes.staging.dropJournal();
  }

  undo(): void {
    if (!this.#began) return;
    undoSteps(this.#changes.target, this.#changes.staging.folder, this.#steps.slice(0, this.#done));
  }
}

function take(step: Step, folder: Folder, name: string, staging: Folder): void {
  if (step.kind === 'directory') mkdirSync(folder.at(name));
  // A link is made only where nothing is, and follows nothing: renaming would replace what came there meanwhile.
  else if (step.kind === 'new') linkSync(staging.at(step.staged), folder.at(name));
  else if (step.kind === 'remove') renameSync(folder.at(name), staging.at(step.backup));
  else {
    // The old file keeps its name until the new one has it, and a second one in case it has to come back.
    linkOrMove(folder.at(name), staging.at(step.backup));
    renameSync(staging.at(step.staged), folder.at(name));
  }
}

/** Systems may forbid a second name for a file of another user; then the name is free for a moment. */
function linkOrMove(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EPERM') throw error;
    renameSync(from, to);
  }
}

/** How many names of a path are there as folders: the length of the first path that is missing; undefined where all are there. */
function missingFrom(target: Folder, parts: readonly string[]): number | undefined | 'not a folder' {
  let current = target.folder([]);
  try {
    for (const [index, part] of parts.entries()) {
      const seen = current.look(part);
      if (seen === undefined) return index + 1;
      if (!seen.isDirectory()) return 'not a folder';
      const next = current.folder([part]);
      current.close();
      current = next;
    }
    return undefined;
  } finally {
    current.close();
  }
}

function inFolderOf<T>(target: Folder, parts: readonly string[], use: (folder: Folder, name: string) => T): T {
  const folder = target.folder(parts.slice(0, -1));
  try {
    return use(folder, parts.at(-1)!);
  } finally {
    folder.close();
  }
}

function undoSteps(target: Folder, staging: Folder, steps: readonly Step[]): void {
  for (const step of steps.toReversed()) {
    try {
      inFolderOf(target, step.path.split('/'), (folder, name) => undoStep(step, folder, name, staging));
    } catch {
      // It was not done, or somebody else has changed it since: what is not ours stays as it is.
    }
  }
}

function undoStep(step: Step, folder: Folder, name: string, staging: Folder): void {
  if (step.kind === 'directory') return rmdirSync(folder.at(name)); // only an empty one can be removed
  const there = folder.look(name);
  if (step.kind === 'new') {
    if (there?.ino.toString() === step.inode) unlinkSync(folder.at(name));
  } else if (staging.look(step.backup) === undefined) return;
  else if (step.kind === 'remove') {
    if (there === undefined) linkSync(staging.at(step.backup), folder.at(name));
  } else if (there === undefined || there.ino.toString() === step.inode) renameSync(staging.at(step.backup), folder.at(name));
}

/**
 * Takes back what a process that was killed had moved in.
 *
 * @param journal - as that process wrote it, in a folder that only this user could write in; still each path is checked. A journal that
 * does not parse was not written to its end, so nothing had been moved.
 */
export function undoJournal(target: Folder, staging: Folder, journal: string): void {
  const steps = parseJournal(journal);
  if (steps !== undefined) undoSteps(target, staging, steps);
}

function parseJournal(text: string): Step[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Array.isArray(parsed) && parsed.every(isStep) ? parsed : undefined;
}

function isStep(value: unknown): value is Step {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, path, staged, inode, backup } = value as Record<string, unknown>;
  const isNumber = (item: unknown, form: RegExp) => typeof item === 'string' && form.test(item);
  if (typeof path !== 'string' || typeof parseGuestPath(path) === 'string') return false;
  if (kind === 'directory') return true;
  if (kind === 'remove') return isNumber(backup, /^b\d+$/);
  const isFile = isNumber(staged, /^\d+$/) && isNumber(inode, /^\d+$/);
  return isFile && (kind === 'new' || (kind === 'replace' && isNumber(backup, /^b\d+$/)));
}
