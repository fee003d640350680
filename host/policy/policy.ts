import type { RuleRef } from './rule-ref.ts';
import type { RuleSet } from './rule-set.ts';
import type { SecretSource } from './secrets-schema.ts';
import type { ServePolicy } from './serve.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** What an agent's own list says of one tool. */
export interface ToolAccess {
  /** The entry without conditions that names the tool alone, so all functions that it offers. */
  readonly whole?: RuleRef;
  /** Entries without conditions that name one function each. */
  readonly byFunction: ReadonlyMap<string, RuleRef>;
  /** Entries with conditions, in the order of the file. */
  readonly conditional: readonly RuleRef[];
}

export interface AgentPolicy {
  readonly name: string;
  /** By tool name. A tool that is not here may only be used by an allow rule of the policy's `rules`. */
  readonly access: ReadonlyMap<string, ToolAccess>;
  /** The agent's list of tools as a whole. */
  readonly rule: RuleRef;
}

/** How the trail is kept. */
export interface TrailPolicy {
  /** Absolute path; default `.cellblock` beside the policy file. */
  readonly folder: string;
  /** When a record counts as written: synced one by one, in groups, or left to the system. */
  readonly sync: 'each' | 'group' | 'os';
  readonly segmentBytesMax: number;
  /** Whether results are kept or only their digests. */
  readonly results: 'digest' | 'keep';
  /** Whether the answers of host functions are kept, for a replay. */
  readonly answers: 'none' | 'keep';
}

/** Where alerts go. Secrets are named by environment variable and never in the file. */
export type AlertSink =
  | { readonly kind: 'file'; readonly name: string /** Absolute path. */; readonly file: string }
  | { readonly kind: 'webhook'; readonly name: string; readonly url: string; readonly secretEnv?: string }
  | { readonly kind: 'slack'; readonly name: string; readonly urlEnv: string }
  | { readonly kind: 'stderr'; readonly name: string };

/**
 * What carries questions to approvers; `name` as `ask.channels` has it. `terminal` is always there. `mcp`: the MCP client of that agent shows the
 * question to the person who sits before it, and its answer counts as theirs: the operator trusts that client.
 */
export type ApproverChannel =
  | { readonly kind: 'mcp'; readonly name: `mcp:${string}`; readonly agent: string; readonly person: string }
  | { readonly kind: 'terminal'; readonly name: 'terminal' }
  | { readonly kind: 'webhook'; readonly name: `webhook:${string}`; readonly url: string; readonly secretEnv: string }
  | {
      readonly kind: 'slack';
      readonly name: `slack:${string}`;
      readonly urlEnv: string;
      readonly signingSecretEnv: string;
      /** Names of approvers by their ids at Slack. */
      readonly users: ReadonlyMap<string, string>;
    };

/**
 * A policy that was checked as a whole: every reference in it resolves. Immutable; a changed file makes a new value with
 * another digest. Names are looked up in maps, so that no name reaches a JavaScript prototype.
 */
export interface Policy {
  /** `sha256:` and 64 lower-case hex digits, over the bytes of the file, and of the ceiling's file if it has one: the version of the policy. */
  readonly digest: string;
  /** Absolute path of the file. */
  readonly file: string;
  /** Last part of that path, as rules show it. */
  readonly fileName: string;
  /** `log-only`: rules are recorded and not enforced; who may use which tool, and the ceiling, still are. */
  readonly mode: 'enforce' | 'log-only';
  readonly trail: TrailPolicy;
  readonly alertSinks: ReadonlyMap<string, AlertSink>;
  readonly approverChannels: ReadonlyMap<string, ApproverChannel>;
  /** Names of the people that rules may ask. */
  readonly approverNames: ReadonlySet<string>;
  /** Where secrets are, by name; relative paths start at the folder of `file`. */
  readonly secrets: ReadonlyMap<string, SecretSource>;
  readonly serve: ServePolicy;
  readonly tools: ReadonlyMap<string, ToolPolicy>;
  readonly agents: ReadonlyMap<string, AgentPolicy>;
  /** The two sections as wholes: what a default denial points to. */
  readonly rules: { readonly tools: RuleRef; readonly agents: RuleRef };
  /** All rules: entries of agents, `rules` and those of the ceiling. */
  readonly ruleSet: RuleSet;
}
