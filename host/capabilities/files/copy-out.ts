import { CodedError } from '../../../runtime/index.ts';
import { printable, quote } from '../../policy/quote.ts';
import type { CapabilityUse } from '../capability.ts';
import { Folder, systemCode } from './folder.ts';
import { useOf } from './manifest.ts';
import { type CopyOutRule, type PlacedMount, type PlacedScope, ruleFor } from './placed-scope.ts';
import { Publication, undoJournal } from './publication.ts';
import { cleanAbandoned, type StagedFile, type StagedWriter, Staging } from './staging.ts';

/** What tests may look into. */
export interface CopyOutHooks {
  /** Told before each step of moving files in. */
  readonly onStep?: (path: string) => void;
  readonly nowMs?: () => number;
}

/** Why nothing leaves. */
interface Refusal {
  readonly mount: string;
  readonly path: string;
  readonly why: string;
}

/** What leaves one mount. */
interface Exit {
  readonly mount: PlacedMount;
  readonly rule: CopyOutRule;
  readonly target: Folder;
  staging?: Staging;
  readonly files: Map<string, StagedFile>;
  readonly removed: string[];
}

/**
 * What a call leaves, on its way to the folders that the policy names: staged while it comes, judged when the call has ended well, then moved in as
 * a whole or not at all. Every scope of the chain judges each file; each counts what leaves by its own rule.
 */
export class CopyOut {
  readonly #exits = new Map<PlacedMount, Exit>();
  readonly #others: readonly PlacedScope[];
  readonly #hooks: CopyOutHooks;
  readonly #tallies = new Map<CopyOutRule, { files: number; bytes: number }>();
  #refusal: Refusal | undefined;
  #failure: CodedError | undefined;
  #current:
    | { readonly exit: Exit; readonly path: string; readonly writer: StagedWriter; readonly rules: CopyOutRule[] }
    | undefined;

  constructor(others: readonly PlacedScope[], hooks: CopyOutHooks) {
    this.#others = others;
    this.#hooks = hooks;
  }

  /**
   * Opens the targets, before the guest did anything that could be lost.
   *
   * @param cleaned - targets that were searched for what killed processes left.
   * @throws CodedError `capability/unavailable`.
   */
  open(mounts: readonly PlacedMount[], cleaned: Set<string>): void {
    for (const mount of mounts) {
      const rule = mount.copyOut;
      if (rule === undefined || this.#exits.has(mount)) continue;
      const target = openTarget(mount.name, rule.to);
      this.#exits.set(mount, { mount, rule, target, files: new Map(), removed: [] });
      if (cleaned.has(rule.to)) continue;
      cleanAbandoned(target, this.#hooks.nowMs?.() ?? Date.now(), undoJournal);
      cleaned.add(rule.to);
    }
  }

  /** True when something would leave, or was refused. */
  get hasAny(): boolean {
    if (this.#refusal !== undefined || this.#failure !== undefined || this.#current !== undefined) return true;
    return [...this.#exits.values()].some(({ files, removed }) => files.size > 0 || removed.length > 0);
  }

  /** Nothing of this call may leave any more; the first reason counts. */
  refuse(mount: string, path: string, why: string): void {
    if (!this.isOver) this.#refusal = { mount, path, why };
    this.#dropStaged();
  }

  /** A new file of a mount; the bytes follow by `write`. @throws Error of the system. */
  begin(mount: PlacedMount, path: string): void {
    this.finish();
    const exit = this.#exits.get(mount);
    if (exit === undefined || this.isOver) return;
    const rules = this.#rulesFor(exit, path);
    if (rules === undefined) return this.refuse(mount.name, path, 'no pattern of `copyOut.only` has its name');
    for (const rule of rules) {
      const tally = this.#tallyOf(rule);
      tally.files += 1;
      if (tally.files > rule.filesMax) return this.refuse(mount.name, path, `more than ${rule.filesMax} files would leave`);
    }
    exit.staging ??= Staging.create(exit.target);
    this.#current = { exit, path, writer: exit.staging.begin(), rules };
  }

  /** @throws Error of the system. */
  write(bytes: Uint8Array): void {
    if (this.#current === undefined) return;
    const { exit, path, writer, rules } = this.#current;
    for (const rule of rules) {
      const tally = this.#tallyOf(rule);
      tally.bytes += bytes.length;
      const why =
        writer.bytes + bytes.length > rule.fileBytesMax
          ? `it has more than ${rule.fileBytesMax} bytes`
          : tally.bytes > rule.bytesMax
            ? `more than ${rule.bytesMax} bytes would leave`
            : undefined;
      if (why !== undefined) return this.refuse(exit.mount.name, path, why);
    }
    writer.write(bytes);
  }

  /** The file that was begun has all its bytes. */
  finish(): void {
    if (this.#current === undefined) return;
    const { exit, path, writer } = this.#current;
    this.#current = undefined;
    exit.files.set(path, writer.end());
  }

  remove(mount: PlacedMount, path: string): void {
    this.#exits.get(mount)?.removed.push(path);
  }

  /** Staging did not work. */
  fail(mount: string, error: unknown): void {
    if (!this.isOver) this.#failure = cannotMove(mount, systemCode(error));
    this.#dropStaged();
  }

  /**
   * Decides whether the files leave, and lets them.
   *
   * @param note - leaves word for the trail.
   * @returns undefined when they left, or there are none; else nothing left.
   */
  async decide(note: (use: CapabilityUse) => void): Promise<CodedError | undefined> {
    if (this.#refusal !== undefined) return this.#refused(this.#refusal, note);
    if (this.#failure !== undefined) return this.#failure;
    const publications = new Map<Exit, Publication>();
    let mountName = this.#current?.exit.mount.name ?? '';
    try {
      this.finish();
      for (const exit of this.#exits.values()) {
        if (exit.files.size === 0 && exit.removed.length === 0) continue;
        mountName = exit.mount.name;
        const refusal = await this.#plan(exit, publications);
        if (refusal !== undefined) return this.#refused(refusal, note);
      }
      for (const publication of publications.values()) await publication.move(this.#hooks.onStep ?? (() => undefined));
      for (const publication of publications.values()) publication.keep();
    } catch (error) {
      for (const publication of [...publications.values()].reverse()) publication.undo();
      return cannotMove(mountName, systemCode(error));
    }
    for (const [{ mount, files }, { removed }] of publications) {
      if (files.size + removed.length > 0) note(useOf(mount.name, files, removed));
    }
    return undefined;
  }

  async #plan(exit: Exit, publications: Map<Exit, Publication>): Promise<Refusal | undefined> {
    exit.staging ??= Staging.create(exit.target);
    const judge = (may: (rule: CopyOutRule) => boolean, why: string) => (path: string) =>
      this.#rulesFor(exit, path)?.every(may) === true ? undefined : why;
    const { target, staging, files, removed } = exit;
    const publication = new Publication({
      target,
      staging,
      files,
      removed,
      mayReplace: judge((rule) => rule.mayOverwrite, 'it is there already and `copyOut.overwrite` is `never`'),
      mayRemove: judge((rule) => rule.mayRemove, 'the tool removed it and `copyOut.remove` is `never`'),
    });
    publications.set(exit, publication);
    const refused = await publication.plan();
    return refused && { mount: exit.mount.name, ...refused };
  }

  /** The rules of all scopes for one file; undefined where one has none. */
  #rulesFor(exit: Exit, path: string): CopyOutRule[] | undefined {
    const parts = path.split('/');
    if (!exit.rule.only.matches(parts)) return undefined;
    const place = [...exit.rule.toParts, ...parts];
    const rules = this.#others.map((scope) => ruleFor(scope, place));
    return rules.every((rule) => rule !== undefined) ? [exit.rule, ...rules] : undefined;
  }

  #tallyOf(rule: CopyOutRule): { files: number; bytes: number } {
    const tally = this.#tallies.get(rule) ?? { files: 0, bytes: 0 };
    this.#tallies.set(rule, tally);
    return tally;
  }

  /** True when it is clear that nothing leaves. */
  get isOver(): boolean {
    return this.#refusal !== undefined || this.#failure !== undefined;
  }

  #refused({ mount, path, why }: Refusal, note: (use: CapabilityUse) => void): CodedError {
    note({ capability: 'files', act: `copy out ${mount} ${printable(path, 300)}`, result: `denied: ${why}` });
    return new CodedError('denied/copy-out', `${quote(path)} of the mount ${quote(mount)} may not leave: ${why}`, {
      data: { mount, path: printable(path, 300), why },
      help: 'nothing left; see `copyOut` of the mount in the policy',
    });
  }

  #dropStaged(): void {
    const { writer } = this.#current ?? {};
    this.#current = undefined;
    try {
      writer?.end();
    } catch {
      // Its bytes are not wanted any more.
    }
    for (const exit of this.#exits.values()) {
      exit.staging?.destroy();
      delete exit.staging;
      exit.files.clear();
    }
  }

  /** Destroys what is staged and lets go of the targets. */
  close(): void {
    this.#dropStaged();
    for (const { target } of this.#exits.values()) target.close();
    this.#exits.clear();
  }
}

function openTarget(mount: string, path: string): Folder {
  try {
    return Folder.open(path);
  } catch (error) {
    throw new CodedError(
      'capability/unavailable',
      `the folder that the mount ${quote(mount)} of \`files\` copies out to cannot be opened: ${systemCode(error)}`,
      { data: { mount }, help: 'make the folder of `copyOut.to`; no part of its path may be a link' },
    );
  }
}

function cannotMove(mount: string, reason: string): CodedError {
  return new CodedError(
    'capability/unavailable',
    `what the call left in the mount ${quote(mount)} of \`files\` cannot be copied out: ${reason}`,
    { data: { mount, reason }, help: 'nothing left; see the folder of `copyOut.to`' },
  );
}
