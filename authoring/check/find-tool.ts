import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readComponentBytes } from '../../host/component-file.ts';
import { digestOf } from '../../host/digest.ts';
import type { Policy, ToolPolicy } from '../../host/policy/index.ts';
import { quote, quoteList } from '../../host/policy/quote.ts';
import { nearestName } from '../../host/policy-tools/nearest-name.ts';
import { CodedError } from '../../runtime/index.ts';
import { MANIFEST, readProject } from '../project/manifest.ts';

/** A tool of a policy, and the folder that it is built in. */
export interface FoundTool {
  readonly tool: ToolPolicy;
  /** Absolute path: what was named, else what the policy says. */
  readonly component: string;
  readonly folder: string;
}

/**
 * Finds the tool that is meant.
 *
 * @param named - a tool's name in the policy; or the folder or the component of one, by its path or its digest.
 * @throws CodedError `usage/not-found`, `usage/ambiguous`, `usage/unreadable-file`, `author/invalid-file`.
 */
export async function findTool(policy: Policy, named: string): Promise<FoundTool> {
  const byName = policy.tools.get(named);
  if (byName !== undefined) return { tool: byName, component: byName.componentPath, folder: dirname(byName.componentPath) };
  const info = await stat(named).catch(() => undefined);
  if (info === undefined) throw notThere(policy, named);
  const folder = resolve(info.isDirectory() ? named : dirname(named));
  const component = info.isDirectory() ? await componentIn(folder) : resolve(named);
  return { tool: await toolOf(policy, component), component, folder };
}

function notThere(policy: Policy, named: string): CodedError {
  const names = [...policy.tools.keys()];
  const near = nearestName(named, names);
  return new CodedError('usage/not-found', `neither a tool of the policy nor a file is ${quote(named)}`, {
    help: `${near === undefined ? '' : `did you mean ${quote(near)}? `}the policy has ${quoteList(names)}`,
  });
}

async function componentIn(folder: string): Promise<string> {
  const isTool = await stat(join(folder, MANIFEST)).then(
    (info) => info.isFile(),
    () => false,
  );
  if (isTool) return (await readProject(folder)).component;
  const [only, ...others] = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  if (only !== undefined && others.length === 0) return join(folder, only);
  throw new CodedError('usage/not-found', `${quote(folder)} has no \`${MANIFEST}\`, and not one component`, {
    help: 'name the component, or the tool as the policy does',
  });
}

/** By its path; else by the digest that the policy pins. */
async function toolOf(policy: Policy, component: string): Promise<ToolPolicy> {
  const tools = [...policy.tools.values()];
  const byPath = tools.filter(({ componentPath }) => componentPath === component);
  const digest = byPath.length > 0 ? undefined : digestOf(await readComponentBytes(component));
  const found = digest === undefined ? byPath : tools.filter(({ componentDigest }) => componentDigest === digest);
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  if (first !== undefined) {
    throw new CodedError('usage/ambiguous', `the component is that of ${quoteList(found.map(({ name }) => name))}`, {
      help: 'name the tool as the policy does',
    });
  }
  throw new CodedError('usage/not-found', `no tool of the policy has the component ${quote(component)}, by path or digest`, {
    help: `the policy has ${quoteList(tools.map(({ name }) => name))}`,
  });
}
