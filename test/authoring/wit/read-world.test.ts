import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWorld } from '../../../authoring/wit/index.ts';
import type { InterfaceItem } from '../../../runtime/component/types.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cellblock-wit-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

describe('reading WIT', () => {
  it('takes a folder with several files, and packages in deps as files and as folders', async () => {
    await write({
      'a.wit': 'package test:mine@1.0.0;\nworld tool { import test:one/log; import test:two/store@0.2.0; export api; }',
      'b.wit': 'interface api { use test:two/store@0.2.0.{key}; get: func(k: key) -> string; }',
      'deps/one.wit': 'package test:one;\ninterface log { write: func(text: string); }',
      'deps/two/x.wit': 'interface store { use types.{key}; put: func(k: key); }',
      'deps/two/y.wit': '/// Keys.\npackage test:two@0.2.0;\ninterface types { type key = u64; }',
    });
    const { id, name, component } = await readWorld(folder);
    expect([id, name]).toEqual(['test:mine/tool@1.0.0', 'tool']);
    expect(component.imports.map((item) => item.name)).toEqual(['test:one/log', 'test:two/types@0.2.0', 'test:two/store@0.2.0']);
    expect(component.exports.map((item) => item.name)).toEqual(['test:mine/api@1.0.0']);
  });

  it('gives docs to interfaces, functions, methods, types and their parts, and items of the world', async () => {
    await write({
      'w.wit': `package test:docs@1.0.0;
        /** About things. */
        interface things {
          /// A colour.
          variant colour { /// The warm one.
            red, other(string) }
          /// A thing.
          resource thing {
            /// Makes one.
            constructor();
            /// Its colour.
            @since(version = 1.0.0)
            colour: func() -> colour;
          }
        }
        world tool {
          import things;
          /// Runs it.
          export run: func();
        }`,
    });
    const { component } = await readWorld(join(folder, 'w.wit'), 'tool');
    const [things] = component.imports;
    if (things?.kind !== 'interface') throw new Error('there is an interface');
    const docs = Object.fromEntries(things.items.map((item: InterfaceItem) => [item.name, item.docs]));
    expect(things.docs).toBe('About things.');
    expect(docs).toEqual({
      colour: 'A colour.',
      thing: 'A thing.',
      '[constructor]thing': 'Makes one.',
      '[method]thing.colour': 'Its colour.',
    });
    expect(things.items.find((item) => item.name === 'colour')).toMatchObject({
      type: { cases: [{ name: 'red', docs: 'The warm one.' }, { name: 'other' }] },
    });
    expect(component.exports).toMatchObject([{ name: 'run', docs: 'Runs it.' }]);
  });

  it.each([
    ['a name that nobody declares', 'interface x {\n  f: func(a: nope);\n}', '3:14: name `nope` does not exist'],
    ['a missing colon', 'interface x {\n  f func(a: u8);\n}', "3:5: expected ':', found keyword `func`"],
    [
      'a record that the binary form cannot have',
      'interface x {\n  record r {}\n  f: func(a: r);\n}',
      '3:3: record type must have at least one field',
    ],
  ])('says where there is %s', async (_, body, message) => {
    await write({ 'mine.wit': `package test:mine;\n${body}\nworld w { import x; }` });
    await expect(readWorld(folder)).rejects.toMatchObject({
      code: 'author/invalid-wit',
      message: `${join(folder, 'mine.wit')}:${message}`,
    });
  });

  it('says which file of deps is wrong', async () => {
    await write({
      'w.wit': 'package test:mine;\nworld w { import test:one/log; }',
      'deps/one.wit': 'package test:one;\n\ninterface log { f: func(a: strin); }',
    });
    await expect(readWorld(folder)).rejects.toMatchObject({
      message: `${join(folder, 'deps/one.wit')}:3:28: name \`strin\` does not exist`,
    });
  });

  it('names the worlds when there is no such, or more than one', async () => {
    await write({ 'w.wit': 'package test:mine;\nworld one {}\nworld two {}' });
    const help = 'choose one of its worlds: `one`, `two`';
    await expect(readWorld(folder, 'three')).rejects.toMatchObject({ code: 'author/invalid-wit', help });
    await expect(readWorld(folder)).rejects.toMatchObject({ code: 'author/invalid-wit', help });
  });

  it('refuses what is not there, and a folder without WIT', async () => {
    await expect(readWorld(join(folder, 'no.wit'))).rejects.toMatchObject({ code: 'usage/unreadable-file' });
    await expect(readWorld(folder)).rejects.toMatchObject({ code: 'author/invalid-wit' });
  });
});
