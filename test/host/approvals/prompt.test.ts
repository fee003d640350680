import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { confirmYes, promptApproval } from '../../../host/approvals/index.ts';
import { askedWith, PARAMETERS, T0 } from './fixture.ts';

/** A terminal as far as the prompt can tell: lines go in one by one, as it asks. */
function terminal(
  lines: readonly string[],
  { isTTY = true, outputIsTTY = isTTY }: { isTTY?: boolean; outputIsTTY?: boolean } = {},
) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY: outputIsTTY, columns: 100 });
  let shown = '';
  const left = [...lines];
  output.on('data', (chunk) => {
    shown += chunk;
    if (!/(: |later`: )(\u001b.*)?$/.test(shown)) return;
    const next = left.shift();
    if (next === undefined) input.end();
    else input.write(`${next}\r`);
  });
  return { input, output, shown: () => shown };
}

async function choiceOf(lines: readonly string[], channels = ['terminal'], tty = {}) {
  const { input, output, shown } = terminal(lines, tty);
  const choice = await promptApproval(askedWith({}, PARAMETERS, { channels }), { input, output, nowMs: T0 });
  return { choice, shown: shown() };
}

describe('promptApproval', () => {
  it('shows the call, and takes typed words only', async () => {
    const { choice, shown } = await choiceOf(['once']);
    expect(choice).toEqual({ event: 'approved' });
    expect(shown).toContain('  > `verb` = "rollout-restart"');
    expect((await choiceOf(['deny'])).choice).toEqual({ event: 'denied' });
    expect((await choiceOf([' ONCE '])).choice).toEqual({ event: 'approved' });
    expect((await choiceOf(['later'])).choice).toBeUndefined();
  });

  it('asks again what it does not understand, three times, and takes nothing for a yes', async () => {
    expect((await choiceOf(['', 'y', 'once'])).choice).toEqual({ event: 'approved' });
    expect((await choiceOf(['yes', 'o', '1', 'once'])).choice).toBeUndefined();
  });

  it('takes no yes for what was too long to be shown whole', async () => {
    const parameters = { ...PARAMETERS, script: 'x'.repeat(4001) };
    for (const [lines, choice] of [
      [['once', 'shape', 'once', 'deny'], undefined],
      [['once', 'deny'], { event: 'denied' }],
    ] as const) {
      const { input, output, shown } = terminal(lines);
      const asked = askedWith({}, parameters, { channels: ['terminal'] });
      expect(await promptApproval(asked, { input, output, nowMs: T0 })).toEqual(choice);
      expect(shown()).toContain('too long to be shown whole');
    }
  });

  it('makes a shape of names, minutes and uses', async () => {
    const { choice } = await choiceOf(['shape', 'nothing', 'replicas, verb', '0', '30', 'many', '5']);
    expect(choice).toEqual({ event: 'approved', shape: { free: ['replicas', 'verb'], minutes: 30, usesMax: 5 } });
    expect((await choiceOf(['shape', '', '30', '5'])).choice).toEqual({
      event: 'approved',
      shape: { free: [], minutes: 30, usesMax: 5 },
    });
    expect((await choiceOf(['shape', '', '30'])).choice).toBeUndefined();
    expect((await choiceOf(['shape', '', '-1', '10081', '1e3'])).choice).toBeUndefined();
  });

  it('has no answer when the input ends, or at Ctrl-C', async () => {
    expect((await choiceOf([])).choice).toBeUndefined();
    expect((await choiceOf(['\u0003'])).choice).toBeUndefined();
    expect((await choiceOf(['shape', '\u0003'])).choice).toBeUndefined();
  });

  it('has no answer once its signal is aborted', async () => {
    const { input, output } = terminal([]);
    const options = { input, output, nowMs: T0, signal: AbortSignal.abort() };
    expect(await promptApproval(askedWith({}, PARAMETERS, { channels: ['terminal'] }), options)).toBeUndefined();
  });

  it('asks nobody where no terminal is, or where the policy does not name it', async () => {
    for (const [channels, tty] of [
      [['terminal'], { isTTY: false }],
      [['terminal'], { isTTY: true, outputIsTTY: false }],
      [['terminal'], { isTTY: false, outputIsTTY: true }],
      [['slack:team'], {}],
      [[], {}],
    ] as const) {
      expect(await choiceOf(['once'], [...channels], tty)).toEqual({ choice: undefined, shown: '' });
    }
  });
});

describe('confirmYes', () => {
  it('is true for exactly `yes`', async () => {
    for (const [line, expected] of [
      ['yes', true],
      ['y', false],
      ['YES', false],
      ['', false],
      ['yes!', false],
      ['no', false],
    ] as const) {
      const { input, output } = terminal([line]);
      expect(await confirmYes('Type `yes` to approve: ', { input, output }), line).toBe(expected);
    }
    const { input, output } = terminal([]);
    expect(await confirmYes('Type `yes` to approve: ', { input, output })).toBe(false);
  });
});
