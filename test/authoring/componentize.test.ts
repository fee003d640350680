import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { componentize } from '../../authoring/componentize.ts';
import { renameExports, spellExport } from '../../authoring/export-names.ts';
import { decodeComponent } from '../../runtime/component/decode.ts';
import { assemble } from '../support/assemble.ts';

const WIT = `package test:num@1.0.0;
  /// Numbers.
  interface sums {
    /// Adds.
    add: func(a: u32, b: u32) -> u32;
  }
  world w { export sums; }`;
const ADD = 'test:num/sums@1.0.0#add';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cellblock-componentize-'));
  await writeFile(join(folder, 'w.wit'), WIT);
});
afterEach(() => rm(folder, { recursive: true }));

describe('export names that a language cannot spell', () => {
  it.each([ADD, 'cabi_post_a:b/c#[method]x.y', 'plain', '[dtor]a$b'])(
    'are letters, digits and `$`, and come back: %s',
    async (name) => {
      const spelled = spellExport(name);
      expect(spelled).toMatch(/^cm\$[A-Za-z0-9$]*$/);
      expect(exportsOf(renameExports(await core(spelled)))).toEqual([name, 'memory']);
    },
  );

  it('leave other exports and modules without them as they are', async () => {
    const bytes = await core('add');
    expect(exportsOf(renameExports(bytes))).toEqual(['add', 'memory']);
  });

  it('are not looked for in what is no core module', () => {
    expect(() => renameExports(new Uint8Array([1, 2, 3]))).toThrow('this is not a core WebAssembly module');
  });
});

describe('making a component', () => {
  it('carries the doc comments of the WIT', async () => {
    const component = decodeComponent(await componentize(await core(spellExport(ADD)), { wit: folder }));
    expect(component.exports).toMatchObject([
      { name: 'test:num/sums@1.0.0', docs: 'Numbers.', items: [{ name: 'add', docs: 'Adds.' }] },
    ]);
  });

  it('refuses a module that lacks an export of the world, and says which', async () => {
    await expect(componentize(await core('other'), { wit: folder })).rejects.toMatchObject({
      code: 'author/mismatch',
      message: 'the module does not fit world `w`: failed to find export of interface `test:num/sums@1.0.0` function `add`',
    });
  });

  it('refuses a module that imports from `env`, and says how to compile it', async () => {
    const module = await assemble('(module (import "env" "abort" (func (param i32))) (memory (export "memory") 1))');
    await expect(componentize(module, { wit: folder })).rejects.toMatchObject({
      code: 'author/mismatch',
      message: expect.stringContaining('module requires an import interface named `env`'),
      help: expect.stringContaining('--use abort='),
    });
  });
});

function core(name: string): Promise<Uint8Array> {
  return assemble(`(module (memory 1)
    (func (export "${name}") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (export "memory" (memory 0)))`);
}

function exportsOf(bytes: Uint8Array): string[] {
  return WebAssembly.Module.exports(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)).map((one) => one.name); // never shared
}
