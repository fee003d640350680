// Ten megabytes in and out of a whole call of the library: from a JavaScript value to a JavaScript value, through a cell.
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { Runtime } from 'cellblock/runtime';
import { bumpAllocator, prepare } from './components.mjs';
import { duration, median, rounded, table } from './stats.mjs';

const BYTES = 10_000_000;

/** Grows the memory by the block, where that ends outside of it. */
const GROWTH = `(if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
      (then (if (i32.eq (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))) (i32.const -1))
        (then unreachable))))`;

/** Gives back what it gets, where it got it. */
const CORE = `(module
  ${bumpAllocator(GROWTH)}
  (func (export "text") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16))
  (func (export "bytes") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16)))`;

const WIT = `package bench:large; world large {
  export text: func(value: string) -> string;
  export bytes: func(value: list<u8>) -> list<u8>;
}`;

/**
 * @returns rows of `{value, encoding, bytes, ms, megabytesPerSecond, samplesMs}`; bytes are UTF-8 or list bytes, in and out
 * together, and 1 MB is 1,000,000 bytes.
 */
export async function measureThroughput({ quick }) {
  const runtime = new Runtime({ cacheDirectory: false, threads: 2 });
  try {
    const rows = [];
    for (const encoding of ['utf8', 'utf16']) {
      for (const { name, value, method } of values(encoding)) {
        const subject = {
          bytes: await component(encoding),
          options: {
            function: method,
            limits: { resultBytesMax: 32 * 1024 * 1024, fuelMax: 10_000_000_000n, timeoutMsMax: 60_000 },
          },
          params: { value },
        };
        rows.push(await measure(runtime, `${name}`, encoding, subject, quick ? 8 : 25));
      }
    }
    return rows;
  } finally {
    await runtime.close();
  }
}

async function component(encoding) {
  return componentNew(await componentEmbed({ binary: await parse(CORE), witSource: WIT, stringEncoding: encoding }));
}

function values(encoding) {
  const texts = [
    { name: 'string, ASCII', value: 'lorem ipsum dolor sit amet, 1234 '.repeat(BYTES / 33), method: 'text' },
    { name: 'string, CJK', value: '日本語の文章、一二三四。'.repeat(BYTES / 36), method: 'text' },
  ];
  if (encoding !== 'utf8') return texts;
  return [{ name: 'list<u8>', value: Uint8Array.from({ length: BYTES }, (_, at) => at), method: 'bytes' }, ...texts];
}

async function measure(runtime, value, encoding, subject, rounds) {
  const { call, values: params } = await prepare(runtime, subject);
  const expected = params[0];
  const samplesMs = [];
  for (let round = -3; round < rounds; round += 1) {
    const began = performance.now();
    const outcome = await runtime.invoke(call, params);
    const ms = performance.now() - began;
    if (outcome.kind !== 'ok') throw new Error(`a call ended as \`${outcome.kind}\`: ${outcome.error?.message}`);
    if (!same(outcome.value, expected)) throw new Error('the value did not come back as it went');
    if (round >= 0) samplesMs.push(ms);
  }
  const bytes = 2 * (typeof expected === 'string' ? Buffer.byteLength(expected) : expected.length);
  const ms = median(samplesMs);
  return { value, encoding, bytes, ms, megabytesPerSecond: bytes / 1000 / ms, samplesMs: rounded(samplesMs) };
}

function same(found, expected) {
  return typeof expected === 'string' ? found === expected : Buffer.compare(found, expected) === 0;
}

export function throughputTable(rows) {
  return table(
    ['10 MB in, 10 MB out', 'guest', 'call', 'MB/s in + out'],
    rows.map((row) => [row.value, row.encoding, duration(row.ms), Math.round(row.megabytesPerSecond)]),
  );
}
