import type { ToolProject } from '../project/index.ts';

/** What a build asks of a compiler, beside the folder. */
export interface BuildContext {
  /** Takes what compilers write, as it comes: progress and messages, for people. */
  readonly onOutput?: (text: string) => void;
  /** Dependencies must be those of the lock file; else it may be brought up to date. */
  readonly locked?: boolean;
}

export interface Compiled {
  /** The component, its documentation included. */
  readonly component: Uint8Array;
  /** Versions of everything that had a part in the bytes, by name, such as `{ rustc: '1.96.0' }`. */
  readonly toolchain: Readonly<Record<string, string>>;
}

/**
 * Makes a component from the source of one tool. One such function for each language.
 *
 * The same source gives the same bytes, wherever its folder lies and whenever it runs: no path of this machine and no time may
 * get into them.
 *
 * @param project - read only, but for what the build generates anew, such as bindings.
 * @param out - an existing folder for intermediate files and caches: `target` in the tool's folder. May hold those of earlier builds.
 * @throws CodedError `author/no-compiler` with how to install it; `author/does-not-compile` by `doesNotCompile`;
 *   `author/invalid-wit`; `author/mismatch`.
 */
export type Compile = (project: ToolProject, out: string, context: BuildContext) => Promise<Compiled>;
