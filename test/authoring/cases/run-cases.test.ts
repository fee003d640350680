import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { junitXml, runCases, summaryLines } from '../../../dist/authoring/cases/index.js';
import { caseFolder, problemsOf } from './case-folder.ts';

/* Cases of real components: each guest in a fresh cell, with its grants and mocks. */

const { tool, single } = caseFolder();

describe('a case', () => {
  it('passes where the whole result is as expected, and fails with the path of what is not', async () => {
    const fields = (text: string) => `
call: redact
params: { text: "to a@example.com", options: { custom: [] } }
grants: [log]
expect:
  value: { text: "${text}", findings: [{ kind: email, rule: null, line: 1, column: 4, length: 13 }], counts: [{ kind: email, times: 1 }] }`;
    expect(await single('redact.wasm', fields('to [email]'))).toMatchObject({ passed: true, kind: 'ok', problems: [] });
    const failed = await single('redact.wasm', fields('to [phone]'));
    expect(failed.passed).toBe(false);
    expect(problemsOf(failed)).toEqual(['value.text', 'expected  "to [phone]"', 'actual    "to [email]"']);
  });

  it('compares a part of the result: other fields may be anything, a list has as many items', async () => {
    const fields = (matches: string) => `
call: redact
params: { text: "to a@example.com", options: { custom: [] } }
grants: [log]
expect: { valueMatches: ${matches} }`;
    for (const good of [
      '{ text: { $contains: email } }',
      '{ findings: [{ kind: email }] }',
      '{ counts: { $contains: [{ times: 1 }] }, text: { $any: true } }',
      '{}',
    ]) {
      expect(problemsOf(await single('redact.wasm', fields(good)))).toEqual([]);
    }
    const bad = [
      ['{ text: { $contains: phone } }', 'value.text expected  text with "phone" actual    "to [email]"'],
      ['{ findings: [] }', 'value.findings expected  0 items actual    1 items'],
      ['{ findings: [{ kind: phone }] }', 'value.findings[0].kind expected  "phone" actual    "email"'],
      ['{ tokens: 3 }', 'value.tokens: there is no such field; the fields are text, findings, counts'],
    ] as const;
    for (const [matches, problem] of bad)
      expect(problemsOf(await single('redact.wasm', fields(matches))).join(' ')).toBe(problem);
  });

  it('has parameters and texts from files beside it, and says which one is not there', async () => {
    tool.write('cases/in.json', '{"text": "b@example.com", "options": {"custom": []}}');
    tool.write('cases/in.log', 'c@example.com\n');
    const expected = 'grants: [log]\nexpect: { valueMatches: { counts: [{ kind: email }] } }';
    expect(problemsOf(await single('redact.wasm', `call: redact\nparams: "@in.json"\n${expected}`))).toEqual([]);
    const inline = (name: string) => `call: redact\nparams: { text: { $file: ${name} }, options: { custom: [] } }\n${expected}`;
    expect(problemsOf(await single('redact.wasm', inline('in.log')))).toEqual([]);
    expect(problemsOf(await single('redact.wasm', inline('no.log')))).toEqual([
      'case: the file `no.log` of the case cannot be read [usage/unreadable-file]',
    ]);
    expect(problemsOf(await single('redact.wasm', inline('/etc/hostname')))[0]).toContain('relative to the file of the case');
  });

  it('is refused as a call of the command line is where a grant is missing, or parameters do not fit', async () => {
    const noGrant = await single(
      'redact.wasm',
      'call: redact\nparams: { text: a, options: { custom: [] } }\nexpect: { kind: refused, code: denied/no-grant }',
    );
    expect(noGrant).toMatchObject({ passed: true, kind: 'refused' });
    const bad = await single('redact.wasm', 'call: redact\nparams: { text: 1 }\ngrants: [log]\nexpect: { kind: ok }');
    expect(problemsOf(bad).join(' ')).toMatch(
      /^kind expected {2}ok actual {4}refused: expected string at `\$\.text`, got number \[params\/invalid\]$/,
    );
  });

  it('has a ceiling of fuel and of memory', async () => {
    const fields = (ceilings: string) => `call: add\nparams: { a: 1, b: 2 }\nexpect: { value: 3, ${ceilings} }`;
    expect(problemsOf(await single('hostile.wasm', fields('fuelMax: 1000, memoryMax: 64KiB')))).toEqual([]);
    const found = problemsOf(await single('hostile.wasm', fields('fuelMax: 1, memoryMax: 1KiB')));
    expect(found[0]).toBe('fuel');
    expect(found[1]).toBe('expected  at most 1');
    expect(found.slice(3)).toEqual(['memory', 'expected  at most 1024 bytes', 'actual    65536 bytes']);
  });

  it('compares log lines in their order, and what is more than them', async () => {
    const fields = (log: string) => `call: flood\nparams: { times: 2, length: 3 }\ngrants: [log]\nexpect: { log: ${log} }`;
    const line = '{ info: { $contains: "\\0\\0\\0" } }';
    expect(problemsOf(await single('logging.wasm', fields(`[${line}, ${line}]`)))).toEqual([]);
    expect(problemsOf(await single('logging.wasm', fields(`[${line}]`)))).toEqual([
      'log[1]',
      'expected  no line',
      'actual    info: \0\0\0',
    ]);
    expect(problemsOf(await single('logging.wasm', fields(`[{ warn: x }, ${line}, ${line}]`)))).toEqual([
      'log[0]',
      'expected  warn',
      'actual    info: \0\0\0',
      'log[2]',
      'expected  info: {"$contains":"\\u0000\\u0000\\u0000"}',
      'actual    no line',
    ]);
  });

  it.each([
    ['an endless loop', 'spin', '{}', 'limits: { fuel: 100000 }', 'limited', 'limit/fuel'],
    ['endless bulk work', 'fill', '{}', 'limits: { fuel: 100000 }', 'limited', 'limit/fuel'],
    ['endless recursion', 'recurse', '{}', '', 'limited', 'limit/stack'],
    ['a panic', 'panic', '{}', '', 'trapped', 'trap/unreachable'],
    ['a read out of bounds', 'peek', '{}', '', 'trapped', 'trap/out-of-bounds'],
  ])('of a guest with %s ends typed', async (_, call, params, limits, kind, code) => {
    const fields = (expected: string) => `call: ${call}\nparams: ${params}\n${limits}\nexpect: ${expected}`;
    expect(await single('hostile.wasm', fields(`{ kind: ${kind}, code: ${code} }`))).toMatchObject({ passed: true, kind, code });
    expect(await single('hostile.wasm', fields('{ kind: ok }'))).toMatchObject({ passed: false, kind, code });
  });

  it('shows where the guest was, where the trap was not expected', async () => {
    const report = await single('hostile.wasm', 'call: panic\nexpect: { kind: ok }');
    expect(report.error?.data).toMatchObject({ stack: [{ function: expect.any(String), offset: expect.any(Number) }] });
    expect((await single('hostile.wasm', 'call: panic\nexpect: { kind: trapped }')).error).toBeUndefined();
  });

  it('that expects nothing fails, since it would show nothing', async () => {
    const report = await single('hostile.wasm', 'call: add\nparams: { a: 1, b: 2 }');
    expect(report.passed).toBe(false);
    expect(problemsOf(report)[0]).toContain('nothing is expected');
  });

  it('of a function that is not there says which there are', async () => {
    const report = await single('redact.wasm', 'call: redakt\ngrants: [log]\nexpect: { kind: ok }');
    expect(problemsOf(report).join(' ')).toContain('no function `redakt` is exported [component/unknown-function]');
  });
});

describe('a run of cases', () => {
  const cases = `
  - { name: adds, call: add, params: { a: 1, b: 2 }, expect: { value: 3 } }
  - { name: adds wrongly, call: add, params: { a: 1, b: 2 }, expect: { value: 4 } }
  - { name: panics, call: panic, expect: { kind: trapped } }
`;

  it('says which functions were called and which were not', async () => {
    const report = await tool.run('hostile.wasm', cases);
    expect(report).toMatchObject({ passed: 2, failed: 1, skipped: 0 });
    expect(report.components).toEqual([
      expect.objectContaining({ functions: 12, covered: ['add', 'panic'], notCovered: expect.arrayContaining(['spin', 'grow']) }),
    ]);
    expect(summaryLines(report).join('\n')).toMatch(
      /hostile\.wasm: 2 of 12 functions covered; not called: .*spin.*\n2 passed, 1 failed/,
    );
  });

  it('can be of some cases only; of none it is no success', async () => {
    expect(await tool.run('hostile.wasm', cases, { filter: 'wrongly' })).toMatchObject({ passed: 0, failed: 1, skipped: 2 });
    const none = await tool.run('hostile.wasm', cases, { filter: 'nothing' });
    expect(none).toMatchObject({ passed: 0, failed: 0 });
    expect(summaryLines(none).join('\n')).toContain('nothing ran, which counts as failed');
  });

  it('finds the same twice where nothing is granted, and says what differs where the clock is', async () => {
    const same = '  - { name: rolls, call: random, expect: { kind: ok } }\n';
    expect(await tool.run('wasi.wasm', same, { twice: true })).toMatchObject({ passed: 1, failed: 0 });
    const open = '  - { name: rolls, call: random, grants: [random], expect: { kind: ok } }\n';
    const report = await tool.run('wasi.wasm', open, { twice: true });
    expect(problemsOf(report.cases[0]!)[0]).toBe('result of the second run');
  });

  it('takes the component from `tool.yaml`, and the cases from the folder', async () => {
    tool.write('whole/tool.yaml', 'version: 1\nname: hostile\nlanguage: rust\nworld: w\n');
    tool.write('whole/hostile.wasm', readFileSync(join(tool.path, 'hostile.wasm')));
    tool.write(
      'whole/cases/b.yaml',
      'version: 1\ncases: [{ name: b, call: add, params: { a: 1, b: 1 }, expect: { value: 2 } }]\n',
    );
    tool.write(
      'whole/cases/a.yaml',
      'version: 1\ncases: [{ name: a, call: add, params: { a: 1, b: 1 }, expect: { value: 2 } }]\n',
    );
    const { Runtime } = await import('cellblock/runtime');
    const runner = new Runtime({ threads: 1, cacheDirectory: false });
    try {
      const report = await runCases(join(tool.path, 'whole'), { runner });
      expect(report.cases.map(({ name, passed }) => [name, passed])).toEqual([
        ['a', true],
        ['b', true],
      ]);
      await expect(runCases(join(tool.path, 'nowhere'), { runner })).rejects.toMatchObject({ code: 'usage/unreadable-file' });
    } finally {
      await runner.close();
    }
  });

  it('becomes JUnit, in which nothing of a guest is markup', async () => {
    const report = await tool.run(
      'hostile.wasm',
      '  - { name: "<b> & \\"c\\"", call: add, params: { a: 1, b: 2 }, expect: { value: 4 } }\n',
    );
    const xml = junitXml(report)
      .replace(/time="[^"]*"/g, 'time="0"')
      .replaceAll(tool.path, '');
    expect(xml.split('\n')).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites name="cellblock" tests="1" failures="1" time="0">',
      expect.stringMatching(/^ {2}<testsuite name="\/cases\/\d+\.yaml" tests="1" failures="1" time="0">$/),
      expect.stringMatching(
        /^ {4}<testcase classname="add" name="&lt;b&gt; &amp; &quot;c&quot;" file="\/cases\/\d+\.yaml" line="4" time="0">$/,
      ),
      '      <failure message="value">value',
      'expected  4',
      'actual    3</failure>',
      '    </testcase>',
      '  </testsuite>',
      '</testsuites>',
      '',
    ]);
  });
});

describe('--update', () => {
  const options = { update: true } as const;

  it('writes what is absent and changes nothing that stands there', async () => {
    const report = await tool.run(
      'hostile.wasm',
      `
  - name: adds # a comment
    call: add
    params: { a: 1, b: 2 }

  - name: panics
    call: panic
    expect:
      # why it panics
      kind: trapped
    limits: { fuel: 1000 }
  - name: adds wrongly
    call: add
    params: { a: 1, b: 2 }
    expect:
      value: 4
`,
      options,
    );
    expect(report.cases.map(({ passed, written }) => [passed, written])).toEqual([
      [true, ['kind', 'value']],
      [true, ['code']],
      [false, ['kind']],
    ]);
    const text = readFileSync(report.cases[0]!.file, 'utf8');
    expect(text.slice(text.indexOf('cases:'))).toBe(`cases:

  - name: adds # a comment
    call: add
    params: { a: 1, b: 2 }
    expect:
      kind: ok
      value: 3

  - name: panics
    call: panic
    expect:
      # why it panics
      kind: trapped
      code: trap/unreachable
    limits: { fuel: 1000 }
  - name: adds wrongly
    call: add
    params: { a: 1, b: 2 }
    expect:
      value: 4
      kind: ok
`);
  });

  it('says where a case has no place for more', async () => {
    await expect(tool.run('hostile.wasm', '  - { name: a, call: add, params: { a: 1, b: 2 } }\n', options)).rejects.toMatchObject(
      {
        code: 'usage/invalid-argument',
        message: expect.stringMatching(/:4: the case `a` has no line of its own for what is missing$/),
      },
    );
  });
});
