// Counts in one store by compare-and-set, and fills another, until it is killed; says each number once it was acknowledged. Needs the build.
import { writeSync } from 'node:fs';
import { KvFile } from '../../../../dist/host/capabilities/kv/kv-file.js';
import { KvStore } from '../../../../dist/host/capabilities/kv/store.js';

const [folder, seed] = process.argv.slice(2);
const limits = { bytes: 64 * 1024, keys: 20, valueBytes: 8192, ttlMsMax: undefined };
const { signal } = new AbortController();
const file = new KvFile(folder);
const counter = new KvStore(file, 'counter', Date.now, signal);
const filler = new KvStore(file, `filler ${seed}`, Date.now, signal);

for (let round = 0; ; round++) {
  const present = await counter.get('n');
  const next = present === undefined ? 1 : Buffer.from(present.value).readUInt32BE() + 1;
  const value = Buffer.alloc(4);
  value.writeUInt32BE(next);
  const expected = present === undefined ? null : BigInt(present.version);
  const change = await counter.set({ key: 'n', value, ttlMs: undefined, expected }, limits);
  if (change !== 'conflict') writeSync(1, `${next} ${change.version}\n`);
  const key = `k${(round * 7 + Number(seed)) % 30}`;
  if (round % 5 === 4) await filler.delete(key);
  else
    await filler.set({ key, value: Buffer.alloc((round * 997) % 8192, round), ttlMs: round % 3 === 0 ? 5n : undefined }, limits);
}
