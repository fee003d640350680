/** Tools in C, from source to answers. Real clang and wit-bindgen, where they are installed. */

import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { readSettings } from '../../../authoring/build/c/settings.ts';
import { filesOfTar } from '../../../authoring/build/c/tar.ts';
import { compileC } from '../../../authoring/build/c.ts';
import { newTool, readProject } from '../../../authoring/project/index.ts';
import { decodeComponent } from '../../../runtime/index.ts';
import { useCells } from '../../support/cells.ts';

const place = await mkdtemp(join(tmpdir(), 'cellblock-c-'));
afterAll(() => rm(place, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const HAS_CLANG =
  starts('clang', ['--target=wasm32-wasi', '-print-file-name=libc.a'], /\/libc\.a/) || process.env.WASI_SDK_PATH !== undefined;
const HAS_BINDGEN = ['wit-bindgen', join(homedir(), '.cargo/bin/wit-bindgen')].some((path) => starts(path, ['--version'], /./));

/** Whether a program is there and says what it should. */
function starts(command: string, args: readonly string[], pattern: RegExp): boolean {
  try {
    return pattern.test(execFileSync(command, args, { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

async function build(folder: string) {
  const project = await readProject(folder);
  const out = join(folder, 'target');
  await mkdir(out, { recursive: true });
  return compileC(project, out, {});
}

/** A tool with one file of WIT and one of C. */
async function toolOf(name: string, wit: string, source: string, settings?: string): Promise<string> {
  const folder = join(place, name);
  const files = {
    'tool.yaml': `version: 1\nname: ${name}\nlanguage: c\nworld: w\n`,
    'wit/w.wit': `package test:${name};\n${wit}`,
    'src/tool.c': source,
    ...(settings === undefined ? {} : { 'c.yaml': settings }),
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

const LIBC = `
#include "w.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
static int started;
__attribute__((constructor)) static void start(void) { started++; }
void exports_w_look(w_tuple5_s32_s32_s32_s32_s32_t *ret) {
  unsigned char byte;
  *ret = (w_tuple5_s32_s32_s32_s32_s32_t){ started, (int)time(NULL), fopen("/etc/passwd", "r") == NULL && errno != 0, printf("text\\n") < 0 || fflush(stdout) != 0, getentropy(&byte, 1) };
}
`;
const LOOK = 'world w { export look: func() -> tuple<s32, s32, s32, s32, s32>; }';

describe.skipIf(!HAS_CLANG || !HAS_BINDGEN)('a tool in C, with clang and wit-bindgen', () => {
  const cells = useCells('thread');

  it('is built from the template, and has the documentation of its WIT', async () => {
    const { folder } = await newTool('word-count', 'c', place);
    const { component, toolchain } = await build(folder);
    expect(Object.keys(toolchain)).toEqual(['clang', 'wit-bindgen']);
    const decoded = decodeComponent(component);
    expect(decoded.imports.map(({ name }) => name)).toEqual(['cellblock:host/log@0.1.0']);
    expect(JSON.stringify(decoded)).toContain('Counts the words of a text');
    const moved = join(place, 'elsewhere', 'word-count');
    await cp(folder, moved, { recursive: true, filter: (path) => !path.endsWith('target') });
    expect((await build(moved)).component).toEqual(component);
  });

  it('has a C library that asks the host for nothing, and constructors that ran', async () => {
    const { component } = await build(await toolOf('library', LOOK, LIBC));
    expect(decodeComponent(component).imports).toEqual([]);
    expect(await cells.run(component, 'look', [])).toMatchObject({ kind: 'ok', value: [1, 0, 1, 1, -1] });
  });

  it('traps where its stack is full, and not in its data', async () => {
    const source = `#include "w.h"\nint exports_w_go(int n) { volatile char big[4096]; big[n & 4095] = 1; return n == 0 ? 0 : exports_w_go(n - 1) + big[n & 4095]; }`;
    const { component } = await build(
      await toolOf('stack', 'world w { export go: func(n: s32) -> s32; }', source, 'version: 1\nstackKiB: 64\n'),
    );
    expect(await cells.run(component, 'go', [8])).toMatchObject({ kind: 'ok', value: 8 });
    expect(await cells.run(component, 'go', [100])).toMatchObject({ kind: 'trapped', error: { code: 'trap/out-of-bounds' } });
  });

  it('says what its source does not have, with the declaration', async () => {
    const folder = await toolOf('missing', LOOK, '#include "w.h"\n');
    const error = await build(folder).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'author/does-not-compile' });
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/^no source has `(exports_)?w_look`, which the world asks for$/),
    );
    expect(error).toHaveProperty('help', expect.stringMatching(/^write `void (exports_)?w_look\(/));
  });

  it('says where the source and the world differ', async () => {
    const folder = await toolOf(
      'differs',
      'world w { export go: func(n: s32) -> s32; }',
      '#include "w.h"\n\nint exports_w_go(char *n) { return 0; }\n',
    );
    await expect(build(folder)).rejects.toMatchObject({
      code: 'author/does-not-compile',
      message: "src/tool.c:3:5: conflicting types for 'exports_w_go'",
      data: { diagnostics: [{ file: 'src/tool.c', line: 3, column: 5 }] },
      help: expect.stringContaining('the world asks for `int32_t exports_w_go(int32_t n)`'),
    });
  });

  it('compiles again what changed, and nothing else', async () => {
    const folder = await toolOf(
      'again',
      'world w { export go: func(n: s32) -> s32; }',
      '#include "w.h"\n#include "one.h"\nint exports_w_go(int n) { return ONE; }\n',
    );
    await writeFile(join(folder, 'src/one.h'), '#define ONE 1\n');
    expect(await cells.run((await build(folder)).component, 'go', [0])).toMatchObject({ value: 1 });
    await writeFile(join(folder, 'src/one.h'), '#define ONE 2\n');
    expect(await cells.run((await build(folder)).component, 'go', [0])).toMatchObject({ value: 2 });
  });

  it('uses bindings that the tool keeps where wit-bindgen is not there, as long as the WIT is theirs', async () => {
    const folder = await toolOf(
      'kept',
      'world w { export go: func(n: s32) -> s32; }',
      '#include "w.h"\nint exports_w_go(int n) { return n + 1; }\n',
    );
    await mkdir(join(folder, 'bindings'));
    const { component } = await build(folder);
    const bin = join(place, 'bin');
    await mkdir(bin);
    const clang = execFileSync('sh', ['-c', 'command -v clang wasm-ld'], { encoding: 'utf8' }).trim().split('\n');
    for (const path of clang)
      await writeFile(join(bin, path.split('/').at(-1)!), `#!/bin/sh\nexec ${path} "$@"\n`, { mode: 0o755 });
    vi.stubEnv('CARGO_HOME', place);
    vi.stubEnv('PATH', bin);
    expect(await build(folder)).toMatchObject({ component, toolchain: { 'wit-bindgen': 'kept' } });
    await writeFile(join(folder, 'wit/w.wit'), 'package test:kept;\nworld w { export gone: func(n: s32) -> s32; }');
    const help = expect.stringContaining('cargo install wit-bindgen-cli --locked --version');
    const stale = {
      code: 'author/no-compiler',
      message: expect.stringContaining('those in `bindings/` are not of this WIT'),
      help,
    };
    await expect(build(folder)).rejects.toMatchObject(stale);
    await rm(join(folder, 'bindings'), { recursive: true });
    await expect(build(folder)).rejects.toMatchObject({ code: 'author/no-compiler', help });
  });

  it('does not take a package that is not the one that it pins', async () => {
    const settings = `version: 1\npackages:\n  - crate: cfg-if@1.0.0\n    sha256: ${'0f'.repeat(32)}\n`;
    vi.stubGlobal('fetch', async () => new Response('other bytes'));
    const folder = await toolOf('pinned', LOOK, LIBC, settings);
    await expect(build(folder)).rejects.toMatchObject({
      message: expect.stringMatching(/^`cfg-if@1.0.0` has the digest [0-9a-f]{64}, expected (0f){32}$/),
    });
    vi.unstubAllGlobals();
  });
});

it('says how to get a C compiler where there is none', async () => {
  vi.stubEnv('WASI_SDK_PATH', join(place, 'nowhere'));
  const folder = await toolOf('none', LOOK, LIBC);
  await expect(build(folder)).rejects.toMatchObject({
    code: 'author/no-compiler',
    help: expect.stringContaining('WASI_SDK_PATH'),
  });
});

it.each(['../out', '/out', 'a/../../out'])('unpacks no file to `%s`', (path) => {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write('00000000000', 124);
  header.write('0', 156);
  expect(() => [...filesOfTar(Buffer.concat([header, Buffer.alloc(512)]))]).toThrow(`it has the path \`${path}\``);
});

it.each([
  ['flags: [-I/usr/include]', 'expected a flag that begins with'],
  ['flags: [-fplugin=/x.so]', 'expected a flag that begins with'],
  ['packages: [{ crate: a@1.0.0, sha256: "0" }]', 'expected 64 hex digits'],
  ['stack: 64', 'stack'],
])('refuses `%s` in c.yaml', async (line, why) => {
  await writeFile(join(place, 'c.yaml'), `version: 1\n${line}\n`);
  await expect(readSettings(place)).rejects.toMatchObject({ code: 'author/invalid-file', message: expect.stringContaining(why) });
});
