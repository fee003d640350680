const LOSSES_SHOWN = 40;
/** Commands whose error must be the same to the word; others may say it otherwise, since declared maxima change. */
const SAME_WORDS = new Set(['assert_trap', 'assert_exhaustion', 'assert_exception', 'assert_uninstantiable']);

/**
 * Sets one metered run of a script beside the plain one.
 *
 * @returns `{ kept, refused, follows, losses }`: of what passed plain, how many commands by kind passed again with the same
 * message, and the others: refused by name, following from a refusal, or lost.
 */
export function compareRuns(plain, metered) {
  const found = { kept: {}, refused: [], follows: 0, losses: [] };
  plain.forEach((one, at) => {
    const other = metered[at];
    if (one.status !== 'passed') return;
    if (other.status === 'passed' && (other.why === one.why || !SAME_WORDS.has(one.kind))) count(found.kept, one.kind);
    else if (other.status === 'refused') found.refused.push(other);
    else if (other.status === 'follows') found.follows += 1;
    else found.losses.push({ ...other, why: other.status === 'passed' ? `\`${other.why}\`, not \`${one.why}\`` : other.why });
  });
  return found;
}

export function count(counts, key, by = 1) {
  counts[key] = (counts[key] ?? 0) + by;
}

/** Numbers of outcomes, as `{ kind: { status: count } }`. */
export function countByKind(outcomes) {
  const counts = {};
  for (const { kind, status } of outcomes) {
    counts[kind] ??= {};
    count(counts[kind], status);
  }
  return counts;
}

/** What a refusal is for, without the place and numbers that differ from module to module. */
export function reasonOf(message) {
  return message
    .replace(/^core module: /, '')
    .replace(/ at byte \d+/, '')
    .replace(/with \d+ (elements|64 KiB pages)/, 'with too many $1')
    .replace(/, more than \d+/, '');
}

export function printReport({ files, unread, plain, variants }) {
  console.log(`Node ${process.version}: ${files} scripts, ${unread.length} that could not be read`);
  for (const { name, problem } of unread) console.log(`  ${name}: ${problem}`);
  console.log('plain');
  for (const [kind, counts] of Object.entries(plain)) console.log(`  ${kind.padEnd(24)} ${textOf(counts)}`);
  for (const variant of variants) printVariant(variant);
}

function printVariant({ name, kept, refusals, follows, losses }) {
  console.log(`${name}\n  kept     ${textOf(kept)}`);
  const refused = Object.values(refusals).reduce((sum, times) => sum + times, 0);
  console.log(`  refused  ${refused} modules, and ${follows} commands that follow from it`);
  for (const [reason, times] of Object.entries(refusals).sort(([, a], [, b]) => b - a))
    console.log(`    ${String(times).padStart(5)} ${reason}`);
  console.log(`  LOST     ${losses.length}`);
  for (const { script, line, kind, why } of losses.slice(0, LOSSES_SHOWN)) console.log(`    ${script}:${line} ${kind}: ${why}`);
}

function textOf(counts) {
  return Object.entries(counts)
    .map(([word, times]) => `${times} ${word}`)
    .join(', ');
}
