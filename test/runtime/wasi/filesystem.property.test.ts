import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { openFiles } from './files.ts';
import { drop, text, utf8 } from './guest-side.ts';

/* The same steps on a `MemoryFileTree` and on a real directory of the operating system give the same answers and tree. */

type Step =
  | { readonly op: 'put' | 'mkdir' | 'rmdir' | 'unlink' | 'read' | 'size'; readonly path: string }
  | { readonly op: 'rename' | 'link'; readonly path: string; readonly to: string };

const CODES: Readonly<Record<string, string>> = {
  ENOENT: 'no-entry',
  EEXIST: 'exist',
  ENOTDIR: 'not-directory',
  EISDIR: 'is-directory',
  ENOTEMPTY: 'not-empty',
  EINVAL: 'invalid',
  EPERM: 'not-permitted',
};

// No `.` or `..` as the last component: systems differ in what they say to removing or renaming those.
const last = fc.constantFrom('a', 'b', 'c');
const path = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '.', '..', ''), { maxLength: 4 }), last)
  .map(([parts, name]) => [...parts, name].join('/'))
  .filter((candidate) => !candidate.startsWith('/') && staysInside(candidate));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constantFrom('put' as const, 'mkdir', 'rmdir', 'unlink', 'read', 'size'), path }),
  fc.record({ op: fc.constantFrom('rename' as const, 'link'), path, to: path }),
);

const base = fs.mkdtempSync(join(tmpdir(), 'cellblock-files-'));
afterAll(() => fs.rmSync(base, { recursive: true }));

it('answers as the operating system does', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const real = fs.mkdtempSync(join(base, 'run-'));
      const { root } = openFiles({ quota: { bytesMax: 1e6, inodesMax: 1000 } });
      steps.forEach((each, at) => {
        const ours = answer(() => onMemory(root, each, `${at}`));
        expect(ours, `${at}: ${JSON.stringify(each)}`).toBe(answer(() => onDisk(real, each, `${at}`)));
      });
      expect(dump((at) => listMemory(root, at))).toEqual(dump((at) => listDisk(real, at)));
    }),
    { numRuns: 300 },
  );
});

function onMemory(root: ReturnType<typeof openFiles>['root'], each: Step, content: string): string {
  switch (each.op) {
    case 'put': {
      const file = root.openAt({}, each.path, { create: true, truncate: true }, { write: true });
      file.write(utf8(content), 0n);
      drop(file);
      return 'done';
    }
    case 'read': {
      const file = root.openAt({}, each.path, {}, { read: true });
      try {
        return text(file.read(99n, 0n)[0]);
      } finally {
        drop(file);
      }
    }
    case 'size': {
      const { type, size, linkCount } = root.statAt({}, each.path);
      return type === 'directory' ? type : `${size} bytes, ${linkCount} links`;
    }
    case 'mkdir':
      return done(root.createDirectoryAt(each.path));
    case 'rmdir':
      return done(root.removeDirectoryAt(each.path));
    case 'unlink':
      return done(root.unlinkFileAt(each.path));
    case 'rename':
      return done(root.renameAt(each.path, root, each.to));
    case 'link':
      return done(root.linkAt({}, each.path, root, each.to));
  }
}

function onDisk(real: string, each: Step, content: string): string {
  const at = `${real}/${each.path}`; // not `join`, which would resolve the dots itself
  switch (each.op) {
    case 'put':
      return done(fs.writeFileSync(at, content));
    case 'read':
      return fs.readFileSync(at, 'utf8');
    case 'size': {
      const stat = fs.statSync(at);
      return stat.isDirectory() ? 'directory' : `${stat.size} bytes, ${stat.nlink} links`;
    }
    case 'mkdir':
      return done(fs.mkdirSync(at));
    case 'rmdir':
      return done(fs.rmdirSync(at));
    case 'unlink':
      return done(fs.unlinkSync(at));
    case 'rename':
      return done(fs.renameSync(at, `${real}/${each.to}`));
    case 'link':
      return done(fs.linkSync(at, `${real}/${each.to}`));
  }
}

function done(_nothing: unknown): string {
  return 'done';
}

function answer(run: () => string): string {
  try {
    return run();
  } catch (error) {
    if (typeof error === 'string') return error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    return CODES[code] ?? String(error);
  }
}

type Listing = readonly { readonly name: string; readonly content: string | undefined }[];

function dump(listing: (path: string) => Listing, at = '.'): string[] {
  return listing(at)
    .flatMap(({ name, content }) =>
      content === undefined ? [`${at}/${name}/`, ...dump(listing, `${at}/${name}`)] : [`${at}/${name}=${content}`],
    )
    .sort();
}

function listMemory(root: ReturnType<typeof openFiles>['root'], at: string): Listing {
  const directory = root.openAt({}, at, { directory: true }, { read: true });
  const stream = directory.readDirectory();
  const found: { name: string; content: string | undefined }[] = [];
  for (let entry = stream.readDirectoryEntry(); entry !== undefined; entry = stream.readDirectoryEntry()) {
    const path = `${at}/${entry.name}`;
    found.push({
      name: entry.name,
      content: entry.type === 'directory' ? undefined : onMemory(root, { op: 'read', path }, ''),
    });
  }
  drop(stream);
  drop(directory);
  return found;
}

function listDisk(real: string, at: string): Listing {
  return fs.readdirSync(`${real}/${at}`, { withFileTypes: true }).map((entry) => ({
    name: entry.name,
    content: entry.isDirectory() ? undefined : fs.readFileSync(`${real}/${at}/${entry.name}`, 'utf8'),
  }));
}

function staysInside(candidate: string): boolean {
  let depth = 0;
  for (const part of candidate.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return false;
  }
  return true;
}
