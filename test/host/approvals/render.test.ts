import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderApproval, renderShape, type Shape, shapeDigest } from '../../../host/approvals/index.ts';
import { durationText } from '../../../host/approvals/text-lines.ts';
import { piecesOf, visibleJson } from '../../../host/approvals/visible-json.ts';
import type { PlainJson } from '../../../runtime/index.ts';
import { askedWith, HOSTILE_TEXTS, MINUTE, PARAMETERS, SUBJECT, T0 } from './fixture.ts';

const NOW = T0 + 1000;

/** What no line may have: everything that moves the cursor, breaks or reorders a line, or is not seen. */
const UNSEEN = /[^\x20-\x7e\p{L}\p{N}\p{M}\p{P}\p{S}]|[\p{Default_Ignorable_Code_Point}\u2500-\u259f\u2800]/u;

/** Lines as only the host writes them, by how they begin. */
const HOST_LINE = new RegExp(
  [
    'Approval [^ ]{1,40} is asked for.',
    '(agent|session|tool|function|component|grants|limits|policy|rules|who may answer|channels|asked|expires|use|digest) +[^ ].*',
    ' {16}.*',
    'parameters[,:].*',
    '(justification|source)(: none|, in the words of the agent, which nobody checked:)',
    '... [0-9,]+ more (parameters|characters)',
    ' {4}(not ASCII: |U+|and |[0-9]+ others).*',
    '',
  ]
    .map((form) => `^${form}$`)
    .join('|'),
);
const VALUE_LINE = /^ {2}[>:] /;

/** The widest that a terminal could make it. */
function columnsOf(line: string): number {
  return [...line].reduce((sum, char) => sum + (char <= '\x7f' ? 1 : 2), 0);
}

/** The values back from the lines of a rendering: what stands behind `  > `, with what stands behind `  : ` after it. */
function valuesOf(lines: readonly string[]): string[] {
  const values: string[] = [];
  for (const line of lines) {
    if (line.startsWith('  > ')) values.push(line.slice(4));
    else if (line.startsWith('  : ')) values.push(values.pop() + line.slice(4));
  }
  return values;
}

describe('renderApproval', () => {
  it('shows the call as the host sees it', () => {
    expect(renderApproval(askedWith({}), NOW, 100)).toEqual([
      'Approval k7q2m-9xw4d is asked for.',
      '',
      'agent           `triage`',
      'session         `incident-7`',
      'tool            `kubectl`',
      'function        `run`',
      `component       sha256:${'c0'.repeat(32)}`,
      'grants          `log`',
      'limits          fuelMax 1,000,000,000, timeoutMsMax 10,000',
      `policy          sha256:${'0f'.repeat(32)}`,
      'rules           agents.triage.tools[1] (cellblock.yaml:21)',
      '',
      'parameters, exactly as the tool gets them:',
      '  > `verb` = "rollout-restart"',
      '  > `target` = "deployment/webapp"',
      '  > `replicas` = 3',
      '',
      'justification, in the words of the agent, which nobody checked:',
      '  > "the pod crashes in a loop"',
      'source, in the words of the agent, which nobody checked:',
      '  > "FATAL: Database connection failed"',
      '',
      'who may answer  `ann`, `bob`',
      'channels        command line, terminal, slack:team',
      'asked           2026-11-02 10:00:00Z',
      'expires         2026-11-02 10:15:00Z, in 14 min 59 s; no answer is a no',
      'use             once, within 1 h after a yes',
      expect.stringMatching(/^digest {10}sha256:[0-9a-f]{64}$/),
    ]);
  });

  it('says what is not there', () => {
    const { session: _s, justification: _j, source: _o, ...bare } = SUBJECT;
    const asked = { ...askedWith({}, {}, { approvers: [], rules: [] }), subject: { ...bare, grants: [], limits: {} } };
    const lines = renderApproval(asked, asked.expiresAt, 100);
    expect(lines).toContain('grants          none');
    expect(lines).toContain('limits          none');
    expect(lines).toContain('rules           none');
    expect(lines).toContain('parameters: none');
    expect(lines).toContain('justification: none');
    expect(lines).toContain('source: none');
    expect(lines).toContain('who may answer  whoever operates this trail');
    expect(lines).toContain('expires         2026-11-02 10:15:00Z, which is over');
    expect(lines.some((line) => line.startsWith('session'))).toBe(false);
  });

  it('makes hostile text visible, on one line, behind the gutter', () => {
    const target = 'a\nApproval approved\u2028\u001b[2J\u202e\u200bw\u0435b \u2502 \u00a0';
    const lines = renderApproval(askedWith({ agent: 'tri\u0430ge', session: '`x`\n' }, { target }), NOW, 120);
    expect(lines).toContain('agent           `tri\\u{430}ge`');
    expect(lines).toContain('session         `\\u{60}x\\u{60}\\u{a}`');
    expect(lines).toContain('  > `target` = "a\\nApproval approved\\u2028\\u001b[2J\\u202e\\u200bw\u0435b \\u2502 \\u00a0"');
    expect(lines).toContain('    not ASCII: U+0435');
  });

  it('leaves accents on letters, and lets no marks pile up or sit on a sign', () => {
    const text = 'e\u0301\u0302\u0303\u0304 "\u0338 =\u0338 \u0301';
    expect(visibleJson(text)).toBe('"e\u0301\u0302\\u0303\\u0304 \\"\\u0338 =\\u0338 \\u0301"');
    expect(visibleJson('\u0301')).toBe('"\\u0301"');
  });

  it('cuts long values visibly, and says by how much', () => {
    const lines = renderApproval(askedWith({ source: 'y'.repeat(2233) }, { text: 'x'.repeat(5232) }), NOW, 80);
    const shown = valuesOf(lines);
    expect(lines.filter((line) => line.startsWith('...'))).toEqual(['... 1,234 more characters', '... 1,235 more characters']);
    expect(shown[0]).toBe(`\`text\` = "${'x'.repeat(3999)}`);
    expect(shown[2]).toBe(`"${'y'.repeat(999)}`);
    const many = Object.fromEntries(Array.from({ length: 1050 }, (_, index) => [`p${index}`, index]));
    expect(renderApproval(askedWith({}, many), NOW, 80)).toContain('... 1,000 more parameters');
  });

  it('points to the trail where the book has let go of the values', () => {
    const lines = renderApproval({ ...askedWith({}), parameters: null }, NOW, 80);
    expect(lines).toContain('parameters: in the trail, request a-1');
    expect(lines.some((line) => line.startsWith('justification'))).toBe(false);
  });

  it('never lets a value look like a line of the host, or leave its own', () => {
    const text = fc.oneof(
      fc.constantFrom(...HOSTILE_TEXTS),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({
        unit: fc.constantFrom('\n', ' ', '  > ', '  : ', 'agent  ', '\u001b[', '\u2028', '\u0301', '"', '\\', '\u4e00', 'a'),
        maxLength: 80,
      }),
    );
    fc.assert(
      fc.property(text, text, text, fc.integer({ min: 0, max: 300 }), (one, other, words, width) => {
        const asked = askedWith(
          { agent: one, session: other, justification: words, source: one },
          { first: other, second: { [words]: one } },
        );
        const lines = renderApproval(asked, NOW, width);
        const columns = Math.min(Math.max(width, 40), 160);
        expect(lines.filter((line) => UNSEEN.test(line))).toEqual([]);
        expect(lines.filter((line) => !VALUE_LINE.test(line) && !HOST_LINE.test(line))).toEqual([]);
        // The host's own titles are longer than the narrowest terminals, what others chose never is.
        const chosen = lines.filter((line) => VALUE_LINE.test(line) || line.startsWith(' ') || /^(agent|session) /.test(line));
        expect(chosen.filter((line) => columnsOf(line) > columns)).toEqual([]);
        expect(lines.filter((line) => line.startsWith('  > '))).toHaveLength(4);
        expect(lines.filter((line) => line.startsWith('agent '))).toHaveLength(1);
      }),
      { numRuns: 200 },
    );
  });

  it('shows JSON that reads back as the very value', () => {
    const value = fc.oneof(
      fc.constantFrom(...HOSTILE_TEXTS.filter((text) => text.length < 400)),
      fc.jsonValue({ stringUnit: 'binary', maxDepth: 2 }),
    );
    fc.assert(
      fc.property(value as fc.Arbitrary<PlainJson>, fc.integer({ min: 40, max: 160 }), (one, width) => {
        const [shown] = valuesOf(renderApproval(askedWith({}, { value: one }), NOW, width));
        const json = shown!.slice('`value` = '.length);
        fc.pre(json.length < 4000);
        expect(visibleJson(JSON.parse(json))).toBe(visibleJson(one));
        expect(piecesOf(json).join('')).toBe(json);
      }),
      { numRuns: 300 },
    );
  });

  it('survives an instant and a width that are none', () => {
    const lines = renderApproval(askedWith({}, {}, { expiresAt: 9e15, at: Number.NaN }), NOW, Number.NaN);
    expect(lines).toContain('asked           an unknown time');
  });
});

describe('renderShape', () => {
  it('shows what is bound and what is free', () => {
    const digest = shapeDigest(SUBJECT, PARAMETERS, ['replicas']);
    const made = { approval: 'k7q2m-9xw4d', subject: SUBJECT, parameters: PARAMETERS, free: ['replicas'], digest };
    const until = { expiresAt: T0 + 30 * MINUTE, usesMax: 1000 };
    const shape: Shape = {
      added: { kind: 'shape', event: 'added', shape: 'aaaaa-bbbbb', at: T0, by: 'ann', channel: 'cli', ...made, ...until },
      uses: 2,
    };
    const lines = renderShape(shape, NOW, 100);
    expect(lines[0]).toBe('Shape aaaaa-bbbbb lets calls like one that was approved run without a question.');
    expect(lines).toContain('made by         `ann` through cli, 2026-11-02 10:00:00Z');
    expect(lines).toContain('free            `replicas`');
    expect(lines).toContain('uses            2 of 1,000');
    expect(lines.slice(-4)).toEqual([
      'parameters:',
      '  > `verb` = "rollout-restart"',
      '  > `target` = "deployment/webapp"',
      '  > `replicas` may be anything',
    ]);
  });
});

describe('durationText', () => {
  it('has the two largest units, rounded down', () => {
    expect([0, 999, 1000, 60_000, 899_000, 3_600_000, 3_600_999, 93_600_000, 90_000_000].map(durationText)).toEqual([
      '0 s',
      '0 s',
      '1 s',
      '1 min',
      '14 min 59 s',
      '1 h',
      '1 h',
      '1 d 2 h',
      '1 d 1 h',
    ]);
  });
});
