import { CodedError } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';

/** Where secrets are, as a tree of names and places: what one step down leads to. */
export interface SecretNode {
  /** Everything from here down is secret. */
  readonly secret: boolean;
  readonly byName: ReadonlyMap<string, SecretNode>;
  readonly byIndex: ReadonlyMap<number, SecretNode>;
  readonly each?: SecretNode;
}

interface BuiltNode {
  secret: boolean;
  readonly byName: Map<string, BuiltNode>;
  readonly byIndex: Map<number, BuiltNode>;
  each?: BuiltNode;
}

const newNode = (): BuiltNode => ({ secret: false, byName: new Map(), byIndex: new Map() });

/** One step: a name, then places in lists. */
const STEP = /^([^.[\]]+)((?:\[(?:\*|\d{1,9})\])*)$/;

/**
 * Compiles parameter paths such as `token`, `auth.password`, `headers[*].value`, `pairs[0][1]`.
 *
 * @throws CodedError `usage/invalid-argument` for anything else: a path that is not understood must not mean that nothing is secret.
 */
export function compileSecretPaths(paths: readonly string[]): SecretNode {
  const root = newNode();
  for (const path of paths) {
    let node = root;
    for (const step of path.split('.')) node = descend(node, step, path);
    node.secret = true;
  }
  return root;
}

function descend(from: BuiltNode, step: string, path: string): BuiltNode {
  const match = STEP.exec(step);
  if (match === null) {
    throw new CodedError('usage/invalid-argument', `${quote(path)} is no path of a parameter`, {
      help: 'expected names with dots between, and `[*]` or `[0]` for lists, as in `headers[*].value`',
    });
  }
  let node = child(from.byName, match[1]!);
  for (const [, place] of match[2]!.matchAll(/\[(\*|\d+)\]/g)) {
    if (place === '*') {
      node.each ??= newNode();
      node = node.each;
    } else node = child(node.byIndex, Number(place));
  }
  return node;
}

function child<Key>(nodes: Map<Key, BuiltNode>, key: Key): BuiltNode {
  const node = nodes.get(key) ?? newNode();
  nodes.set(key, node);
  return node;
}
