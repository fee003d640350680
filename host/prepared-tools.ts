import { statSync } from 'node:fs';
import {
  type Capability,
  CodedError,
  DEFAULT_LIMITS,
  isCoded,
  type Limits,
  type LoadedComponent,
  type PreparedCall,
  type Runner,
} from '../runtime/index.ts';
import { type CapabilityEntry, grantFor } from './capabilities/index.ts';
import { readComponentBytes } from './component-file.ts';
import type { ToolPolicy } from './policy/index.ts';

/** One function of a tool under certain grants, being prepared or ready. */
export interface PreparedTool {
  /** What tells one version of the component's file from another. */
  readonly stamp: string;
  readonly component: Promise<LoadedComponent>;
  readonly call: Promise<PreparedCall>;
  readonly runner: Runner;
  /** The call, once it is prepared: to wait for a promise that is settled costs more than to ask for this. */
  ready: PreparedCall | undefined;
}

/** Where runners come from: `Runners`, or something that runs nothing. */
export interface RunnerSource {
  for(tool: ToolPolicy): Runner;
}

export interface PreparedToolsOptions {
  readonly entries: readonly CapabilityEntry[];
  readonly runners: RunnerSource;
  /** What a component is linked with under these grants; asked once for each preparation. */
  readonly open: (tool: ToolPolicy, grants: readonly string[]) => readonly Capability[];
}

/** The tools of a policy, each function prepared when it is first asked for, and again when the component's file changes. */
export class PreparedTools {
  readonly #options: PreparedToolsOptions;
  readonly #tools = new Map<string, PreparedTool>();
  readonly #components = new Map<string, { readonly stamp: string; readonly component: Promise<LoadedComponent> }>();

  constructor(options: PreparedToolsOptions) {
    this.#options = options;
  }

  /**
   * @param grants - what this call gets: the tool's, or fewer.
   * @returns whose promises may reject with `policy/component-missing`, `policy/digest-mismatch`, and as `Runner.prepare`.
   * @throws CodedError `policy/component-missing`.
   */
  for(tool: ToolPolicy, functionName: string, grants: readonly string[]): PreparedTool {
    const key = JSON.stringify([tool.name, functionName, grants]);
    const stamp = stampOf(tool);
    const known = this.#tools.get(key);
    if (known !== undefined && known.stamp === stamp) return known;
    const runner = this.#options.runners.for(tool);
    const component = this.#component(tool, runner, stamp);
    const call = component.then((loaded) => this.#prepare(runner, loaded, tool, functionName, grants));
    const fresh: PreparedTool = { stamp, component, call, runner, ready: undefined };
    this.#tools.set(key, fresh);
    call.then(
      (ready) => {
        fresh.ready = ready;
      },
      () => this.#tools.get(key) === fresh && this.#tools.delete(key),
    );
    void known?.call.then((old) => known.runner.release(old)).catch(() => undefined);
    return fresh;
  }

  /**
   * The component of a tool, read and decoded by its runner, and not prepared.
   *
   * @throws CodedError `policy/component-missing`, `policy/digest-mismatch`, `component/*`.
   */
  async component(tool: ToolPolicy): Promise<LoadedComponent> {
    return this.#component(tool, this.#options.runners.for(tool), stampOf(tool));
  }

  /** One reading for all functions of a tool. */
  #component(tool: ToolPolicy, runner: Runner, stamp: string): Promise<LoadedComponent> {
    const known = this.#components.get(tool.name);
    if (known !== undefined && known.stamp === stamp) return known.component;
    const fresh = { stamp, component: readComponent(tool, runner) };
    this.#components.set(tool.name, fresh);
    fresh.component.catch(() => this.#components.get(tool.name) === fresh && this.#components.delete(tool.name));
    return fresh.component;
  }

  async #prepare(
    runner: Runner,
    component: LoadedComponent,
    tool: ToolPolicy,
    functionName: string,
    grants: readonly string[],
  ): Promise<PreparedCall> {
    const { entries, open } = this.#options;
    const prepared = runner.prepare(component, {
      function: functionName,
      capabilities: open(tool, grants),
      limits: limitsOf(tool),
      grantFor: (importName) => grantFor(importName, entries),
    });
    return prepared.catch((error: unknown) => {
      throw withCallers(error, tool, grants);
    });
  }
}

/** A refusal for a grant that the tool has, and not everybody on whose behalf it runs, says so. */
function withCallers(error: unknown, tool: ToolPolicy, grants: readonly string[]): unknown {
  if (!isCoded(error) || error.code !== 'denied/no-grant') return error;
  const { missing = [] } = (error.data ?? {}) as { readonly missing?: readonly { readonly grantedBy: string | null }[] };
  const isWithheld = missing.some(({ grantedBy }) => tool.grants.some((name) => name === grantedBy && !grants.includes(name)));
  if (!isWithheld) return error;
  return new CodedError(error.code, `${error.message}; \`${tool.name}\` has the grant, and not all of its callers`, {
    data: error.data,
    help: `${error.help}, to its callers too`,
  });
}

/** Asked before every call and answered at once: an asynchronous answer would cost more than the policy's decision. */
function stampOf(tool: ToolPolicy): string {
  try {
    const stats = statSync(tool.componentPath, { bigint: true });
    return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
  } catch (error) {
    throw componentMissing(tool, error);
  }
}

async function readComponent(tool: ToolPolicy, runner: Runner): Promise<LoadedComponent> {
  const bytes = await readComponentBytes(tool.componentPath).catch((error: unknown) => {
    throw isCoded(error) && error.code !== 'usage/unreadable-file' ? error : componentMissing(tool, error);
  });
  const component = await runner.load(bytes);
  if (tool.componentDigest !== undefined && tool.componentDigest !== component.digest) {
    throw new CodedError('policy/digest-mismatch', `the component of \`${tool.name}\` is not the one that the policy pins`, {
      data: { expected: tool.componentDigest, got: component.digest },
      help: 'check where the new file comes from; if it is the right one, put its digest into the policy',
    });
  }
  return component;
}

function componentMissing(tool: ToolPolicy, cause: unknown): CodedError {
  return new CodedError(
    'policy/component-missing',
    `the component of \`${tool.name}\` cannot be read: \`${tool.componentPath}\``,
    {
      cause,
      help: 'build the tool, or correct `component` in the policy (the path is relative to the policy file)',
    },
  );
}

function limitsOf(tool: ToolPolicy): Partial<Limits> {
  return Object.fromEntries(Object.entries(tool.limits).filter(([key, value]) => key in DEFAULT_LIMITS && value !== undefined));
}
