import type { Descriptor } from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { list, openFiles, put } from './files.ts';
import { openGranted } from './granted.ts';
import { drop, text, utf8 } from './guest-side.ts';

/*
 * The same steps on granted files and on a plain tree in memory that was filled with the same inputs give the same answers and the same tree;
 * and what is sent at the end, applied to the inputs, is that tree.
 */

type Step =
  | { readonly op: 'put' | 'mkdir' | 'rmdir' | 'unlink' | 'read' | 'stat' | 'list'; readonly path: string }
  | { readonly op: 'write' | 'resize'; readonly path: string; readonly at: number }
  | { readonly op: 'rename'; readonly path: string; readonly to: string };

const NAMES = ['a', 'b', 'c'];
const path = fc
  .array(fc.constantFrom(...NAMES, '.'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
  .filter((joined) => !joined.endsWith('.'));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constantFrom('put' as const, 'mkdir', 'rmdir', 'unlink', 'read', 'stat', 'list'), path }),
  fc.record({ op: fc.constantFrom('write' as const, 'resize'), path, at: fc.nat(80) }),
  { weight: 2, arbitrary: fc.record({ op: fc.constant('rename' as const), path, to: path }) },
);
/** Directories `a` and `a/b`, and files below any of them. */
const inputs = fc
  .uniqueArray(fc.constantFrom('b', 'c', 'a/a', 'a/c', 'a/b/a', 'a/b/b'), { maxLength: 6 })
  .map((files) => [
    { path: 'a' },
    { path: 'a/b' },
    ...files.map((file) => ({ path: file, bytes: utf8(`input ${file}`.repeat(5)) })),
  ]);

it('granted files are as a plain tree, and what is sent makes the same of the inputs', () => {
  fc.assert(
    fc.property(
      inputs,
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 90, max: 200 }),
      (given, steps, hostCallBytesMax) => {
        const granted = openGranted(given, { bytesMax: 1e6, inodesMax: 1000, wasi: { hostCallBytesMax } });
        const { root: plain } = openFiles({ quota: { bytesMax: 1e6, inodesMax: 1000 }, fill: (tree) => fill(tree, given) });
        const [root] = granted.roots();
        steps.forEach((each, at) => {
          const label = `${at}: ${JSON.stringify(each)}`;
          expect(answer(root!, each, `${at}`), label).toEqual(answer(plain, each, `${at}`));
        });
        const seen = [...dump(plain)].sort();
        expect([...dump(root!)].sort()).toEqual(seen);
        granted.wasi.finish();
        const left = [...granted.fake.staged].map(([key, bytes]) => [key.slice(2), bytes === null ? null : text(bytes)]);
        expect(left.sort()).toEqual(seen);
        expect(granted.fake.committed).toBe(true);
      },
    ),
    { numRuns: 400 },
  );
});

function fill(
  tree: { addFile(path: string, bytes: Uint8Array): void; addDirectory(path: string): void },
  given: readonly { readonly path: string; readonly bytes?: Uint8Array }[],
): void {
  for (const { path: at, bytes } of given) {
    if (bytes === undefined) tree.addDirectory(at);
    else tree.addFile(at, bytes);
  }
}

function answer(root: Descriptor, each: Step, content: string): unknown {
  try {
    return act(root, each, content);
  } catch (error) {
    if (typeof error !== 'string') throw error;
    return error;
  }
}

function act(root: Descriptor, each: Step, content: string): unknown {
  switch (each.op) {
    case 'put':
      return drop(put(root, each.path, utf8(content)));
    case 'mkdir':
      return root.createDirectoryAt(each.path);
    case 'rmdir':
      return root.removeDirectoryAt(each.path);
    case 'unlink':
      return root.unlinkFileAt(each.path);
    case 'rename':
      return root.renameAt(each.path, root, each.to);
    case 'stat': {
      const { type, size, linkCount } = root.statAt({}, each.path);
      return [type, size, linkCount];
    }
    default:
      return onOpen(root, each, content);
  }
}

function onOpen(root: Descriptor, each: Step, content: string): unknown {
  const node = root.openAt({}, each.path, {}, { read: true, write: each.op === 'write' || each.op === 'resize' });
  try {
    if (each.op === 'write') return node.write(utf8(content), BigInt(each.at));
    if (each.op === 'resize') return node.setSize(BigInt(each.at));
    return each.op === 'list' ? list(node).sort() : text(node.read(1000n, 0n)[0]);
  } finally {
    drop(node);
  }
}

function* dump(directory: Descriptor, prefix = ''): Generator<[path: string, content: string | null]> {
  for (const name of list(directory)) {
    const isDirectory = name.endsWith('/');
    const at = isDirectory ? name.slice(0, -1) : name;
    const node = directory.openAt({}, at, {}, { read: true });
    yield [prefix + at, isDirectory ? null : text(node.read(1000n, 0n)[0])];
    if (isDirectory) yield* dump(node, `${prefix}${at}/`);
    drop(node);
  }
}
