import { createHash } from 'node:crypto';
import type { PlainJson } from '../../../runtime/index.ts';
import { printable } from '../../policy/quote.ts';
import type { CapabilityUse } from '../capability.ts';
import type { StagedFile } from './staging.ts';

/** Files of a manifest that the trail names; the digest is over all of them. */
const MANIFEST_SHOWN = 32;

/**
 * Word for the trail of what left one mount; the digest is that of the text that `sha256sum` writes of all files, sorted by path,
 * so that anybody can compute it anew.
 */
export function useOf(mount: string, files: ReadonlyMap<string, StagedFile>, removed: readonly string[]): CapabilityUse {
  const sorted = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  const lines = sorted.map(([path, { sha256 }]) => `${sha256}  ${path}\n`).join('');
  const manifest = sorted
    .slice(0, MANIFEST_SHOWN)
    .map(([path, { bytes, sha256 }]): PlainJson => ({ path: printable(path, 200), bytes, sha256 }));
  return {
    capability: 'files',
    act: `copy out ${mount}`,
    result: `${files.size} files${removed.length > 0 ? `, ${removed.length} removed` : ''}`,
    data: {
      files: files.size,
      bytes: sorted.reduce((sum, [, file]) => sum + file.bytes, 0),
      manifest,
      manifestDigest: `sha256:${createHash('sha256').update(lines).digest('hex')}`,
      ...(removed.length > 0 ? { removed: removed.slice(0, MANIFEST_SHOWN).map((path) => printable(path, 200)) } : {}),
    },
  };
}
