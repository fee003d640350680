import { Runtime } from 'cellblock/runtime';
import { tinyBytes } from './components.mjs';
const rt = new Runtime({ threads: 2, cacheDirectory: false });
const call = await rt.prepare(await rt.load(await tinyBytes()), { function: 'add', limits: { fuelMax: 1000000n } });
let done = 0; const t0 = performance.now();
const one = async () => { for (let i = 0; i < 250000; i++) { const o = await rt.invoke(call, [1, 2]); if (o.kind !== 'ok') throw new Error(o.kind); } };
for (let r = 0; r < 12; r++) { await Promise.all([one(), one()]); done += 500000; console.log(done, (process.memoryUsage().rss / 2 ** 20).toFixed(1), 'MiB rss', (process.memoryUsage().heapUsed/2**20).toFixed(1), ((performance.now() - t0) / 1000).toFixed(0), 's'); }
await rt.close();
