import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { useEntries } from '../../../host/approvals/index.ts';
import { addApprovals } from '../../../host/cli/approvals.ts';
import { isCoded } from '../../../runtime/index.ts';
import { FoldedTrail, MINUTE, PARAMETERS, SUBJECT, subjectWith, T0 } from './fixture.ts';

/* The commands over a trail in memory; what a process makes of their errors is the program's. */

interface Ran {
  readonly code: string;
  readonly output: string;
  readonly errors: string;
}

function setUp({ userName = 'ann', isTTY = false, line = '' } = {}) {
  const trail = new FoldedTrail();
  const asked = trail.ask(T0);
  const now = T0 + MINUTE;
  let opened = 0;
  const journal = {
    transact: async (build: (nowMs: number) => Parameters<FoldedTrail['add']>[0]) => trail.add(build(now), now),
    catchUp: async () => undefined,
  };
  const run = async (...args: string[]): Promise<Ran> => {
    const texts = { output: '', errors: '' };
    let isAsked = false;
    const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
    const output = new PassThrough().on('data', (chunk) => {
      texts.output += chunk;
    });
    const errors = Object.assign(new PassThrough(), { isTTY, columns: 100 }).on('data', (chunk) => {
      texts.errors += chunk;
      if (!isAsked && texts.errors.includes('to approve: ')) {
        isAsked = true;
        input.end(`${line}\r`);
      }
    });
    const program = new Command('cellblock').exitOverride().configureOutput({
      writeOut: (text) => {
        texts.output += text;
      },
      writeErr: (text) => {
        texts.errors += text;
      },
    });
    const openTrail = async (policyPath: string) => {
      expect(policyPath).toBe('cellblock.yaml');
      opened += 1;
      return { journal, approvals: trail.book, redactText: (text: string) => text.replace('hunter2', '[redacted]'), close };
    };
    const close = async (): Promise<void> => {
      opened -= 1;
    };
    addApprovals(program, openTrail, { input, output, errors, now: () => now, userName: () => userName });
    let code = 'ok';
    try {
      await program.parseAsync(['approvals', ...args], { from: 'user' });
    } catch (error) {
      code = isCoded(error) ? error.code : String(error);
    }
    expect(opened).toBe(0);
    await new Promise(setImmediate);
    return { code, ...texts };
  };
  const status = () => trail.book.status(trail.book.approval(asked.approval)!, now);
  return { trail, asked, run, status, now };
}

describe('cellblock approvals', () => {
  it('lists what waits', async () => {
    const { run, trail, asked } = setUp();
    expect((await run('list')).output).toBe(
      '00000-00001  pending   `triage` asks for `kubectl`, 2026-11-02 10:00:00Z, expires in 14 min\n',
    );
    const { output } = await run('list', '--json');
    expect(JSON.parse(output)).toEqual({ approvals: [{ status: 'pending', asked }], shapes: [] });
    trail.add([{ kind: 'approval', event: 'denied', approval: asked.approval, at: T0, by: 'ann', channel: 'cli' }], T0);
    expect((await run('list')).output).toBe('nothing waits\n');
    expect((await run('list', '--all')).output).toContain('00000-00001  denied ');
  });

  it('shows the exact call and what became of it', async () => {
    const { run } = setUp();
    const before = await run('show', '0000');
    expect(before.output).toContain('  > `target` = "deployment/webapp"\n');
    expect(before.output).toContain('status: pending\n');
    await run('approve', '00000-00001', '--yes', '--reason', 'looks right, hunter2');
    expect((await run('show', '0000')).output).toContain(
      'status: approved (approved by `ann`, 2026-11-02 10:01:00Z, who said: looks right, [redacted])\n',
    );
    const json = JSON.parse((await run('show', '0000', '--json')).output);
    expect(json).toMatchObject({
      status: 'approved',
      asked: { parameters: PARAMETERS },
      approved: { by: 'ann', channel: 'cli' },
    });
    expect((await run('show', 'zzzz')).code).toBe('usage/not-found');
  });

  it('prints JSON that cannot move the cursor', async () => {
    const { run, trail } = setUp();
    trail.ask(T0, subjectWith({ source: '\u009b2J\u202e\u007f' }));
    const { output } = await run('list', '--json');
    expect(output).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(output).approvals[1].asked.subject.source).toBe('\u009b2J\u202e\u007f');
  });

  it('approves on a terminal what was shown, after a typed yes and nothing else', async () => {
    const yes = setUp({ isTTY: true, line: 'yes' });
    const ran = await yes.run('approve', '0000');
    expect(ran).toMatchObject({ code: 'ok', output: 'approved: 00000-00001, by `ann`\n' });
    expect(ran.errors).toContain('  > `verb` = "rollout-restart"');
    expect(yes.status()).toBe('approved');
    for (const line of ['', 'y', 'no']) {
      const other = setUp({ isTTY: true, line });
      expect(await other.run('approve', '0000')).toMatchObject({ code: 'cancelled/by-caller', output: '' });
      expect(other.status()).toBe('pending');
    }
  });

  it('takes no typed yes for what was too long to be shown whole', async () => {
    const { trail, run } = setUp({ isTTY: true, line: 'yes' });
    const long = trail.ask(T0, subjectWith({ tool: 'long' }), { ...PARAMETERS, script: 'x'.repeat(4001) });
    const ran = await run('approve', long.approval);
    expect(ran.code).toBe('usage/invalid-argument');
    expect(trail.book.approval(long.approval)?.approved).toBeUndefined();
    const hex = long.digest.slice('sha256:'.length);
    expect((await run('approve', long.approval, '--yes', '--digest', hex)).code).toBe('ok');
  });

  it('approves without a terminal only by --yes, with a whole id or a digest', async () => {
    const { run, asked, status } = setUp({ line: 'yes' });
    const hex = asked.digest.slice('sha256:'.length);
    expect((await run('approve', '00000-00001')).code).toBe('usage/invalid-argument');
    expect((await run('approve', '0000', '--yes')).code).toBe('usage/invalid-argument');
    expect((await run('approve', '0000', '--yes', '--digest', 'sha256:000000000000')).code).toBe('denied/approval-mismatch');
    expect((await run('approve', '00000-00001', '--yes', '--digest', '000000000000')).code).toBe('denied/approval-mismatch');
    expect((await run('approve', '0000', '--yes', '--digest', hex.slice(0, 11))).code).toBe('usage/invalid-argument');
    expect((await run('approve', '0000', '--yes', '--digest', '')).code).toBe('usage/invalid-argument');
    expect(status()).toBe('pending');
    const { code, output } = await run('approve', '0000', '--yes', '--digest', hex.slice(0, 12), '--json');
    expect(code).toBe('ok');
    expect(JSON.parse(output)).toEqual({ id: '00000-00001', event: 'approved', by: 'ann' });
    expect(status()).toBe('approved');
  });

  it('takes the name of the user account unless another is given, and refuses who may not answer', async () => {
    const { run, status } = setUp({ userName: 'root' });
    expect((await run('approve', '00000-00001', '--yes')).code).toBe('denied/not-an-approver');
    expect((await run('approve', '00000-00001', '--yes', '--by', 'triage')).code).toBe('denied/not-an-approver');
    expect(status()).toBe('pending');
    expect((await run('approve', '00000-00001', '--yes', '--by', 'bob')).code).toBe('ok');
    expect((await run('deny', '0000', '--by', 'ann')).code).toBe('usage/invalid-argument');
  });

  it('denies and revokes without asking', async () => {
    const denied = setUp();
    expect((await denied.run('deny', '0000', '--reason', 'no')).output).toBe('denied: 00000-00001, by `ann`\n');
    expect(denied.status()).toBe('denied');
    expect((await denied.run('approve', '00000-00001', '--yes')).code).toBe('denied/approval-denied');
    const revoked = setUp();
    await revoked.run('approve', '00000-00001', '--yes');
    expect((await revoked.run('revoke', '0000')).code).toBe('ok');
    expect(revoked.status()).toBe('revoked');
  });

  it('makes a shape that is listed, shown, used and revoked', async () => {
    const { run, trail, now } = setUp();
    for (const bad of [
      ['--free', 'replicas'],
      ['--minutes', '30'],
      ['--minutes', '30', '--uses', 'x'],
      ['--minutes', '30', '--uses', '0'],
      ['--free', 'nothing', '--minutes', '30', '--uses', '5'],
    ]) {
      expect((await run('approve', '00000-00001', '--yes', ...bad)).code).toBe('usage/invalid-argument');
    }
    const made = await run('approve', '00000-00001', '--yes', '--free', 'replicas', '--minutes', '30', '--uses', '5', '--json');
    const { shape } = JSON.parse(made.output);
    expect((await run('list')).output).toContain(
      `${shape}  active    shape: \`triage\` may call \`kubectl\`, 0 of 5 used, until 2026-11-02 10:31:00Z`,
    );
    expect((await run('show', shape)).output).toContain('  > `replicas` may be anything\n');
    const call = { audit: 'a-9', subject: subjectWith({ parametersDigest: 'x' }), parameters: { ...PARAMETERS, replicas: 1 } };
    expect(useEntries(trail.book, call, now)).toMatchObject({ shape });
    expect((await run('revoke', shape)).output).toBe(`revoked: ${shape}, by \`ann\`\n`);
    expect(useEntries(trail.book, call, now)).toBeUndefined();
  });

  it('tells on a terminal what a shape lets through', async () => {
    const { run } = setUp({ isTTY: true, line: 'no' });
    const { errors } = await run('approve', '0000', '--free', 'replicas', '--minutes', '90', '--uses', '5');
    expect(errors).toContain('Further calls with any `replicas` will run without a question: 5 of them, for 1 h 30 min.\n');
  });

  it('teaches in its help', async () => {
    const { run } = setUp();
    for (const args of [['--help'], ['approve', '--help'], ['list', '--help'], ['revoke', '--help']]) {
      expect((await run(...args)).output).toContain('Usage: cellblock approvals');
    }
    expect((await run('--help')).output).toContain('cellblock approvals approve k7q2 --free replicas --minutes 30 --uses 5');
    expect((await run('approve', '--help')).output).toContain('Exit codes:');
  });

  it('answers only what is still as it was shown', async () => {
    const { run, trail, asked } = setUp({ isTTY: true, line: 'yes' });
    trail.add([{ kind: 'approval', event: 'approved', approval: asked.approval, at: T0, by: 'bob', channel: 'cli' }], T0);
    trail.add(useOf(trail), T0);
    expect((await run('approve', '0000')).code).toBe('denied/approval-used');
  });
});

function useOf(trail: FoldedTrail) {
  const found = useEntries(trail.book, { audit: 'a-9', subject: SUBJECT, parameters: PARAMETERS }, T0);
  return found !== undefined && 'use' in found ? found.use : [];
}
