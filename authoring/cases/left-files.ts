import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, relative, sep } from 'node:path';
import type { FilesScope } from '../../host/capabilities/files/scope.ts';
import type { Scopes } from '../../host/policy/index.ts';
import { readRegularFile } from '../../host/regular-file.ts';
import { capped, type Difference, shownJson, textDifference } from './difference.ts';
import { FileBytes, operatorOf, withFiles } from './written-value.ts';

/** Bytes of one file that left, as far as it is compared. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;

/** Folders of one case, outside of the tool's: what leaves the call, and what capabilities keep. Whoever made it removes it. */
export class CaseFolders {
  readonly #root: string;
  /** Where files of a mount go, by the mount's name. */
  readonly #out = new Map<string, string>();

  private constructor(root: string) {
    this.#root = root;
  }

  static async make(): Promise<CaseFolders> {
    // Grants of `files` have no links in their paths.
    return new CaseFolders(await mkdtemp(join(await realpath(tmpdir()), 'cellblock-case-')));
  }

  get state(): string {
    return join(this.#root, 'state');
  }

  /** Scopes of a case, with a folder of ours in the place of each one that files would leave to. */
  async redirected(scopes: Scopes): Promise<Scopes> {
    const files = scopes.get('files') as FilesScope | undefined; // by its schema
    if (files === undefined) return scopes;
    const mounts: Record<string, FilesScope['mounts'][string]> = {};
    for (const [name, mount] of Object.entries(files.mounts)) {
      mounts[name] =
        mount.copyOut === undefined ? mount : { ...mount, copyOut: { ...mount.copyOut, to: await this.#folderFor(name) } };
    }
    return new Map([...scopes, ['files', { ...files, mounts }]]);
  }

  async #folderFor(mount: string): Promise<string> {
    const folder = join(this.#root, `out-${this.#out.size}`);
    await mkdir(folder);
    this.#out.set(mount, folder);
    return folder;
  }

  /** What left, by the path that the guest has for it. */
  async left(): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (const [mount, folder] of this.#out) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const name = posix.join(mount, relative(folder, path).split(sep).join('/'));
        found.set(name, await readRegularFile(path, FILE_BYTES_MAX));
      }
    }
    return found;
  }

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }
}

/** All files that left, compared with those that a case expects. */
export async function fileDifferences(
  expected: Readonly<Record<string, unknown>>,
  left: ReadonlyMap<string, Uint8Array>,
  folder: string,
): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  for (const [path, pattern] of Object.entries(expected)) {
    const bytes = left.get(path);
    if (bytes === undefined) found.push({ what: `files ${path}`, expected: 'a file', actual: 'none left' });
    else found.push(...contentDifferences(`files ${path}`, await withFiles(pattern, folder), bytes));
  }
  for (const [path, bytes] of left) {
    if (!Object.hasOwn(expected, path))
      found.push({ what: `files ${path}`, expected: 'none', actual: `a file of ${bytes.length} bytes` });
  }
  return capped(found);
}

function contentDifferences(what: string, pattern: unknown, bytes: Uint8Array): readonly Difference[] {
  const text = Buffer.from(bytes).toString('utf8');
  const operator = operatorOf(pattern);
  if (operator?.name === '$any') return [];
  if (operator?.name === '$contains' && typeof operator.operand === 'string') {
    return text.includes(operator.operand)
      ? []
      : [{ what, expected: `text with ${shownJson(operator.operand)}`, actual: shownJson(text) }];
  }
  const expected = expectedBytes(pattern, operator);
  if (expected === undefined) return [{ what, message: 'expected text, `$contains`, `$base64`, `$file` or `$any`' }];
  return Buffer.from(expected).equals(bytes) ? [] : [textDifference(what, Buffer.from(expected).toString('utf8'), text)];
}

function expectedBytes(pattern: unknown, operator: ReturnType<typeof operatorOf>): Uint8Array | undefined {
  if (typeof pattern === 'string') return Buffer.from(pattern, 'utf8');
  if (pattern instanceof FileBytes) return pattern.bytes;
  if (typeof operator?.operand !== 'string') return undefined;
  if (operator.name === '$base64') return Buffer.from(operator.operand, 'base64');
  return operator.name === '$text' ? Buffer.from(operator.operand, 'utf8') : undefined;
}
