/**
 * Where a decision comes from: place in the document, then file and line, such as
 * `agents.triage.tools[1] (cellblock.yaml:21)`. For people and the audit trail; nothing is looked up by it.
 */
export type RuleRef = string;

/** Limits in plain units. Absent means the default of the runtime, which is never "no limit". */
export interface ToolLimits {
  /** Units of fuel, 1 to 2^62. */
  readonly fuelMax?: bigint;
  /** Pages of 64 KiB, 1 to 65,536. */
  readonly memoryPagesMax?: number;
  readonly tableElementsMax?: number;
  readonly timeoutMsMax?: number;
  readonly resultBytesMax?: number;
  /** For standard output and standard error, each. */
  readonly stdioBytesMax?: number;
}

export interface ToolPolicy {
  readonly name: string;
  /** Absolute path; nobody has looked whether the file is there. */
  readonly componentPath: string;
  /** `sha256:` and 64 lower-case hex digits, when the policy pins the component. */
  readonly componentDigest?: string;
  /** Offered functions in the order of the file, as written: a name or `interface#function`. At least one, none twice. */
  readonly functions: readonly string[];
  /** Names of capabilities, each one known to the loader. */
  readonly grants: readonly string[];
  readonly limits: ToolLimits;
  /** The wall that the policy asks for; absent: the warden's own choice. */
  readonly isolation?: 'thread' | 'process';
  /** Tools that share a runner process; absent: the tool alone. */
  readonly group?: string;
  readonly rules: {
    readonly tool: RuleRef;
    /** The list of functions as a whole. */
    readonly functions: RuleRef;
    readonly byFunction: ReadonlyMap<string, RuleRef>;
  };
}

/** What an agent may do with one tool. */
export interface ToolAccess {
  /** The entry that names the tool alone, so all functions that it offers. */
  readonly whole?: RuleRef;
  /** Entries that name one function each. */
  readonly byFunction: ReadonlyMap<string, RuleRef>;
}

export interface AgentPolicy {
  readonly name: string;
  /** By tool name; a tool that is not here may not be used. */
  readonly access: ReadonlyMap<string, ToolAccess>;
  /** The agent's list of tools as a whole. */
  readonly rule: RuleRef;
}

/**
 * A policy that was checked as a whole: every reference in it resolves. Immutable; a changed file makes a new value with
 * another digest. Names are looked up in maps, so that no name reaches a JavaScript prototype.
 */
export interface Policy {
  /** `sha256:` and 64 lower-case hex digits, over the file's bytes: the version of the policy. */
  readonly digest: string;
  /** Absolute path of the file. */
  readonly file: string;
  /** Last part of that path, as rules show it. */
  readonly fileName: string;
  readonly tools: ReadonlyMap<string, ToolPolicy>;
  readonly agents: ReadonlyMap<string, AgentPolicy>;
  /** The two sections as wholes: what a default denial points to. */
  readonly rules: { readonly tools: RuleRef; readonly agents: RuleRef };
}
