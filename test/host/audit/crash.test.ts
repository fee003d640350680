import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentNumbers } from '../../../host/audit/segments.ts';
import { type Failure, ForgetfulFiles, segmentPath } from './forgetful-files.ts';
import { alert, foldPlainly, freshFolder, type Opened, open, readPlainly } from './plain-trail.ts';

/* Random transactions on a disk that fails at random calls and crashes at a random one, forgetting what was not synced. */

interface Step {
  readonly entries: number;
  readonly durable: boolean;
  /** Waits for everything before it goes on. */
  readonly pause: boolean;
  /** Which of the two journals on the folder. */
  readonly journal: 0 | 1;
  readonly throws: boolean;
  /** The second journal ends, and another one is opened in its place. */
  readonly opens: boolean;
}

interface Life {
  readonly steps: readonly Step[];
  readonly failures: readonly Failure[];
  /** Calls of the file system until the crash. */
  readonly crashAt: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  entries: fc.nat(3),
  durable: fc.boolean(),
  pause: fc.boolean(),
  journal: fc.constantFrom(0, 1),
  throws: fc.nat(9).map((at) => at === 0),
  opens: fc.nat(9).map((at) => at === 0),
});
const failure: fc.Arbitrary<Failure> = fc.oneof(
  fc.record({
    call: fc.integer({ min: 1, max: 60 }),
    code: fc.constantFrom('ENOSPC', 'EIO'),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    call: fc.integer({ min: 1, max: 10 }),
    code: fc.constantFrom('EIO'),
    only: fc.constantFrom('datasync', 'append', 'truncate', 'rename', 'rewrite'),
    times: fc.integer({ min: 1, max: 3 }),
  }),
);
const life: fc.Arbitrary<Life> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
  failures: fc.array(failure, { maxLength: 3 }),
  crashAt: fc.integer({ min: 1, max: 300 }),
});

class Model {
  readonly files: ForgetfulFiles;
  readonly folder = freshFolder();
  readonly acknowledged: string[] = [];
  readonly asked = new Set<string>();
  #count = 0;

  constructor(seeds: readonly number[]) {
    let at = 0;
    this.files = new ForgetfulFiles(() => seeds[at++ % seeds.length]!);
  }

  async live({ steps, failures, crashAt }: Life, sync: 'each' | 'group'): Promise<void> {
    this.files.crashAtCall(crashAt);
    const opened = [await this.#open(sync), await this.#open(sync)];
    for (const one of failures) this.files.fail(one);
    let begun: Promise<void>[] = [];
    for (const { entries, durable, pause, journal, throws, opens } of steps) {
      const one = opened[journal];
      if (one !== undefined) begun.push(this.#transact(one, entries, durable, throws));
      if (pause) await Promise.all(begun.splice(0));
      if (!opens) continue;
      await opened[1]?.journal.close().catch(() => undefined);
      opened[1] = await this.#open(sync);
    }
    await Promise.all(begun);
    begun = [];
    this.files.crash();
    await Promise.all(opened.map((one) => one?.journal.close().catch(() => undefined)));
    this.files.restart();
  }

  async #open(sync: 'each' | 'group'): Promise<Opened | undefined> {
    try {
      return await open(this.folder, { files: this.files, sync, segmentBytesMax: 1500 });
    } catch (error) {
      expect([(error as { code?: string }).code, this.files.calls > 0]).toEqual(['failed/audit-unavailable', true]);
      return undefined;
    }
  }

  async #transact({ journal, state }: Opened, entries: number, durable: boolean, throws: boolean): Promise<void> {
    let names: string[] = [];
    const build = () => {
      if (throws) throw Object.assign(new Error('built nothing'), { code: 'thrown' });
      names = Array.from({ length: entries }, () => `n${this.#next()}-${state.alerts.length}`);
      for (const name of names) this.asked.add(name);
      return names.map((name) => alert(name));
    };
    try {
      await journal.transact(build, durable ? 'durable' : 'written');
      if (durable) this.acknowledged.push(...names);
    } catch (error) {
      expect(['failed/audit-unavailable', 'thrown']).toContain((error as { code: unknown }).code);
    }
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }

  #segments(): Buffer[] {
    const numbers = segmentNumbers(this.files.list(`${this.folder}/trail`));
    return numbers.map((number) => this.files.content(segmentPath(this.folder, number)));
  }

  /**
   * After a crash: nothing acknowledged is lost or doubled, nothing is there that nobody asked for, the chain and the state are right.
   *
   * @returns false for a trail that is refused: where the disk had lost a record and kept one behind it. All acknowledged are before those.
   */
  async check(): Promise<boolean> {
    let opened: Opened;
    try {
      opened = await open(this.folder, { files: this.files, segmentBytesMax: 1500 });
    } catch (error) {
      expect([(error as { code: string }).code, this.files.syncsFailed > 0]).toEqual(['audit/broken-chain', true]);
      const text = Buffer.concat(this.#segments()).toString();
      const before = text.slice(0, text.indexOf('\0'));
      expect(this.acknowledged.filter((name) => !before.includes(`"${name}"`))).toEqual([]);
      return false;
    }
    await opened.journal.close();
    const { seen, alerts } = opened.state;
    expect(seen).toEqual(foldPlainly(readPlainly(this.#segments())));
    const kept = new Set(alerts);
    expect(kept.size).toBe(alerts.length);
    expect(this.acknowledged.filter((name) => !kept.has(name))).toEqual([]);
    expect(alerts.filter((name) => !this.asked.has(name))).toEqual([]);
    return true;
  }
}

describe('a crash', () => {
  for (const sync of ['group', 'each'] as const) {
    it(`loses nothing that was acknowledged as durable (${sync})`, async () => {
      const lives = fc.array(life, { minLength: 1, maxLength: 3 });
      const seeds = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 20, maxLength: 20 });
      const sum = { acknowledged: 0, lives: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(lives, seeds, async (all, numbers) => {
          const model = new Model(numbers);
          try {
            for (const one of all) {
              await model.live(one, sync);
              sum.lives += 1;
              if (await model.check()) continue;
              sum.refused += 1;
              break;
            }
            sum.acknowledged += model.acknowledged.length;
          } finally {
            rmSync(model.folder, { recursive: true, force: true });
          }
        }),
        { numRuns: Number(process.env.TRAIL_RUNS ?? 60) },
      );
      // What acknowledges nothing loses nothing, and what refuses every trail does not either.
      expect(sum.acknowledged).toBeGreaterThan(sum.lives);
      expect(sum.refused).toBeLessThan(sum.lives / 10);
      if (process.env.TRAIL_RUNS) console.log(sum);
    });
  }
});
