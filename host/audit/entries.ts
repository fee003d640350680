import type { OutcomeKind, PlainJson } from '../../runtime/index.ts';

/**
 * What the trail records: one JSON object a line, in the order in which it was decided. All are plain JSON data; instants are
 * milliseconds since 1970, sizes bytes, digests `sha256:` and hex, fuel a decimal string. Text from outside is kept as it came.
 */
export type TrailEntry =
  | OpenedEntry
  | ClosedEntry
  | RecoveredEntry
  | RequestedEntry
  | DecidedEntry
  | ApprovalEntry
  | ShapeEntry
  | IntentEntry
  | OutcomeEntry
  | AlertEntry;

/** A process began to write; everything that it does not end is `interrupted` once it is gone. */
export interface OpenedEntry {
  readonly kind: 'opened';
  readonly writer: string;
  readonly pid: number;
  readonly version: string;
  /** Version of the policy that this writer decides by; absent for commands that only administer. */
  readonly policy?: string;
  /** What weakens a promise by explicit choice, such as `sync: os` or `isolation: thread`. */
  readonly reduced?: readonly string[];
}

export interface ClosedEntry {
  readonly kind: 'closed';
  readonly writer: string;
}

/** The bytes of a record that was not written to its end were cut; they had been acknowledged to nobody. */
export interface RecoveredEntry {
  readonly kind: 'recovered';
  readonly droppedBytes: number;
  readonly droppedDigest: string;
}

/** A request as it came, after redaction. `audit` is the id of the request in every later record. */
export interface RequestedEntry {
  readonly kind: 'requested';
  readonly audit: string;
  readonly writer: string;
  /** As they came; cut at 256 characters where they are no names. */
  readonly agent: string;
  readonly tool: string;
  /** JSON of the parameters in the mapping of their WIT types, secrets replaced by keyed digests; absent where they never had types. */
  readonly parameters?: PlainJson;
  /** Digest of the canonical bytes of the parameters, keyed (`hmac-sha256:`) where they hold secrets; absent where they never had types. */
  readonly parametersDigest?: string;
  readonly justification?: string;
  readonly source?: string;
  readonly requestId?: string;
  readonly session?: string;
  readonly deadline?: number;
  /** Audit ids of the calls on whose behalf this one is, outermost first. */
  readonly chain?: readonly string[];
}

/** What the policy said. `ask`: a human is asked, or still has to answer. `repeat`: the same request came before. */
export interface DecidedEntry {
  readonly kind: 'decided';
  readonly audit: string;
  readonly effect: 'allow' | 'ask' | 'deny' | 'repeat';
  readonly code?: string;
  readonly message?: string;
  /** With `repeat`: the request of the same `request_id` that it is answered by. */
  readonly repeats?: string;
  readonly rules: readonly string[];
  /** Version of the policy. */
  readonly policy: string;
  /** Budgets that this call is counted in; only with `allow`. */
  readonly budgets?: readonly { readonly key: string; readonly windowMs: number }[];
  /** The approval that let it through, or that it waits for. */
  readonly approval?: string;
  /** The rule made by an approver that let it through. */
  readonly shape?: string;
  /** What would have been refused or asked, had log-only rules been enforced. */
  readonly logOnly?: readonly { readonly effect: 'ask' | 'deny'; readonly code?: string; readonly rules: readonly string[] }[];
  /** Digest over agent, tool, parameters, justification, source and session: what `request_id` stands for. */
  readonly requestDigest?: string;
}

/** Everything that an approver is shown and that an approval is bound to. */
export interface ApprovalSubject {
  readonly agent: string;
  readonly tool: string;
  readonly function: string;
  /** Digest of the component. */
  readonly component: string;
  /** Digest of the canonical bytes of the parameters. */
  readonly parametersDigest: string;
  readonly session?: string;
  readonly grants: readonly string[];
  /** All limits of the call, by name, as decimal strings. */
  readonly limits: Readonly<Record<string, string>>;
  /** Version of the policy. */
  readonly policy: string;
  readonly justification?: string;
  readonly source?: string;
  /** There for a question that a running call asks: a yes to it lets nothing run. The subject is then that call. */
  readonly question?: CallQuestion;
}

/** What a tool asks a human in the middle of a call; in the words of the tool, which nobody checked. */
export interface CallQuestion {
  /** Audit id of the running call. It ends the question, too. */
  readonly audit: string;
  /** The process in which the call runs. */
  readonly writer: string;
  readonly text: string;
  readonly details?: string;
}

export type ApprovalEntry =
  | {
      readonly kind: 'approval';
      readonly event: 'asked';
      readonly approval: string;
      readonly audit: string;
      readonly at: number;
      /** Instant after which silence is no. */
      readonly expiresAt: number;
      /** How long an approval may wait for its use. */
      readonly useWithinMs: number;
      /** `sha256:` over the subject; see `approvalDigest`. */
      readonly digest: string;
      readonly subject: ApprovalSubject;
      /** As in the requested record: secrets are keyed digests. */
      readonly parameters: PlainJson;
      readonly rules: readonly string[];
      /** Names of approvers; empty: whoever may write the trail's folder, which is the operator. */
      readonly approvers: readonly string[];
      readonly channels: readonly string[];
    }
  | {
      readonly kind: 'approval';
      readonly event: 'approved' | 'denied' | 'revoked';
      readonly approval: string;
      readonly at: number;
      /** Who answered: a name that the channel vouches for. */
      readonly by: string;
      /** Through which channel: `cli`, `terminal`, `slack`, `library`. */
      readonly channel: string;
      readonly reason?: string;
    }
  | { readonly kind: 'approval'; readonly event: 'expired'; readonly approval: string; readonly at: number }
  | { readonly kind: 'approval'; readonly event: 'used'; readonly approval: string; readonly at: number; readonly audit: string };

/** A rule that an approver made: calls like one that was approved, for a while. */
export type ShapeEntry =
  | {
      readonly kind: 'shape';
      readonly event: 'added';
      readonly shape: string;
      readonly at: number;
      readonly by: string;
      readonly channel: string;
      /** The approval that it was made from. */
      readonly approval: string;
      /** Subject of that approval; justification and source do not bind, all else does. */
      readonly subject: ApprovalSubject;
      /** Its parameters; those named in `free` may differ, all others must be equal. */
      readonly parameters: PlainJson;
      readonly free: readonly string[];
      /** Digest over subject and bound parameters; see `shapeDigest`. */
      readonly digest: string;
      readonly expiresAt: number;
      readonly usesMax: number;
    }
  | { readonly kind: 'shape'; readonly event: 'used'; readonly shape: string; readonly at: number; readonly audit: string }
  | {
      readonly kind: 'shape';
      readonly event: 'revoked';
      readonly shape: string;
      readonly at: number;
      readonly by: string;
      readonly channel: string;
      readonly reason?: string;
    };

/** A call is about to run. Nothing has an effect before this is durable. */
export interface IntentEntry {
  readonly kind: 'intent';
  readonly audit: string;
  readonly writer: string;
  readonly tool: string;
  readonly function: string;
  readonly component: string;
  readonly parametersDigest: string;
  readonly grants: readonly string[];
  readonly limits: Readonly<Record<string, string>>;
  readonly approval?: string;
  readonly shape?: string;
}

/** How a call ended. `failed/interrupted` is written by whoever finds that its writer is gone. */
export interface OutcomeEntry {
  readonly kind: 'outcome';
  readonly audit: string;
  readonly outcome: OutcomeKind;
  readonly code?: string;
  readonly message?: string;
  readonly fuel: string;
  readonly memoryBytesPeak: number;
  readonly wallMs: number;
  readonly hostCalls: number;
  readonly resultDigest?: string;
  /** The result's JSON, where the policy keeps results. */
  readonly result?: PlainJson;
  /** What capabilities did in the call, or refused, in their order; `act` and `result` are text. */
  readonly uses?: readonly {
    readonly capability: string;
    readonly act: string;
    readonly result: string;
    readonly data?: PlainJson;
  }[];
  /** Uses beyond those kept. */
  readonly usesDropped?: number;
  /** Answers of host functions in their order, where the policy keeps them: what a replay answers with. */
  readonly hostAnswers?: readonly PlainJson[];
}

export interface AlertEntry {
  readonly kind: 'alert';
  readonly audit: string;
  readonly rule: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly sinks: readonly string[];
}
