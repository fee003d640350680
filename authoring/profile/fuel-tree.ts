import type { ProfileReport } from '../../runtime/index.ts';
import type { RowName } from './row-names.ts';

/** Fuel by the way on which calls came to it. Children are ordered by name. */
export interface FuelTree {
  readonly name: string;
  readonly self: number;
  /** With its children. */
  readonly total: number;
  readonly calls: number;
  readonly children: readonly FuelTree[];
}

interface Growing {
  readonly name: string;
  self: number;
  total: number;
  calls: number;
  readonly children: Map<string, Growing>;
}

/** Puts the trees of several calls into one, by names. */
export function fuelTree(
  reports: readonly { readonly report: ProfileReport; readonly nameOf: (row: number) => RowName }[],
): FuelTree {
  const root = growing('all');
  for (const { report, nameOf } of reports) addReport(root, report, nameOf);
  addUp(root);
  return finished(root);
}

function addReport(root: Growing, { tree }: ProfileReport, nameOf: (row: number) => RowName): void {
  const nodes: Growing[] = [root];
  for (let at = 0; at < tree.rows.length; at += 1) {
    const parent = nodes[tree.parents[at] as number] as Growing; // parents come first
    const node = at === 0 ? root : childOf(parent, nameOf(tree.rows[at] as number).name); // of one length, as below
    nodes[at] = node;
    node.self += tree.self[at] as number;
    node.calls += tree.calls[at] as number;
  }
}

function childOf(parent: Growing, name: string): Growing {
  let child = parent.children.get(name);
  if (child === undefined) {
    child = growing(name);
    parent.children.set(name, child);
  }
  return child;
}

function growing(name: string): Growing {
  return { name, self: 0, total: 0, calls: 0, children: new Map() };
}

/** Recursion is no issue: trees are 400 deep at most. */
function addUp(node: Growing): number {
  node.total = node.self;
  for (const child of node.children.values()) node.total += addUp(child);
  return node.total;
}

function finished({ name, self, total, calls, children }: Growing): FuelTree {
  const ordered = [...children.values()].sort((a, b) => (a.name < b.name ? -1 : 1)); // names differ
  return { name, self, total, calls, children: ordered.map(finished) };
}
