// Compiles one job's modules, plain and metered in turn, in a process of its own: prints the times as JSON.

import { kept } from './fuel/prepared.mjs';
import { codeBytes } from './fuel/sections.mjs';
import { rounded } from './stats.mjs';

/** Less code says more about the clock than about the compiler. */
const CODE_BYTES_MIN = 20_000;

/** The task: `{digests, modes, folder, compileMs}`: plain modules by digest; how long to go on, once each was compiled three times. */
const { digests, modes, folder, compileMs } = JSON.parse(process.argv[2]);

/** The same module again, as one that the engine has not seen: it shares code between modules of equal bytes. */
function copyOf(bytes, number) {
  const copy = new Uint8Array(bytes.length + 8);
  copy.set(bytes);
  const digits = String(number).padStart(4, '0');
  copy.set([0, 6, 1, 0x78, ...Buffer.from(digits)], bytes.length); // a custom section named `x`
  return copy;
}

function compileAll(digest) {
  const rows = modes.map((mode) => ({ module: digest, mode, bytes: kept(folder, digest, mode), samples: [] }));
  let number = 0;
  for (let round = 0, spent = 0; round < 3 || (spent < compileMs && round < 40); round += 1) {
    for (const { bytes, samples } of rows) {
      const copy = copyOf(bytes, number++);
      const began = performance.now();
      new WebAssembly.Module(copy);
      const ms = performance.now() - began;
      samples.push(ms);
      spent += ms;
    }
  }
  return rows.map(({ module, mode, samples }) => ({ module, mode, ms: rounded(samples) }));
}

const large = digests.filter((digest) => codeBytes(kept(folder, digest, 'plain')) >= CODE_BYTES_MIN);
process.stdout.write(JSON.stringify(large.flatMap(compileAll)));
