import {
  type CallableFunction,
  type CodedError,
  isCoded,
  type LoadedComponent,
  resolveFunction,
  type WorldItem,
} from '../../runtime/index.ts';
import { readComponentFile } from '../component-file.ts';
import type { Policy, ToolPolicy } from '../policy/index.ts';

/** What a tool's component says of itself, without running any of it; its bytes are not kept. */
export interface ToolComponent {
  readonly digest: string;
  readonly imports: readonly WorldItem[];
  /** By the names that the policy gives them: the function, or why there is none. */
  readonly functions: ReadonlyMap<string, CallableFunction | CodedError>;
}

/** By tool; an error where the component cannot be read or decoded. */
export type ToolComponents = ReadonlyMap<string, ToolComponent | CodedError>;

/** @throws CodedError `usage/unreadable-file`, `component/*`. */
type ReadComponent = (path: string) => Promise<LoadedComponent>;

/**
 * Reads the components that a policy names, one after the other. A file that several tools share is decoded once.
 *
 * @param only - tools to read; default all. @param read - default: decoded here, in this process.
 */
export async function readToolComponents(
  policy: Policy,
  only?: ReadonlySet<string>,
  read: ReadComponent = readComponentFile,
): Promise<ToolComponents> {
  const found = new Map<string, ToolComponent | CodedError>();
  const tools = [...policy.tools.values()].filter(({ name }) => only === undefined || only.has(name));
  // Tools of one file beside each other, so that one component at a time is held.
  tools.sort((a, b) => (a.componentPath < b.componentPath ? -1 : a.componentPath > b.componentPath ? 1 : 0));
  let last: { readonly path: string; readonly component: LoadedComponent | CodedError } | undefined;
  for (const tool of tools) {
    if (last?.path !== tool.componentPath) {
      last = { path: tool.componentPath, component: await read(tool.componentPath).catch(codedOnly) };
    }
    found.set(tool.name, isCoded(last.component) ? last.component : describe(tool, last.component));
  }
  return found;
}

function codedOnly(error: unknown): CodedError {
  if (isCoded(error)) return error;
  throw error;
}

function describe(tool: ToolPolicy, component: LoadedComponent): ToolComponent {
  const functions = new Map(tool.functions.map((name) => [name, resolved(component, name)]));
  return { digest: component.digest, imports: component.imports, functions };
}

function resolved(component: LoadedComponent, name: string): CallableFunction | CodedError {
  try {
    return resolveFunction(component, name);
  } catch (error) {
    return codedOnly(error);
  }
}

/** The function as its component has it; undefined where that is not known, or data cannot call it. */
export function knownFunction(components: ToolComponents, tool: string, functionName: string): CallableFunction | undefined {
  const component = components.get(tool);
  if (component === undefined || isCoded(component)) return undefined;
  const found = component.functions.get(functionName);
  return found === undefined || isCoded(found) || !found.callable ? undefined : found;
}
