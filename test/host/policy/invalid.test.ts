import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PolicyIssue } from '../../../host/policy/index.ts';
import { EXAMPLE, exampleWith, issuesOf, parse, thrownBy } from './fixture.ts';

const SIZE = 'expected a size such as `64MiB`, in B, KiB, MiB or GiB';
const FUEL = 'expected whole units of fuel from 1 to 2^62, in digits';
const TOOL_FIELDS = 'the fields here are `component`, `digest`, `functions`, `grants`, `isolation`, `group`, `secrets`, `limits`';
const FIELDS =
  'the fields here are `version`, `mode`, `trail`, `alerts`, `approvers`, `secrets`, `serve`, `tools`, `agents`, `rules`, `ceiling`';
const MISSING_ALL = [
  '1:1: version: missing; expected 1',
  '1:1: tools: missing; expected a mapping of tools',
  '1:1: agents: missing; expected a mapping of agents',
];

test('the message has the first issue of the file; data has all, in the order of the file', () => {
  const error = thrownBy(() => parse(exampleWith('fuel: 200000000', 'fuel: lots').replace('version: 1', 'version: 2')));
  expect(error.code).toBe('policy/invalid-document');
  expect(error.message).toBe('cellblock.yaml:1:10: version: expected 1, got 2');
  expect(error.data).toEqual({
    file: '/etc/cells/cellblock.yaml',
    omitted: 0,
    issues: [
      { path: 'version', line: 1, column: 10, message: 'expected 1, got 2', excerpt: { text: 'version: 2', column: 10 } },
      {
        path: 'tools.redact.limits.fuel',
        line: 9,
        column: 13,
        message: `${FUEL}, got \`lots\``,
        excerpt: { text: '      fuel: lots', column: 13 },
      },
    ] satisfies PolicyIssue[],
  });
});

describe('documents as wholes (PO-10, WA-02)', () => {
  test.each<[string, string, string[]]>([
    ['empty', '', ['1:1: the file is empty']],
    ['white space', '\n\n  \n', ['1:1: the file is empty']],
    ['comments only', '# nothing\n', ['1:1: the file is empty']],
    ['an empty document', '---\n...\n', ['1:1: the file is empty']],
    ['null', '~', ['1:1: the file is empty']],
    ['an empty mapping', '{}', MISSING_ALL],
    ['a list', '[]', ['1:1: expected a mapping of `version`, `tools` and `agents`, got a list']],
    ['text', 'allow everything', ['1:1: expected a mapping of `version`, `tools` and `agents`, got text `allow everything`']],
    ['a byte-order mark first', '\ufeff{}', MISSING_ALL],
    ['no version', EXAMPLE.replace('version: 1\n', ''), ['1:1: version: missing; expected 1']],
    ['a later version', exampleWith('version: 1', 'version: 2'), ['1:10: version: expected 1, got 2']],
    ['a version as text', exampleWith('version: 1', 'version: "1"'), ['1:10: version: expected 1, got text `1`']],
    [
      'a version with a fraction',
      exampleWith('version: 1', 'version: 1.0'),
      ['1:10: version: expected a number in decimal digits, or text in quotes, got `1.0`'],
    ],
    ['a version that is a list', exampleWith('version: 1', 'version: [1]'), ['1:10: version: expected 1, got a list']],
    [
      'an empty section',
      'version: 1\ntools:\nagents: []\n',
      ['2:7: tools: expected a mapping of tools, got nothing', '3:9: agents: expected a mapping of agents, got a list'],
    ],
    ['sections left out', 'version: 1', MISSING_ALL.slice(1)],
    ['a field of another version', `${EXAMPLE}roles: []\n`, [`29:1: roles: unknown field; ${FIELDS}`]],
    ['invalid Unicode', 'version: 1\n# \ud800', ['2:3: the file is not valid Unicode']],
  ])('refuses %s', (_, text, issues) => expect(issuesOf(text)).toEqual(issues));
});

describe('YAML that does not mean the same to everyone', () => {
  const list = 'flow sequence in block collection must be sufficiently indented and end with a ]';
  test.each<[string, string, string[]]>([
    ['a list that does not end', 'a: [', [`1:5: ${list}`]],
    ['a tab as indentation', 'version: 1\r\ntools:\r\n\tredact: 1', ['3:1: tabs are not allowed as indentation']],
    ['a mapping in a line', 'a: b: c', ['1:4: nested mappings are not allowed in compact mappings']],
    ['an alias', 'a: &x 1\nb: *x', ['1:7: a: anchors are not allowed', '2:4: b: aliases are not allowed; write the value out']],
    ['an unknown alias', 'b: *x', ['1:4: b: aliases are not allowed; write the value out']],
    ['an anchor on a mapping', 'a: &x\n  b: 1', ['2:3: a: anchors are not allowed']],
    ['an anchor on a key', '&x a: 1', ['1:4: a: anchors are not allowed']],
    ['a merge key', 'version: 1\ntools: {}\nagents: {}\n<<: {a: 1}', [`4:1: ["<<"]: unknown field; ${FIELDS}`]],
    ['a tag of the standard', 'a: !!str 1', ['1:10: a: tags are not allowed']],
    ['a tag on a list', 'a: !!seq [1]', ['1:10: a: tags are not allowed']],
    ['a tag of its own', 'a: !js/function b', ['1:4: unresolved tag: !js/function']],
    ['the empty tag', 'a: ! b', ['1:6: a: tags are not allowed']],
    ['binary data', 'a: !!binary aGk=', ['1:13: a: tags are not allowed']],
    ['a directive', '%YAML 1.1\n---\nversion: 1', ['1:1: directives are not allowed']],
    ['a tag directive', '%TAG ! tag:a,2000:\n---\nversion: 1', ['1:1: directives are not allowed']],
    ['a second document', `${EXAMPLE}---\nversion: 1`, ['29:1: only one document is allowed']],
    ['a document after the end mark', 'a: 1\n...\nb: 1', ['3:1: only one document is allowed']],
    ['a key twice', 'a: 1\n"a": 2', ['2:1: a: this key is in the mapping twice']],
    ['a tool twice', exampleWith('  crash-summary:\n', '  redact:\n'), ['15:3: tools.redact: this key is in the mapping twice']],
    ['a list as a key', '? [a]\n: b', ['1:3: expected a name as the key']],
    ['a hexadecimal number', 'a: 0x10', ['1:4: a: expected a number in decimal digits, or text in quotes, got `0x10`']],
    ['a number with a leading zero', 'a: 010', ['1:4: a: expected a number in decimal digits, or text in quotes, got `010`']],
    ['an exponent', 'a: 1e3', ['1:4: a: expected a number in decimal digits, or text in quotes, got `1e3`']],
    ['infinity', 'a: .inf', ['1:4: a: expected a number in decimal digits, or text in quotes, got `.inf`']],
    ['text after the end', 'a: "b" c', ['1:8: unexpected scalar at node end']],
  ])('refuses %s', (_, text, issues) => expect(issuesOf(text)).toEqual(issues));

  test('refuses nesting before the parser recurses into it', () => {
    expect(issuesOf(`a: ${'['.repeat(3000)}${']'.repeat(3000)}`)).toEqual(['1:66: nested too deeply']);
    expect(issuesOf('- '.repeat(200_000))[0]).toMatch(/^1:\d+: nested too deeply$/);
    expect(issuesOf('? '.repeat(200_000))[0]).toMatch(/^1:\d+: nested too deeply$/);
  });
});

describe('keys that JavaScript objects take for their own (PO-02)', () => {
  test.each(['__proto__', 'prototype', 'constructor'])('refuses `%s` at any depth', (key) => {
    expect(issuesOf(`${key}: {polluted: 1}`)).toEqual([`1:1: ${key}: this key is reserved`]);
    expect(issuesOf(exampleWith('  redact:\n', `  ${key}: {}\n  redact:\n`))).toEqual([
      `3:3: tools.${key}: this key is reserved`,
    ]);
    expect(issuesOf(exampleWith('fuel:', `"${key}": {polluted: 1}\n      fuel:`))).toEqual([
      `9:7: tools.redact.limits.${key}: this key is reserved`,
    ]);
    expect(issuesOf(exampleWith('  idle:', `  ${key}:`))).toEqual([`27:3: agents.${key}: this key is reserved`]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('tools', () => {
  test.each<[string, string, string[]]>([
    ['fuel: 200000000', 'fuel: 0', [`9:13: tools.redact.limits.fuel: ${FUEL}, got 0`]],
    ['fuel: 200000000', 'fuel: -5', [`9:13: tools.redact.limits.fuel: ${FUEL}, got -5`]],
    ['fuel: 200000000', 'fuel: 9007199254740993', [`9:13: tools.redact.limits.fuel: ${FUEL}; above 2^53 - 1 they go in quotes`]],
    ['fuel: 200000000', 'fuel: "4611686018427387905"', [`9:13: tools.redact.limits.fuel: ${FUEL}, got \`4611686018427387905\``]],
    ['fuel: 200000000', 'fuel: true', [`9:13: tools.redact.limits.fuel: ${FUEL}, got true`]],
    ['fuel: 200000000', 'fuel:', [`9:12: tools.redact.limits.fuel: ${FUEL}, got nothing`]],
    ['fuel: 200000000', 'fuel: unlimited', [`9:13: tools.redact.limits.fuel: ${FUEL}, got \`unlimited\``]],
    ['memory: 64MiB', 'memory: 65KiB', ['10:15: tools.redact.limits.memory: expected a whole multiple of 64KiB, got `65KiB`']],
    ['memory: 64MiB', 'memory: 67108864', [`10:15: tools.redact.limits.memory: ${SIZE}, got 67108864`]],
    ['memory: 64MiB', 'memory: 64MB', [`10:15: tools.redact.limits.memory: ${SIZE}, got \`64MB\``]],
    [
      'memory: 64MiB',
      'memory: 5GiB',
      ['10:15: tools.redact.limits.memory: expected a size of at most 4GiB, got 5368709120 bytes'],
    ],
    [
      'tableElements: 10000',
      'tableElements: 0',
      ['11:22: tools.redact.limits.tableElements: expected a whole number from 1 to 10000000, got 0'],
    ],
    [
      'tableElements: 10000',
      'tableElements: "9"',
      ['11:22: tools.redact.limits.tableElements: expected a whole number from 1 to 10000000, got text `9`'],
    ],
    [
      'tableElements: 10000',
      'tableElements: 10000001',
      ['11:22: tools.redact.limits.tableElements: expected a whole number from 1 to 10000000, got 10000001'],
    ],
    ['timeout: 2s', 'timeout: 2', ['12:16: tools.redact.limits.timeout: expected a duration such as `2s`, in ms, s or m, got 2']],
    [
      'timeout: 2s',
      'timeout: 2h',
      ['12:16: tools.redact.limits.timeout: expected a duration such as `2s`, in ms, s or m, got `2h`'],
    ],
    [
      'result: 1MiB',
      'result: 2GiB',
      ['13:15: tools.redact.limits.result: expected a size of at most 32MiB, got 2147483648 bytes'],
    ],
    ['stdout: 64KiB', 'stdout: 0B', [`14:15: tools.redact.limits.stdout: ${SIZE}, got \`0B\``]],
    [
      'stdout: 64KiB',
      'stderr: 64KiB',
      [
        '14:7: tools.redact.limits.stderr: unknown field; the fields here are `fuel`, `memory`, `tableElements`, `timeout`, `result`, `stdout`',
      ],
    ],
    ['grants: [log]', 'grants: [logs]', ['7:14: tools.redact.grants[0]: unknown capability `logs`; known here: `clock`, `log`']],
    ['grants: [log]', 'grants: log', ['7:13: tools.redact.grants: expected a list of capabilities, got text `log`']],
    ['grants: [log]', 'grants: ["*"]', ['7:14: tools.redact.grants[0]: expected the name of a capability, got text `*`']],
    ['grants: [log]', 'grants: [log, log]', ['7:19: tools.redact.grants[1]: `log` is listed twice']],
    ['grants: [log]', 'grants:', ['7:12: tools.redact.grants: expected a list of capabilities, got nothing']],
    ['grants: [log]', 'grant: [log]', [`7:5: tools.redact.grant: unknown field; ${TOOL_FIELDS}`]],
    [
      'functions: [redact]',
      'functions: []',
      ['6:16: tools.redact.functions: expected a list of one or more function names, got an empty one'],
    ],
    [
      'functions: [redact]',
      'functions: redact',
      ['6:16: tools.redact.functions: expected a list of one or more function names, got text `redact`'],
    ],
    ['functions: [redact]', 'functions: [redact, redact]', ['6:25: tools.redact.functions[1]: `redact` is listed twice']],
    [
      'functions: [redact]',
      'functions: [redact, {}]',
      ['6:25: tools.redact.functions[1]: expected a function name or `interface#function`, got a mapping'],
    ],
    [
      'functions: [redact]',
      'functions: [redact, "*"]',
      ['6:25: tools.redact.functions[1]: expected a function name or `interface#function`, got text `*`'],
    ],
    ['    functions: [redact]\n', '', ['3:3: tools.redact.functions: missing; expected a list of one or more function names']],
    ['    component: tools/redact/redact.wasm\n', '', ['3:3: tools.redact.component: missing; expected the path of a component']],
    [
      'component: tools/redact/redact.wasm',
      'component: ""',
      ['4:16: tools.redact.component: expected the path of a component, got text ``'],
    ],
    [
      'component: tools/redact/redact.wasm',
      'component: "a\\0b"',
      ['4:16: tools.redact.component: expected the path of a component, got text `a\\u{0}b`'],
    ],
    [
      'component: tools/redact/redact.wasm',
      'component: "a.wasm "',
      ['4:16: tools.redact.component: expected the path of a component, got text `a.wasm `'],
    ],
    [
      'component: tools/redact/redact.wasm',
      'component: [a.wasm]',
      ['4:16: tools.redact.component: expected the path of a component, got a list'],
    ],
    [
      `digest: sha256:${'0123456789abcdef'.repeat(4)}`,
      'digest: SHA256:00',
      ['5:13: tools.redact.digest: expected `sha256:` and 64 lower-case hex digits, got text `SHA256:00`'],
    ],
  ])('`%s` as `%s`', (part, replacement, issues) => expect(issuesOf(exampleWith(part, replacement))).toEqual(issues));

  test.each(['Redact', 'red_act', 're.dact', 'redact ', '-redact', 'redact-', 're--dact', 'ｒedact', '', '7', 'a'.repeat(129)])(
    'refuses the tool name `%s` (PO-01)',
    (name) => {
      const [issue] = issuesOf(exampleWith('  redact:\n', `  ${JSON.stringify(name)}:\n`));
      expect(issue).toMatch(
        /^3:3: .*: expected a tool name in kebab-case: lower-case letters, digits and single hyphens, got text `/,
      );
    },
  );
});

describe('agents', () => {
  const part = 'tools: [redact, crash-summary.summarise]';
  test.each<[string, string[]]>([
    ['tools: [redct]', ['23:13: agents.triage.tools[0]: unknown tool `redct`; tools here: `crash-summary`, `redact`']],
    [
      'tools: [redact, redact.restore]',
      ['23:21: agents.triage.tools[1]: tool `redact` offers no function `restore`; it offers: `redact`'],
    ],
    [
      'tools: [redact.summarise]',
      ['23:13: agents.triage.tools[0]: tool `redact` offers no function `summarise`; it offers: `redact`'],
    ],
    ['tools: [Redact]', ['23:13: agents.triage.tools[0]: expected `tool` or `tool.function`, got text `Redact`']],
    ['tools: ["*"]', ['23:13: agents.triage.tools[0]: expected `tool` or `tool.function`, got text `*`']],
    ['tools: ["redact."]', ['23:13: agents.triage.tools[0]: expected `tool` or `tool.function`, got text `redact.`']],
    ['tools: ["redact.*"]', ['23:13: agents.triage.tools[0]: expected `tool` or `tool.function`, got text `redact.*`']],
    ['tools: [redact, redact]', ['23:21: agents.triage.tools[1]: `redact` is listed twice']],
    ['tools: redact', ['23:12: agents.triage.tools: expected a list of tools, got text `redact`']],
    ['tools: {redact: true}', ['23:12: agents.triage.tools: expected a list of tools, got a mapping']],
    ['tools:', ['23:11: agents.triage.tools: expected a list of tools, got nothing']],
    [
      'tool: [redact]',
      [
        '22:3: agents.triage.tools: missing; expected a list of tools',
        '23:5: agents.triage.tool: unknown field; the fields here are `tools`',
      ],
    ],
  ])('refuses `%s`', (replacement, issues) => expect(issuesOf(exampleWith(part, replacement))).toEqual(issues));

  test('refuses an agent that is only a list, or nothing', () => {
    const what = 'expected a mapping of the fields of an agent';
    expect(issuesOf(`${EXAMPLE}  a: [redact]\n  b:\n`)).toEqual([
      `29:6: agents.a: ${what}, got a list`,
      `30:5: agents.b: ${what}, got nothing`,
    ]);
  });

  test('refuses a name with other characters', () => {
    expect(issuesOf(`${EXAMPLE}  "a b": {tools: []}\n`)).toEqual([
      '29:3: agents["a b"]: expected an agent name of letters, digits and `.`, `_`, `@`, `-`, got text `a b`',
    ]);
  });
});

test('orders the issues of one line by column', () => {
  expect(issuesOf('version: 1\ntools: {x: {other: 1, component: 5, functions: [f]}}\nagents: {}')).toEqual([
    `2:13: tools.x.other: unknown field; ${TOOL_FIELDS}`,
    '2:34: tools.x.component: expected the path of a component, got 5',
  ]);
});

test('counts what it does not keep', () => {
  const error = thrownBy(() =>
    parse(`version: 1\ntools: {}\nagents: {}\n${Array.from({ length: 150 }, (_, i) => `x${i}: 1\n`).join('')}`),
  );
  expect(error.data).toMatchObject({ omitted: 50 });
  expect(error.data.issues).toHaveLength(100);
});

test('a damaged file is a policy or a typed refusal, and never anything else', () => {
  const damage = fc.tuple(
    fc.nat(EXAMPLE.length),
    fc.nat(12),
    fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom(
        '\n',
        '  ',
        '\t',
        '[',
        '{',
        '- ',
        ': ',
        '? ',
        '&a ',
        '*a',
        '!!',
        '"',
        "'",
        '|',
        '>',
        '#',
        '---\n',
        '...\n',
        '%',
        '\0',
      ),
    ),
  );
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const text = damages.reduce((all, [at, cut, added]) => all.slice(0, at) + added + all.slice(at + cut), EXAMPLE);
      try {
        const policy = parse(text);
        expect(policy.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      } catch (error) {
        expect(error).toMatchObject({
          code: 'policy/invalid-document',
          message: expect.stringMatching(/^cellblock\.yaml:\d+:\d+: [^\n]+$/),
        });
      }
    }),
    { numRuns: 400 },
  );
});
