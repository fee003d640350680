import type { ParameterPath } from './conditions/index.ts';
import type { RuleRef } from './rule-ref.ts';

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
  /** The same with their scopes, as records and approvals show them; by name. */
  readonly grantTexts: ReadonlyMap<string, string>;
  /** Scopes of capabilities that have one, as their schemas made them. */
  readonly scopes: ReadonlyMap<string, unknown>;
  /** Scopes that ceilings set: what they do not have is refused, whatever the tool's own scope says. */
  readonly ceilingScopes: readonly ReadonlyMap<string, unknown>[];
  /** Where the policy has a ceiling, no limit that the ceiling has is absent here. */
  readonly limits: ToolLimits;
  /** Parameters that trail and approvals keep as keyed digests only. */
  readonly secrets: readonly ParameterPath[];
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
