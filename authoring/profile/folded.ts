import type { FuelTree } from './fuel-tree.ts';

/**
 * The tree as folded stacks, one a line: `outer;inner 1234`, with the fuel of the innermost itself. What tools for flame graphs read.
 *
 * @returns lines in the order of the tree, each with its line feed.
 */
export function foldedStacks(tree: FuelTree): string {
  const lines: string[] = [];
  collect(tree, [], lines);
  return lines.join('');
}

function collect({ self, children }: FuelTree, path: readonly string[], lines: string[]): void {
  if (self > 0) lines.push(`${path.length === 0 ? '[host]' : path.join(';')} ${self}\n`);
  for (const child of children) collect(child, [...path, frame(child.name)], lines);
}

/** A semicolon separates frames; a space comes before the number only. */
function frame(name: string): string {
  return name.replaceAll(';', ',');
}
