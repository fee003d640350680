import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { addBindgen } from '../../../host/cli/bindgen.ts';
import { addComponentize } from '../../../host/cli/componentize.ts';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import { bindingsOf, compileGuest } from '../../authoring/bindgen/build.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'cellblock-test-'));
const WIT = 'package test:cli;\nworld hello { export greet: func(name: string) -> string; }\nworld other {}\n';
const FILE = join(FOLDER, 'hello.wit');
writeFileSync(FILE, WIT);

afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** Runs a command as the program does. @returns what it prints on standard output. */
async function run(...args: readonly string[]): Promise<string> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const program = new Command().exitOverride();
  addBindgen(program);
  addComponentize(program);
  await program.parseAsync(['node', 'cellblock', ...args]);
  return out;
}

describe('cellblock bindgen and componentize', () => {
  it('write bindings that asc compiles, and a component of what it makes', async () => {
    const out = join(FOLDER, 'bindings');
    const report = JSON.parse(await run('bindgen', FILE, '--world', 'hello', '--out', out, '--json')) as Record<string, unknown>;
    expect(report).toMatchObject({ world: 'test:cli/hello', out, written: report.files });
    expect(readFileSync(join(out, 'exports/hello.ts'), 'utf8')).toContain('greet(name: string): string;');

    const guest = 'export class Hello { greet(name: string): string { return name; } }';
    const source = `import { HelloGuest } from './bindings/exports/hello';\n${guest.replace('Hello {', 'Hello implements HelloGuest {')}`;
    const wit = WIT.replace('world other {}', '');
    writeFileSync(join(FOLDER, 'core.wasm'), await compileGuest(await bindingsOf(wit), source));
    const file = join(FOLDER, 'hello.wasm');
    const made = JSON.parse(
      await run('componentize', join(FOLDER, 'core.wasm'), '--wit', FILE, '--world', 'hello', '-o', file, '--json'),
    );
    const component = decodeComponent(readFileSync(file));
    expect(made).toEqual({ file, bytes: component.bytes.length, digest: component.digest });
    expect(component.exports.map((item) => item.name)).toEqual(['greet']);
  }, 60_000);

  it('leave files alone that are as they should be', async () => {
    const out = join(FOLDER, 'twice');
    await run('bindgen', FILE, '--world', 'hello', '--out', out);
    const before = statSync(join(out, 'entry.ts')).mtimeMs;
    const report = JSON.parse(await run('bindgen', FILE, '--world', 'hello', '--out', out, '--json')) as object;
    expect(report).toMatchObject({ written: [] });
    expect(statSync(join(out, 'entry.ts')).mtimeMs).toBe(before);
  });

  it('write nothing where the world is not named and there are two', async () => {
    const out = join(FOLDER, 'none');
    await expect(run('bindgen', FILE, '--out', out)).rejects.toMatchObject({ code: 'author/invalid-wit' });
    expect(existsSync(out)).toBe(false);
  });

  it('refuse what is asynchronous, by name', async () => {
    const file = join(FOLDER, 'async.wit');
    writeFileSync(file, 'package test:cli;\ninterface x { f: func(a: stream<u8>); }\nworld w { import x; }');
    await expect(run('bindgen', file, '--out', join(FOLDER, 'none'))).rejects.toMatchObject({
      code: 'author/unsupported-wit',
      message: '`test:cli/x#f` has a stream, which bindings for AssemblyScript do not cover',
    });
  });
});
