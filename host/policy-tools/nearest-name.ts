/** Edits that a slip of the finger takes: more make it another word. */
const EDITS_MAX = 3;

/** The name that is most like the one given; undefined when none is close. Compares at most 100 characters. */
export function nearestName(name: string, among: Iterable<string>): string | undefined {
  const wanted = name.slice(0, 100).toLowerCase();
  let best: string | undefined;
  let least = Math.min(EDITS_MAX, Math.floor(wanted.length / 2)) + 1;
  for (const candidate of among) {
    const edits = editDistance(candidate.slice(0, 100).toLowerCase(), wanted);
    if (edits >= least) continue;
    least = edits;
    best = candidate;
  }
  return best;
}

/** Insertions, deletions and replacements of one character that make `a` of `b`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replace, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
