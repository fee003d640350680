import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeTypes } from '../../../authoring/build/javascript/types.ts';
import { readWorld } from '../../../authoring/wit/index.ts';

it('generated types of interfaces that are gone go, and declarations that an author wrote beside them stay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cellblock-types-'));
  try {
    const wit = join(folder, 'a.wit');
    const project = {
      folder,
      name: 'a',
      language: 'javascript',
      world: 'w',
      wit,
      component: join(folder, 'a.wasm'),
    } as const;
    const typesOf = async (text: string): Promise<readonly string[]> => {
      await writeFile(wit, text);
      await writeTypes(project, await readWorld(wit, 'w'));
      return (await readdir(join(folder, 'types'), { recursive: true })).filter((path) => path.endsWith('.d.ts')).sort();
    };
    await mkdir(join(folder, 'types'));
    await writeFile(join(folder, 'types', 'globals.d.ts'), 'declare const build: string;\n');
    await writeFile(join(folder, 'types', 'marked.d.ts'), "declare module 'marked' {\n}\n");
    const own = ['globals.d.ts', 'marked.d.ts'];
    const both = await typesOf(
      'package a:b;\ninterface i { f: func(); }\ninterface j { g: func(); }\nworld w { import i; export j; }\n',
    );
    expect(both).toEqual([...own.slice(0, 1), 'interfaces/a-b-i.d.ts', 'interfaces/a-b-j.d.ts', ...own.slice(1), 'w.d.ts']);
    const one = await typesOf('package a:b;\ninterface j { g: func(); }\nworld w { export j; }\n');
    expect(one).toEqual([...own.slice(0, 1), 'interfaces/a-b-j.d.ts', ...own.slice(1), 'w.d.ts']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
