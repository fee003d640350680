/** Numbers of items by status. */
export function countOf(items) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of items) count[status] += 1;
  return count;
}

/** @param verbose - also the passed asserts whose message looks unlike the expected one. */
export function printFile({ file, items }, verbose) {
  console.log(`${file.padEnd(48)} ${countLine(countOf(items))}`);
  for (const [reason, lines] of byReason(items)) console.log(`    skipped ${lines.length}: ${reason} (${lineList(lines)})`);
  if (verbose) for (const item of items.filter(looksUnlike)) printPair(file, item);
}

/** The totals, by kind of directive, and the failures as a table. */
export function printTotal(files, bindings) {
  const all = files.flatMap(({ file, items }) => items.map((item) => ({ file, ...item })));
  console.log(`\nwith the bindings \`${bindings}\`, ${files.length} files`);
  for (const kind of new Set(all.map((item) => item.kind))) {
    console.log(`  ${kind.padEnd(46)} ${countLine(countOf(all.filter((item) => item.kind === kind)))}`);
  }
  console.log(`  ${'total'.padEnd(46)} ${countLine(countOf(all))}`);
  printFailures(all.filter(({ status }) => status === 'failed'));
}

/** One line each; those that only follow from another one are counted there. */
function printFailures(failures) {
  if (failures.length > 0) console.log('\nfailed:');
  for (const { file, line, kind, name, reason, because, expected } of failures) {
    if (because !== undefined) continue;
    const follow = failures.filter((other) => other.file === file && other.because === line).length;
    const what = name === undefined ? kind : `${kind} ${name}`;
    const words = `${reason}${expected ? `, expected "${expected}"` : ''}${follow > 0 ? ` (and ${follow} that follow from it)` : ''}`;
    console.log(`  ${file}:${line}  ${what}  ${words}`);
  }
}

const COMMON_WORDS = ['expected', 'found', 'byte', 'with', 'this', 'type', 'component', 'module', 'guest'];

/** Whether a passed assert was refused or trapped for what may be another reason: no telling word in common. */
function looksUnlike({ status, expected, found }) {
  if (status !== 'passed' || found === undefined || !expected) return false;
  const words = (text) => (text.toLowerCase().match(/[a-z]{4,}/g) ?? []).filter((word) => !COMMON_WORDS.includes(word));
  const ours = new Set(words(found.replace(/^[\w/-]+: /, '')));
  return !words(expected).some((word) => ours.has(word));
}

function printPair(file, { line, kind, expected, found, by }) {
  console.log(`    ${file}:${line} ${kind}${by ? ` by ${by}` : ''}\n      expected "${expected}"\n      found    "${found}"`);
}

function byReason(items) {
  const found = new Map();
  for (const { status, reason, line } of items) {
    if (status === 'skipped') found.set(reason, [...(found.get(reason) ?? []), line]);
  }
  return found;
}

function lineList(lines) {
  return `line${lines.length > 1 ? 's' : ''} ${lines.slice(0, 8).join(', ')}${lines.length > 8 ? ', ...' : ''}`;
}

function countLine({ passed, failed, skipped }) {
  const part = (count, word) => `${String(count).padStart(4)} ${word}`;
  return `${part(passed, 'passed')} ${part(failed, 'failed')} ${part(skipped, 'skipped')}`;
}
