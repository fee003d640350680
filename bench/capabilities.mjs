// What a use of each capability costs, and how fast large files and responses pass through, beside Node's own streams.
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openWarden } from 'cellblock';
import { bulkFetchGuest, bulkFilesGuest } from '../test/support/bulk-guests.mjs';
import { repeatingGuest, uses } from './capability-guests.mjs';
import { tinyBytes } from './components.mjs';
import { duration, median, ratio, rounded, summarise, table } from './stats.mjs';

const WALLS = ['thread', 'process'];
const BULK_BYTES = 100 * 2 ** 20;

/** Uses in one call; those that go to a disk or a network are slower. */
const REPEATS = { 'kv set, durable': 20, tools: 20, 'http GET, 1 KiB': 50, 'kv get': 200 };
const REPEATS_DEFAULT = 1000;

/**
 * @returns `{prices, bulk}`: samples are milliseconds. A price is the difference of a call with many uses and one with none, by the number of uses; bulk is
 * one whole request for 100 MiB, in turns with Node doing the same.
 */
export async function measureCapabilities({ quick }) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-bench-'));
  const server = await openServer();
  try {
    await prepareFolder(folder, server.url);
    const wardens = [];
    for (const wall of WALLS) wardens.push({ wall, warden: await openWarden({ policy: join(folder, `${wall}.yaml`) }) });
    try {
      return {
        prices: await prices(wardens, server.url, quick ? 3 : 15),
        bulk: await bulk(wardens, folder, server, quick ? 3 : 11),
      };
    } finally {
      for (const { warden } of wardens) await warden.close();
    }
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server on loopback with a small response and a large one. */
async function openServer() {
  const piece = Buffer.alloc(64 * 1024, 7);
  const server = createServer((request, response) => {
    if (request.url !== '/large') return response.end(piece.subarray(0, 1024));
    response.setHeader('content-length', BULK_BYTES);
    let left = BULK_BYTES;
    const fill = () => {
      while (left > 0) {
        left -= piece.length;
        if (!response.write(piece)) return response.once('drain', fill);
      }
      return response.end();
    };
    return fill();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}`,
    authority: `127.0.0.1:${port}`,
    close: () => new Promise((done) => server.close(done)),
  };
}

async function prepareFolder(folder, url) {
  mkdirSync(join(folder, 'in'));
  mkdirSync(join(folder, 'results'));
  writeFileSync(join(folder, 'in', 'data'), Buffer.alloc(BULK_BYTES, 7));
  writeFileSync(join(folder, 'secret'), 'a secret of the benchmark', { mode: 0o600 });
  writeFileSync(join(folder, 'tiny.wasm'), await tinyBytes());
  writeFileSync(join(folder, 'bulk-files.wasm'), await bulkFilesGuest());
  writeFileSync(join(folder, 'bulk-fetch.wasm'), await bulkFetchGuest());
  for (const [name, use] of Object.entries(uses(`${url}/small`)))
    writeFileSync(join(folder, `${fileName(name)}.wasm`), await repeatingGuest(use));
  for (const wall of WALLS) writeFileSync(join(folder, `${wall}.yaml`), policy(wall, url));
}

const fileName = (use) => use.replace(/[^a-z]+/gi, '-').toLowerCase();

function policy(wall, url) {
  const http = `{ http: { requests: [{ methods: [GET], url: "${url}/", addresses: [127.0.0.1], responseBytes: 200MiB }] } }`;
  const work =
    '{ files: { mounts: { /work: { from: in, access: write, copyOut: { to: results, overwrite: allow } } }, bytes: 200MiB } }';
  const grants = {
    log: 'log',
    config: '{ config: { values: { region: eu } } }',
    files: '{ files: { mounts: { /in: { from: in } } } }',
    secrets: '{ secrets: { signing: { use: [hmac-sha256] } } }',
    kv: '{ kv: { namespace: agent } }',
    http,
    tools: '{ tools: { call: [add] } }',
    progress: 'progress',
  };
  const limits = 'limits: { fuel: 1000000000000, timeout: 60s, memory: 64MiB }';
  const tools = Object.keys(uses(url)).map(
    (use) =>
      `  ${fileName(use)}: { component: ${fileName(use)}.wasm, functions: [go], grants: [${grants[use.split(/[ ,]/)[0]]}], isolation: ${wall}, ${limits} }`,
  );
  return `version: 1
trail: { folder: trail-${wall} }
secrets: { signing: { file: secret } }
tools:
  add: { component: tiny.wasm, functions: [add], isolation: ${wall} }
  bulk-files: { component: bulk-files.wasm, functions: [measure, copy], grants: [${work}], isolation: ${wall}, ${limits} }
  bulk-fetch: { component: bulk-fetch.wasm, functions: [measure], grants: [${http}], isolation: ${wall}, ${limits} }
${tools.join('\n')}
agents: { bench: { tools: [add, bulk-files, bulk-fetch, ${Object.keys(uses(url)).map(fileName).join(', ')}] } }
`;
}

/** Milliseconds of one request, which must go well: a bench of refusals would be fast. */
async function timed(warden, tool, parameters) {
  const began = performance.now();
  const outcome = await warden.request({ agent: 'bench', tool_name: tool, parameters });
  const ms = performance.now() - began;
  if (outcome.kind !== 'ok') throw new Error(`${tool}: ${JSON.stringify(outcome)}`);
  return { ms, outcome };
}

async function prices(wardens, url, rounds) {
  const rows = [];
  for (const use of Object.keys(uses(url))) {
    for (const { wall, warden } of wardens) {
      const n = REPEATS[use] ?? REPEATS_DEFAULT;
      await timed(warden, fileName(use), { n });
      const samples = [];
      for (let at = 0; at < rounds; at++) {
        const many = await timed(warden, fileName(use), { n });
        const none = await timed(warden, fileName(use), { n: 0 });
        samples.push((many.ms - none.ms) / n);
      }
      rows.push({ use, wall, uses: n, samplesMs: rounded(samples), latencyMs: summarise(samples) });
    }
  }
  return rows;
}

async function bulk(wardens, folder, server, rounds) {
  const data = join(folder, 'in', 'data');
  const ours = (tool, parameters) =>
    wardens.map(({ wall, warden }) => ({
      contender: wall,
      run: async () => {
        const { outcome } = await timed(warden, tool, parameters);
        const bytes = typeof outcome.value === 'object' ? outcome.value?.ok : outcome.value;
        if (Number(bytes) !== BULK_BYTES) throw new Error(`${tool} saw ${JSON.stringify(outcome.value)} bytes`);
      },
    }));
  const work = {
    'files: read': [
      ...ours('bulk-files.measure', { path: 'data' }),
      { contender: 'Node streams', run: () => readStream(data) },
      { contender: 'readSync', run: () => readLoop(data) },
    ],
    'files: read and write': [
      ...ours('bulk-files.copy', { from: 'data', to: 'copy' }),
      { contender: 'Node streams', run: () => pipeline(createReadStream(data), createWriteStream(join(folder, 'copied'))) },
    ],
    'http: read': [
      ...ours('bulk-fetch.measure', { authority: server.authority, path: '/large' }),
      { contender: 'Node fetch', run: () => fetchAll(`${server.url}/large`) },
      { contender: 'Node http.get', run: () => getAll(`${server.url}/large`) },
    ],
  };
  const rows = [];
  for (const [name, contenders] of Object.entries(work)) rows.push(...(await inTurns(name, contenders, rounds)));
  return rows;
}

async function inTurns(work, contenders, rounds) {
  const samples = new Map(contenders.map(({ contender }) => [contender, []]));
  for (let round = -1; round < rounds; round++) {
    for (const { contender, run } of contenders) {
      const began = performance.now();
      await run();
      if (round >= 0) samples.get(contender).push(performance.now() - began); // the first one warms up
    }
  }
  return [...samples].map(([contender, ms]) => ({
    work,
    contender,
    bytes: BULK_BYTES,
    samplesMs: rounded(ms),
    latencyMs: summarise(ms),
  }));
}

async function readStream(path) {
  let bytes = 0;
  for await (const piece of createReadStream(path)) bytes += piece.length;
  return bytes;
}

/** The least that Node can do: one buffer, no event loop. */
async function readLoop(path) {
  const fd = openSync(path);
  const buffer = Buffer.alloc(64 * 1024);
  while (readSync(fd, buffer) > 0);
}

async function fetchAll(url) {
  let bytes = 0;
  for await (const piece of (await fetch(url)).body) bytes += piece.length;
  if (bytes !== BULK_BYTES) throw new Error(`fetch saw ${bytes} bytes`);
}

function getAll(url) {
  return new Promise((resolve, reject) => {
    get(url, (response) => response.on('data', () => undefined).on('end', resolve)).on('error', reject);
  });
}

export function capabilitiesTable({ prices: priceRows, bulk: bulkRows }) {
  const price = (use, wall) => median(priceRows.find((row) => row.use === use && row.wall === wall).samplesMs);
  const names = [...new Set(priceRows.map(({ use }) => use))];
  const node = (work) => median(bulkRows.find((row) => row.work === work && row.contender.startsWith('Node')).samplesMs);
  const rows = bulkRows.map(({ work, contender, samplesMs }) => {
    const ms = median(samplesMs);
    return [
      `${work}, ${contender}`,
      duration(ms),
      `${Math.round(BULK_BYTES / 2 ** 20 / (ms / 1000))} MiB/s`,
      ratio(node(work), ms),
    ];
  });
  return [
    table(
      ['one use of a capability', ...WALLS],
      names.map((use) => [use, ...WALLS.map((wall) => duration(price(use, wall)))]),
    ),
    table(['100 MiB', 'median', 'speed', "of Node's streams"], rows),
  ].join('\n\n');
}
