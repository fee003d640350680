import { realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../../policy/quote.ts';
import { compileNames, type NameFilter } from './name-filter.ts';
import type { FilesScope, MountScope } from './scope.ts';

/** What may leave to one folder. */
export interface CopyOutRule {
  /** Absolute path of the folder, and its names. */
  readonly to: string;
  readonly toParts: readonly string[];
  readonly only: NameFilter;
  readonly filesMax: number;
  readonly fileBytesMax: number;
  readonly bytesMax: number;
  readonly mayOverwrite: boolean;
  readonly mayRemove: boolean;
}

/** One mount with its places on this machine. */
export interface PlacedMount {
  /** The path by which the guest knows it. */
  readonly name: string;
  readonly writable: boolean;
  /** Absolute path of what is copied in, and its names. */
  readonly from?: string;
  readonly fromParts?: readonly string[];
  readonly only: NameFilter;
  readonly copyOut?: CopyOutRule;
}

/** A scope in which all paths are absolute and all patterns compiled. */
export interface PlacedScope {
  readonly mounts: readonly PlacedMount[];
  readonly bytesMax: number;
  readonly namesMax: number;
}

/**
 * Puts a scope in its place.
 *
 * @param policyFolder - where relative paths start; the only path in which links are followed, since the policy itself was found by it.
 */
export function placeScope(scope: FilesScope, policyFolder: string): PlacedScope {
  const base = realFolder(policyFolder);
  return {
    mounts: Object.entries(scope.mounts).map(([name, mount]) => placeMount(name, mount, base, scope.bytes)),
    bytesMax: scope.bytes,
    namesMax: scope.names,
  };
}

function realFolder(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return resolve(path); // whatever is below is then missing, which is said where it is opened
  }
}

function placeMount(name: string, mount: MountScope, base: string, bytesMax: number): PlacedMount {
  const { from, copyOut } = mount;
  const path = from === undefined ? undefined : resolve(base, from);
  return {
    name,
    writable: mount.access === 'write',
    only: compileNames(mount.only),
    ...(path === undefined ? {} : { from: path, fromParts: partsOf(path) }),
    ...(copyOut === undefined ? {} : { copyOut: placeRule(copyOut, base, bytesMax) }),
  };
}

function placeRule(copyOut: NonNullable<MountScope['copyOut']>, base: string, bytesMax: number): CopyOutRule {
  const to = resolve(base, copyOut.to);
  const total = copyOut.bytes ?? bytesMax;
  return {
    to,
    toParts: partsOf(to),
    only: compileNames(copyOut.only),
    filesMax: copyOut.files,
    bytesMax: total,
    fileBytesMax: copyOut.fileBytes ?? total,
    mayOverwrite: copyOut.overwrite === 'allow',
    mayRemove: copyOut.remove === 'allow',
  };
}

/** The names of an absolute path. */
export function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}

/** The names below `root`, none where it is the same, undefined where it is not below. Whole names are compared: `/a/bc` is not in `/a/b`. */
export function below(root: readonly string[], path: readonly string[]): readonly string[] | undefined {
  if (root.length > path.length || !root.every((part, index) => part === path[index])) return undefined;
  return path.slice(root.length);
}

/** True when a scope lets this file on the machine be read. */
export function readsFile(scope: PlacedScope, path: readonly string[]): boolean {
  return scope.mounts.some(({ fromParts, only }) => {
    const rest = fromParts === undefined ? undefined : below(fromParts, path);
    // A file that is named itself is meant, whatever `only` says of folders.
    return rest !== undefined && (rest.length === 0 || only.matches(rest));
  });
}

/** True when a scope lets this directory be seen: something in it may be read. */
export function seesDirectory(scope: PlacedScope, path: readonly string[]): boolean {
  return scope.mounts.some(({ fromParts, only }) => {
    if (fromParts === undefined) return false;
    const rest = below(fromParts, path);
    return rest === undefined ? below(path, fromParts) !== undefined : only.mayHold(rest);
  });
}

/** The rule by which a scope lets this name on the machine be written, undefined where none does. */
export function ruleFor(scope: PlacedScope, path: readonly string[]): CopyOutRule | undefined {
  return scope.mounts
    .map(({ copyOut }) => copyOut)
    .find((rule) => {
      const rest = rule === undefined ? undefined : below(rule.toParts, path);
      return rest !== undefined && rest.length > 0 && rule!.only.matches(rest);
    });
}

/**
 * Refuses a scope that would hand out what holds everything together: the policy may not be replaced by what a tool leaves, and the state
 * of the host (keys of the trail among it) is neither read nor written.
 *
 * @throws CodedError `policy/invalid-document`.
 */
export function checkPlaces(scope: PlacedScope, policyFolder: string, stateFolder: string | undefined): void {
  const policy = partsOf(realFolder(policyFolder));
  const state = stateFolder === undefined ? undefined : partsOf(realFolder(stateFolder));
  for (const { name, fromParts, copyOut } of scope.mounts) {
    if (fromParts !== undefined && overlaps(fromParts, state)) throw misplaced(name, 'from', 'the state of the host');
    if (copyOut === undefined) continue;
    if (overlaps(copyOut.toParts, state)) throw misplaced(name, 'copyOut.to', 'the state of the host');
    if (below(copyOut.toParts, policy) !== undefined) throw misplaced(name, 'copyOut.to', 'the policy');
  }
}

function overlaps(one: readonly string[], other: readonly string[] | undefined): boolean {
  return other !== undefined && (below(one, other) !== undefined || below(other, one) !== undefined);
}

function misplaced(mount: string, field: string, what: string): CodedError {
  return new CodedError('policy/invalid-document', `the mount ${quote(mount)} of \`files\` reaches ${what} by \`${field}\``, {
    data: { mount, field },
    help: 'name a folder of its own',
  });
}

/** The name under which a single file is in its mount. */
export const fileNameOf = (path: string): string => basename(path);
