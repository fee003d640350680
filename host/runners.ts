import {
  type Isolation,
  ProcessRunner,
  type ProcessRunnerOptions,
  type Runner,
  type RunnerEvent,
  Runtime,
  type RuntimeOptions,
} from '../runtime/index.ts';
import type { ToolPolicy } from './policy/index.ts';

export interface RunnersOptions extends RuntimeOptions, Pick<ProcessRunnerOptions, 'user' | 'readable'> {
  /** The wall for tools whose policy names none. Default `process`. */
  readonly isolation?: Isolation;
  /** Hears of runner processes that were killed or crashed. Default: nobody. */
  readonly onRunnerEvent?: (event: RunnerEvent & { readonly group: string }) => void;
}

/**
 * The runners of one warden, started when a tool first needs them: one with threads of this process for tools that are trusted,
 * and one with a process of its own for each trust group. Tools that name no group are each a group of their own.
 */
export class Runners {
  readonly #options: RunnersOptions;
  readonly #runners = new Map<string, Runner>();

  constructor(options: RunnersOptions) {
    this.#options = options;
  }

  /** The runner whose wall a tool's policy asks for. */
  for(tool: ToolPolicy): Runner {
    const isolation = tool.isolation ?? this.#options.isolation ?? 'process';
    const group = tool.group ?? tool.name;
    const key = isolation === 'thread' ? isolation : `${isolation} ${group}`;
    let runner = this.#runners.get(key);
    if (runner === undefined) {
      runner = isolation === 'thread' ? new Runtime(this.#options) : this.#startProcess(group);
      this.#runners.set(key, runner);
    }
    return runner;
  }

  /** Ends all threads and processes. */
  async close(): Promise<void> {
    const runners = [...this.#runners.values()];
    this.#runners.clear();
    await Promise.all(runners.map((runner) => runner.close()));
  }

  #startProcess(group: string): Runner {
    const { onRunnerEvent } = this.#options;
    return new ProcessRunner({
      ...this.#options,
      group,
      onRunnerEvent: (event) => onRunnerEvent?.({ ...event, group }),
    });
  }
}
