// `npm run torture [CALLS]`: a million good calls behind each wall; memory, descriptors and threads must stay. Some minutes.
// `npm run torture -- wardens [KILLS]`: a thousand wardens that share a trail are killed; nothing runs twice. Some minutes.
// `npm run torture -- trail [KILLS]`: a thousand writers of a trail are killed; nothing that was acknowledged is lost. Some minutes.
// `npm run torture -- shapes [CALLS]`: one AssemblyScript instance called a million times, of each kind; its memory must stay. Some minutes.
import { execFileSync } from 'node:child_process';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const SLOPE_BYTES_MAX = 2 ** 20;

execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
if (process.argv[2] === 'trail') await trail(Number(process.argv[3] ?? 1000));
else if (process.argv[2] === 'wardens') await wardens(Number(process.argv[3] ?? 1000));
else if (process.argv[2] === 'shapes') await shapes(Number(process.argv[3] ?? 1_000_000));
else await calls(Number(process.argv[2] ?? 1_000_000));

async function trail(kills) {
  const { killWriters } = await import('./trail.mjs');
  const progress = ({ kills: done, acknowledged, records, recovered }) =>
    console.log(`trail: ${done} kills, ${acknowledged} records acknowledged of ${records}, ${recovered} torn ones cut`);
  await killWriters({ kills, progress });
  console.log('trail: good: nothing acknowledged was lost or doubled, and every chain holds');
}

async function wardens(kills) {
  const { killWardens } = await import('./wardens.mjs');
  const progress = ({ kills: done, answered }) => console.log(`wardens: ${done} kills, ${answered} requests answered`);
  const { answered, effects, interrupted } = await killWardens({ kills, progress });
  console.log(
    `wardens: good: ${answered} requests answered, ${effects} effects, none twice; ${interrupted} interrupted, whose effect nobody knows`,
  );
}

async function shapes(calls) {
  const { shapesCalls } = await import('./shapes.mjs');
  const progress = ({ title, calls: done, bytes }) => console.log(`shapes: ${title}: ${done} calls, ${bytes / 1024} KiB`);
  const grown = await shapesCalls({ calls, progress });
  console.log(grown.length === 0 ? 'shapes: good: no memory grew' : `shapes: BAD: memory grew: ${grown.join('; ')}`);
  if (grown.length > 0) process.exitCode = 1;
}

async function calls(count) {
  const { manyCalls, slopeBytes } = await import('./many-calls.mjs');
  const core = await parse('(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))');
  const witSource = 'package torture:tiny; world w { export add: func(a: u32, b: u32) -> u32; }';
  const bytes = await componentNew(await componentEmbed({ binary: core, witSource }));
  const call = { function: 'add', params: [2, 40], expected: 42 };
  for (const isolation of ['process', 'thread']) {
    const began = performance.now();
    const progress = ({ calls: done, bytes: resident, descriptors, threads }) =>
      console.log(
        `${isolation}: ${done} calls, ${(resident / 2 ** 20).toFixed(1)} MiB, ${descriptors} descriptors, ${threads} threads`,
      );
    const looks = await manyCalls({ isolation, bytes, call, calls: count, looks: 20, progress });
    const slope = slopeBytes(looks);
    const same = (name) => looks.every((look) => look[name] === looks[0][name]);
    const good = slope <= SLOPE_BYTES_MAX && same('descriptors') && same('threads');
    const perSecond = Math.round((count * 1000) / (performance.now() - began));
    console.log(
      `${isolation}: ${good ? 'good' : 'BAD'}: ${(slope / 1024).toFixed(0)} KiB more in 100,000 calls, ${perSecond} calls a second`,
    );
    if (!good) process.exitCode = 1;
  }
}
