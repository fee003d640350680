import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KvFile } from '../../../../host/capabilities/kv/kv-file.ts';
import type { KvLimits } from '../../../../host/capabilities/kv/scope.ts';
import { type Change, KvStore } from '../../../../host/capabilities/kv/store.ts';

/* Two handles on one file, as two processes have, against a map that knows nothing of SQLite. */

const LIMITS: KvLimits = { bytes: 24, keys: 4, valueBytes: 9, ttlMsMax: undefined };
const SHORT: KvLimits = { ...LIMITS, bytes: 14, ttlMsMax: 5 };
const SIGNAL = new AbortController().signal;

interface Entry {
  readonly value: string;
  readonly version: number;
  readonly expires: number;
}

/** What a store has to do, said as simply as possible. */
class NaiveStore {
  readonly entries = new Map<string, Entry>();
  readonly versions = new Set<number>();

  live(now: number): [string, Entry][] {
    return [...this.entries].filter(([, entry]) => entry.expires > now);
  }

  /** What a change must answer, but for the version. */
  verdict(now: number, key: string, value: string, expected: number | null | undefined, limits: KvLimits) {
    const live = new Map(this.live(now));
    const present = live.get(key);
    if (expected === null && present !== undefined) return 'conflict';
    if (typeof expected === 'number' && present?.version !== expected) return 'conflict';
    if (value.length > limits.valueBytes) return { quota: limits.valueBytes };
    live.set(key, { value, version: 0, expires: Infinity });
    if (live.size > limits.keys) return { quota: limits.keys };
    const bytes = [...live].reduce((sum, [name, entry]) => sum + name.length + entry.value.length, 0);
    const isGrowing = value.length > (present?.value.length ?? -1);
    return isGrowing && bytes > limits.bytes ? { quota: limits.bytes } : 'ok';
  }
}

const key = fc.constantFrom('a', 'ab', 'b', 'ba', 'c');
const store = fc.constantFrom(0, 1);
const handle = fc.constantFrom(0, 1);
const change = fc.record({
  kind: fc.constant('set' as const),
  store,
  handle,
  key,
  value: fc.string({ unit: fc.constantFrom('x', 'y'), maxLength: 10 }),
  ttl: fc.option(fc.nat({ max: 8 }), { nil: undefined }),
  expected: fc.constantFrom('any', 'none', 'present', 'stale'),
  isShort: fc.boolean(),
});
const command = fc.oneof(
  { weight: 10, arbitrary: change },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), store, handle, key }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('get' as const), store, handle, key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('keys' as const),
      store,
      handle,
      prefix: fc.constantFrom('', 'a', 'b'),
      after: key,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), handle }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly #files: readonly KvFile[];
  readonly #naive = [new NaiveStore(), new NaiveStore()] as const;
  #now = 1000;

  readonly #name: string;

  constructor(files: readonly KvFile[], name: string) {
    this.#files = files;
    this.#name = name;
  }

  async step(step: Command): Promise<void> {
    if (step.kind === 'wait') this.#now += step.ms;
    else if (step.kind === 'close') this.#files[step.handle]!.close();
    else {
      const real = new KvStore(this.#files[step.handle]!, `${this.#name} ${step.store}`, () => this.#now, SIGNAL);
      const naive = this.#naive[step.store]!;
      if (step.kind === 'set') await this.#set(step, real, naive);
      else if (step.kind === 'delete') {
        expect(await real.delete(step.key)).toBe(new Map(naive.live(this.#now)).has(step.key));
        naive.entries.delete(step.key);
      } else if (step.kind === 'get') {
        const entry = new Map(naive.live(this.#now)).get(step.key);
        const wanted = entry && { value: new Uint8Array(Buffer.from(entry.value)), version: entry.version };
        expect(await real.get(step.key)).toEqual(wanted);
      } else {
        const names = naive.live(this.#now).map(([name]) => name);
        const wanted = names.filter((name) => name.startsWith(step.prefix) && name > step.after).sort();
        expect(await real.keys(step.prefix, step.after)).toEqual(wanted);
      }
    }
  }

  async #set(step: Extract<Command, { kind: 'set' }>, real: KvStore, naive: NaiveStore): Promise<void> {
    const limits = step.isShort ? SHORT : LIMITS;
    const known = naive.entries.get(step.key)?.version;
    const expected = { any: undefined, none: null, present: known ?? 1, stale: [...naive.versions][0] ?? 1 }[step.expected];
    const verdict = naive.verdict(this.#now, step.key, step.value, expected, limits);
    const answer: Change = await real.set(
      {
        key: step.key,
        value: new Uint8Array(Buffer.from(step.value)),
        ttlMs: step.ttl === undefined ? undefined : BigInt(step.ttl),
        expected: typeof expected === 'number' ? BigInt(expected) : expected,
      },
      limits,
    );
    if (verdict !== 'ok') return expect(answer).toEqual(verdict);
    const { version } = answer as { version: number };
    expect(naive.versions.has(version)).toBe(false);
    naive.versions.add(version);
    const life = Math.min(step.ttl ?? Infinity, limits.ttlMsMax ?? Infinity);
    naive.entries.set(step.key, { value: step.value, version, expires: this.#now + life });
  }
}

it('does what a map does, over two handles, with lives, quotas and compare-and-set', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cellblock-kv-model-'));
  const files = [new KvFile(root), new KvFile(root)];
  let runs = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60 }), async (commands) => {
        const run = new Run(files, `run ${runs++}`);
        for (const step of commands) await run.step(step);
      }),
      { numRuns: 80 },
    );
  } finally {
    for (const file of files) file.close();
    rmSync(root, { recursive: true, force: true });
  }
});

it('lets exactly one of several that compare at once win, over two handles', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cellblock-kv-race-'));
  const files = [new KvFile(root), new KvFile(root)];
  try {
    const stores = files.map((file) => new KvStore(file, 's', () => 1, SIGNAL));
    let expected: bigint | null = null;
    for (let round = 0; round < 20; round++) {
      const tries = Array.from({ length: 6 }, (_, n) =>
        stores[n % 2]!.set({ key: 'k', value: new Uint8Array([n]), ttlMs: undefined, expected }, LIMITS),
      );
      const answers = await Promise.all(tries);
      const winners = answers.filter(
        (answer): answer is { version: number } => typeof answer === 'object' && 'version' in answer,
      );
      expect(winners).toHaveLength(1);
      expected = BigInt(winners[0]!.version);
      expect(await stores[0]!.get('k')).toMatchObject({ version: winners[0]!.version });
    }
  } finally {
    for (const file of files) file.close();
    rmSync(root, { recursive: true, force: true });
  }
});
