// Compares our table of WASI's signatures with the official WIT; see HELP.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const PACKAGES = ['io', 'clocks', 'random', 'filesystem', 'cli', 'http'];
/** Worlds, which name packages that we do not serve. */
const WORLDS = new Set(['world.wit', 'imports.wit', 'command.wit', 'proxy.wit']);

const USAGE = 'usage: node test/outside/wasi-signatures.mjs FOLDER VERSION';
const HELP = `${USAGE}

Compares our table of WASI's signatures (runtime/wasi/signatures.ts) with the official WIT. Prints what differs; exits
with 1 when anything does. Needs the build (npm run build).

  FOLDER   of a checkout of github.com/WebAssembly/WASI at a tag of 0.2: proposals, before 0.2.9 wasip2 or preview2
  VERSION  that tag's version
  --help   this text

example, with a checkout of the tag of 0.2.12 in the folder WASI:
         node test/outside/wasi-signatures.mjs WASI/proposals 0.2.12`;

const [folder, version] = process.argv.slice(2);
if (process.argv.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
if (folder === undefined || version === undefined) {
  console.error(USAGE);
  process.exit(2);
}
// After the arguments: `--help` needs no build.
const { decodeComponent, signatureOf } = await import('cellblock/runtime');
const { WASI_RESOURCES, WASI_SIGNATURES } = await import('../../dist/runtime/wasi/signatures.js');
const { HTTP_RESOURCES, HTTP_SIGNATURES } = await import('../../dist/runtime/wasi/http/signatures.js');
const SIGNATURES = { ...WASI_SIGNATURES, ...HTTP_SIGNATURES };
const RESOURCES = { ...WASI_RESOURCES, ...HTTP_RESOURCES };

/** A feature that WASI has not settled, and that no tag of 0.2 has as stable. */
const UNSETTLED = /@unstable\(feature = informational-outbound-responses\)[^;]*;/g;

/** One package as a block of a file of many, with its features that are not yet stable, but for the unsettled. */
function packageText(name) {
  const path = ['wit', ''].map((sub) => join(folder, name, sub)).find((one) => exists(one));
  const files = readdirSync(path).filter((file) => file.endsWith('.wit') && !WORLDS.has(file));
  const text = files.map((file) => readFileSync(join(path, file), 'utf8').replace(/^package [^;]*;/m, '')).join('\n');
  return `package wasi:${name}@${version} {\n${text.replace(UNSETTLED, '').replace(/@(unstable|since|deprecated)\([^)]*\)/g, '')}\n}`;
}

function exists(path) {
  try {
    return readdirSync(path).some((file) => file.endsWith('.wit'));
  } catch {
    return false;
  }
}

const wanted = Object.keys(SIGNATURES);
const imports = wanted.map((id) => `import ${id}@${version};`).join('\n');
const witSource = ['package test:all;', `world w { ${imports} export go: func(); }`, ...PACKAGES.map(packageText)].join('\n');
const component = decodeComponent(await componentNew(await componentEmbed({ witSource, world: 'w', dummy: true })));

const found = {};
const homes = {};
for (const { name, kind, items } of component.imports) {
  if (kind !== 'interface') continue;
  const id = name.slice(0, name.lastIndexOf('@'));
  found[id] = {};
  for (const item of items) {
    if (item.kind === 'func') found[id][item.name] = signatureOf(item.type);
    if (item.kind === 'resource') homes[item.resource.name] = item.resource.interface.split('@')[0];
  }
}

/** Keys of two levels as one, so that two tables can be compared line by line. */
function lines(table) {
  return new Map(
    Object.entries(table).flatMap(([id, part]) => Object.entries(part).map(([name, line]) => [`${id}#${name}`, line])),
  );
}

const official = new Map([...lines(found), ...lines({ resource: homes })]);
const ours = new Map([...lines(SIGNATURES), ...lines({ resource: RESOURCES })]);
const differing = [...new Set([...official.keys(), ...ours.keys()])].filter((name) => official.get(name) !== ours.get(name));
for (const name of differing) console.log(`${name}\n  official: ${official.get(name)}\n  ours:     ${ours.get(name)}`);
console.log(`${version}: ${official.size} functions and resources, ${differing.length} differ`);
process.exitCode = differing.length === 0 ? 0 : 1;
