/** The code interpreter as an agent has it: a real warden, its policy, and the tools that it grants. */

import { readFileSync } from 'node:fs';
import { decodeComponent } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { readSample, readTool, TOOLS_FOLDER } from './callers.ts';
import { useInterpreter } from './interpreter.ts';

const { run } = useInterpreter();

/** The value of a snippet that goes well. */
async function resultOf(source: string, options: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const { value, problem } = await run(source, options);
  if (problem !== undefined) throw new Error(JSON.stringify(problem));
  return typeof value === 'string' ? JSON.parse(value) : undefined;
}

const problemOf = async (source: string, options = {}) => (await run(source, options)).problem;

it('imports other tools, and nothing else', async () => {
  expect(decodeComponent(await readTool('code-interpreter')).imports.map(({ name }) => name)).toEqual([
    'cellblock:host/tools@0.1.0',
  ]);
});

describe('a snippet', () => {
  it.each([
    ['1 + 1', 2],
    ['const a = [3, 1, 2];\na.sort().join()', '1,2,3'],
    ['if (true) { "yes" } else { "no" }', 'yes'],
    ['return 5', 5],
    ['const x = await Promise.resolve(4);\nreturn x + 1;', 5],
    ['async function main() { return { a: 1 } }\nmain()', { a: 1 }],
    ['await Promise.all([1, 2].map(async (n) => n * 2))', [2, 4]],
    ['new Date("2026-03-14T02:11:07Z").getTime()', 1773454267000],
    ['[..."z\u00eb\ud83d\udca5"].length', 3],
    ['"a-b".replace(/(?<left>\\w)-/u, "$<left>+")', 'a+b'],
    ['NaN', null],
    ['undefined', undefined],
    ['function* f() { yield 1; yield 2 }\n[...f()]', [1, 2]],
  ])('gives the value of `%s`', async (source, expected) => {
    expect(await resultOf(source)).toEqual(expected);
  });

  it('has its input, and says where that is no JSON', async () => {
    expect(await resultOf('input.list.map((n) => n + 1)', { input: '{"list": [1, 2]}' })).toEqual([2, 3]);
    expect(await resultOf('typeof input')).toBe('undefined');
    expect(await problemOf('1', { input: '{"list": [1,' })).toMatchObject({ tag: 'bad-input' });
  });

  it('begins afresh each time', async () => {
    await run('globalThis.kept = 1; Array.prototype.kept = 1');
    expect(await resultOf('[typeof kept, [].kept === undefined]')).toEqual(['undefined', true]);
  });

  it('writes lines, of any value', async () => {
    const { console } = await run(
      'console.log("a", 1, { b: [2] }, undefined, null, new TypeError("no")); console.error("\\ud800")',
    );
    expect(console).toEqual({
      lines: [
        { level: 'info', text: 'a 1 {"b":[2]} undefined null TypeError: no' },
        { level: 'error', text: '\ufffd' },
      ],
      dropped: 0,
    });
  });

  it('writes 500 lines and 64 KiB, and the rest is counted', async () => {
    const lines = await run('for (let i = 0; i < 502; i++) console.log(i)');
    expect([lines.console.lines.length, lines.console.dropped]).toEqual([500, 2]);
    const bytes = await run('for (let i = 0; i < 20; i++) console.log("\u00eb".repeat(10000))');
    expect(bytes.console.lines.map(({ text }) => Buffer.byteLength(text))).toEqual(Array(16).fill(4096));
    expect(bytes.console.dropped).toBe(4);
  });

  it('has a clock that only timers move, and chance that follows from a seed', async () => {
    const source =
      'const t = Date.now(); await new Promise((r) => setTimeout(r, 3600e3)); [t, Date.now(), performance.now(), Math.random()]';
    const first = await resultOf(source, { now: 1_700_000_000_000, seed: 1 });
    expect(first).toEqual([1_700_000_000_000, 1_700_003_600_000, 3_600_000, expect.any(Number)]);
    expect(await resultOf(source, { now: 1_700_000_000_000, seed: 1 })).toEqual(first);
    expect(await resultOf(source, { now: 1_700_000_000_000, seed: 2 })).not.toEqual(first);
    expect(
      await resultOf(
        'let n = 0; const id = setInterval(() => { if (++n === 3) { clearInterval(id); console.log(Date.now()) } }, 10); 1',
      ),
    ).toBe(1);
  });
});

describe('what goes wrong has a name', () => {
  it.each([
    ['', { tag: 'empty' }],
    [`//${' '.repeat(262_143)}`, { tag: 'too-long', value: 262_144 }],
    [
      'let a = 1;\nlet b = ;',
      { tag: 'syntax', value: { message: "unexpected token in expression: ';'", at: { line: 2, column: 9 } } },
    ],
    [
      'return 1;\nlet b = ;',
      { tag: 'syntax', value: { message: "unexpected token in expression: ';'", at: { line: 2, column: 9 } } },
    ],
    ['import x from "fs"', { tag: 'syntax' }],
    [
      '\nfunction f() {\n  nope()\n}\nf()',
      {
        tag: 'uncaught',
        value: {
          name: 'ReferenceError',
          message: 'nope is not defined',
          stack: ['at f (snippet:3:3)', 'at <eval> (snippet:5:1)'],
        },
      },
    ],
    ['return\n2, nope()', undefined],
    ['throw { a: 1 }', { tag: 'uncaught', value: { name: 'object', message: '{"a":1}', stack: [] } }],
    ['Promise.reject(new RangeError("late")); 1', { tag: 'uncaught', value: { name: 'RangeError', message: 'late' } }],
    ['setTimeout(() => { throw "late" }); 1', { tag: 'uncaught', value: { name: 'string', message: 'late' } }],
    ['await new Promise(() => {})', { tag: 'never-settles' }],
    ['setInterval(() => {}, 1)', { tag: 'too-many-jobs', value: 100_000 }],
    ['const f = () => f() + 1; f()', { tag: 'stack-overflow' }],
    ['('.repeat(100_000), { tag: 'stack-overflow' }],
    ['new Uint8Array(1e9)', { tag: 'out-of-memory', value: 33_554_432 }],
    ['const all = []; for (;;) all.push(new ArrayBuffer(1e6))', { tag: 'out-of-memory', value: 33_554_432 }],
    ['"x".repeat(262_143)', { tag: 'result-too-large', value: 262_144 }],
    ['const a = {}; a.a = a; a', { tag: 'not-json', value: 'circular reference' }],
    ['() => 1', { tag: 'not-json', value: 'a function or a symbol has no JSON' }],
    ['10n', { tag: 'not-json' }],
  ])('%#', async (source, expected) => {
    const problem = await problemOf(source);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatchObject(expected);
  });

  it('and keeps what was written until then', async () => {
    const { console } = await run('console.log("before"); throw 1');
    expect(console.lines).toEqual([{ level: 'info', text: 'before' }]);
  });

  it('lets a snippet catch what it can go on after', async () => {
    expect(await resultOf('let depth = 0; const f = () => { depth++; f() }; try { f() } catch (e) { e.name } ')).toBe(
      'RangeError',
    );
    expect(await resultOf('try { new Uint8Array(1e9) } catch (e) { e.message }')).toBe('out of memory');
  });
});

describe('tools', () => {
  it('that are granted give their result', async () => {
    const snippet = `
      const { pods } = tools["crash-summary"].summarise({ log: input });
      const { text } = await tools.redact({ text: "ann@example.com, " + pods[0].name, options: { custom: [] } }, "before it is shown");
      text`;
    const { value, 'tool-calls': calls } = await run(snippet, { input: JSON.stringify(await readSample('kube-crashloop.log')) });
    expect(value).toMatch(/^"\[email\], \S+"$/);
    expect(calls).toBe(2);
  });

  it('that return an error throw it, with its value', async () => {
    const source =
      'try { tool("redact", { text: "", options: { custom: [] } }) } catch ({ name, outcome, code, value }) { ({ name, outcome, code, value }) }';
    expect(await resultOf(source)).toEqual({
      name: 'ToolError',
      outcome: 'tool-error',
      code: 'tool/error',
      value: { tag: 'empty' },
    });
    expect(await problemOf('tools.redact({ text: "", options: { custom: [] } })')).toMatchObject({
      tag: 'tool',
      value: { tool: 'redact', outcome: 'tool-error', code: 'tool/error', value: '{"tag":"empty"}' },
    });
  });

  it.each([
    ['tools["kubectl-plan"]({})'],
    ['tools.nothing({})'],
    ['tools["code-interpreter"].run({ source: "1", options: {} })'],
    ['tool("../redact", {})'],
  ])('that are not granted are refused: %s', async (source) => {
    expect(await problemOf(source)).toMatchObject({
      tag: 'tool',
      value: { outcome: 'refused', code: 'denied/scope', value: null },
    });
  });

  it.each(['tool("", {})', 'tool("redact\\0", {})', 'tools["redact\\0"]({})', 'tools[""]({})', 'tool(1, {})'])(
    'have names: %s',
    async (source) => {
      expect(await problemOf(source)).toMatchObject({ tag: 'uncaught', value: { name: 'TypeError' } });
    },
  );

  it('with wrong parameters are refused', async () => {
    expect(await problemOf('tools.redact({ texts: 1 })')).toMatchObject({
      tag: 'tool',
      value: { outcome: 'refused', code: 'params/invalid' },
    });
  });

  it('are no more than 100, caught or not', async () => {
    const { problem, 'tool-calls': calls } = await run('for (;;) try { tools.x({}) } catch {}');
    expect([problem, calls]).toEqual([{ tag: 'too-many-tool-calls', value: 100 }, 100]);
  });

  it('are asked for in the words of this code, whatever a snippet did to its world', async () => {
    const source = `
      JSON.stringify = JSON.parse = () => ({ text: "forged" });
      globalThis.JSON = null;
      Object.prototype.toJSON = undefined;
      Function.prototype.call = Function.prototype.apply = () => { throw 1 };
      tools.redact({ text: "a@example.org", options: { custom: [] } }).text`;
    expect(await resultOf(source)).toBe('[email]');
    expect(
      await problemOf('const t = tools; globalThis.tools = null; try { t.x() } catch (e) { e.code = e.outcome = "ok"; throw e }'),
    ).toMatchObject({
      value: { outcome: 'refused', code: 'denied/scope' },
    });
  });
});

it('has a policy and documents that name its limits', () => {
  const readme = readFileSync(new URL('code-interpreter/README.md', TOOLS_FOLDER), 'utf8');
  for (const problem of [
    'too-long',
    'out-of-memory',
    'stack-overflow',
    'too-many-tool-calls',
    'too-many-jobs',
    'result-too-large',
  ])
    expect(readme).toContain(`\`${problem}\``);
});
