/** How a request ended. One word each, also the first field of every `--json` answer. */
export type OutcomeKind = 'ok' | 'tool-error' | 'refused' | 'trapped' | 'limited' | 'pending' | 'cancelled' | 'failed';

/** What a code is reported as: an outcome, or broken use of the library or command line. */
export type CodeKind = Exclude<OutcomeKind, 'ok' | 'pending'> | 'usage';

/** Exit code of the command line for each kind. */
export const EXIT_CODES: Readonly<Record<OutcomeKind | 'usage', number>> = {
  ok: 0,
  'tool-error': 1,
  usage: 2,
  refused: 3,
  trapped: 4,
  limited: 5,
  pending: 6,
  cancelled: 7,
  failed: 8,
};

interface CodeRow {
  readonly kind: CodeKind;
  /** Who must act. */
  readonly who: 'caller' | 'operator' | 'author' | 'agent' | 'us';
  /** What it means, one sentence for the docs page. */
  readonly means: string;
}

const row = (kind: CodeKind, who: CodeRow['who'], means: string): CodeRow => ({ kind, who, means });

/**
 * Every code that a `CodedError` or an outcome can carry. The type, `docs/codes.md`, the exit codes and the tests all
 * come from this table.
 */
export const CODES = {
  'usage/invalid-argument': row('usage', 'caller', 'An option or argument of the call cannot be used as it stands.'),
  'usage/unreadable-file': row('usage', 'caller', 'A file named by the caller cannot be read.'),
  'usage/not-found': row('usage', 'caller', 'There is no record, approval or rule of that name.'),
  'usage/ambiguous': row('usage', 'caller', 'More than one record, approval or rule begins like that.'),
  'author/invalid-file': row(
    'usage',
    'author',
    "A file of a tool's folder does not have the shape it must have; the message has file, line and column.",
  ),
  'author/invalid-wit': row('usage', 'author', 'The WIT cannot be read, or has no such world.'),
  'author/unsupported-wit': row('usage', 'author', 'The WIT uses something that these bindings do not cover.'),
  'author/no-compiler': row('usage', 'author', 'A compiler that the tool needs is not installed; the help says how to get it.'),
  'author/does-not-compile': row(
    'usage',
    'author',
    "The tool's source does not compile; the message has what the compiler says.",
  ),
  'author/mismatch': row('usage', 'author', 'What the source implements is not what the WIT says; the message shows both sides.'),
  'audit/broken-chain': row('failed', 'operator', 'The trail was changed; `data.seq` is the first record that does not fit.'),
  'audit/unreadable': row('failed', 'operator', 'The trail, or its keys, cannot be read.'),
  'usage/closed': row('usage', 'caller', 'The runtime or warden was already closed.'),
  'policy/missing': row('refused', 'operator', 'The policy file is not there or cannot be read; nothing runs.'),
  'policy/invalid-document': row(
    'refused',
    'operator',
    'The policy file does not parse or does not match its schema; nothing runs.',
  ),
  'policy/digest-mismatch': row('refused', 'operator', 'The component on disk is not the one that the policy pins.'),
  'policy/component-missing': row('refused', 'operator', 'The component file that the policy names cannot be read.'),
  'component/malformed': row('refused', 'author', 'The bytes are not a valid component binary; `data.offset` says where.'),
  'component/too-large': row('refused', 'author', 'The component, or a count inside it, passes a size limit of the decoder.'),
  'component/not-a-component': row('refused', 'author', 'The bytes are a core module or something else, not a component.'),
  'component/unsupported': row('refused', 'author', 'The component uses a feature that this runtime does not run.'),
  'component/unsupported-instruction': row('refused', 'author', 'A core module uses an instruction that is not switched on.'),
  'component/invalid-core-module': row('refused', 'author', 'A core module inside the component does not validate.'),
  'component/transpile-failed': row('refused', 'author', 'The bindings generator refused the component.'),
  'component/unknown-function': row('refused', 'agent', 'The component exports no function of that name.'),
  'component/not-callable': row('refused', 'author', 'The function exists but its signature cannot be called from data.'),
  'params/invalid': row('refused', 'agent', 'A parameter does not match its WIT type, or the request has not the right shape.'),
  'params/malformed-json': row('refused', 'agent', 'The parameters are not strict JSON.'),
  'params/request-id-conflict': row('refused', 'agent', 'The same `request_id` came before with another request.'),
  'params/too-large': row('refused', 'agent', 'The parameters pass a size or nesting limit.'),
  'denied/no-policy-for-tool': row('refused', 'operator', 'The policy lists no such tool.'),
  'denied/no-policy-for-agent': row('refused', 'operator', 'The policy lists no such agent.'),
  'denied/tool-not-granted': row('refused', 'operator', 'The agent exists but may not use this tool.'),
  'denied/function-not-listed': row('refused', 'operator', 'The tool exists but this function of it is not offered.'),
  'denied/no-grant': row('refused', 'operator', 'The component imports something that was not granted.'),
  'denied/parameters': row(
    'refused',
    'agent',
    'The agent may use the tool, but no rule allows these parameters; `data.path` says which.',
  ),
  'denied/forbidden': row('refused', 'operator', 'A rule forbids the request, whatever others allow.'),
  'denied/outside-hours': row('refused', 'operator', 'The rules that would allow the request are not in force at this time.'),
  'denied/budget': row('refused', 'operator', 'A budget of calls is used up; `data.retryAfterMs` says when one is free again.'),
  'denied/justification-required': row('refused', 'agent', 'The rule asks for a justification that the request does not have.'),
  'denied/source-required': row('refused', 'agent', 'The rule asks for the source that made the agent ask.'),
  'denied/condition-failed': row('refused', 'operator', 'A condition of a rule could not be evaluated on this request.'),
  'denied/approval-unknown': row('refused', 'agent', 'There is no such approval for this agent.'),
  'denied/approval-mismatch': row('refused', 'agent', 'The approval is for another request than this one.'),
  'denied/approval-used': row('refused', 'agent', 'The approval was used; each serves one call.'),
  'denied/approval-expired': row('refused', 'agent', 'Nobody approved in time, or the approval was not used in time.'),
  'denied/approval-denied': row('refused', 'agent', 'A human denied the request.'),
  'denied/approval-revoked': row('refused', 'agent', 'The approval was taken back before it was used.'),
  'denied/not-an-approver': row('refused', 'operator', 'Who answered may not approve this request.'),
  'limit/fuel': row('limited', 'operator', 'The guest used up its fuel.'),
  'limit/memory': row('limited', 'operator', 'The component needs more memory than the limit to start.'),
  'limit/table': row('limited', 'operator', 'The component needs larger tables than the limit to start.'),
  'limit/deadline': row('limited', 'operator', 'The call did not end within its time limit.'),
  'limit/result': row('limited', 'author', 'The result is larger or more deeply nested than the limit.'),
  'limit/stack': row('limited', 'author', 'The guest recursed past the stack.'),
  'limit/handles': row('limited', 'author', 'The guest holds more open handles than the limit.'),
  'limit/host-calls': row('limited', 'author', 'A host call passes a size limit.'),
  'busy/overloaded': row('failed', 'caller', 'The queue is full; try again after `data.retryAfterMs` milliseconds.'),
  'trap/unreachable': row('trapped', 'author', 'The guest executed `unreachable` (a panic or an abort).'),
  'trap/out-of-bounds': row('trapped', 'author', 'The guest accessed memory or a table out of bounds.'),
  'trap/arithmetic': row('trapped', 'author', 'The guest divided by zero or overflowed a conversion.'),
  'trap/indirect-call': row('trapped', 'author', 'The guest called through a null or mistyped table entry.'),
  'trap/abi': row('trapped', 'author', 'The guest broke a rule of the canonical ABI.'),
  'trap/uncaught-exception': row('trapped', 'author', 'The guest let an exception escape.'),
  'trap/other': row('trapped', 'author', "The guest trapped for another reason; the message has the engine's words."),
  'trap/host-call': row('trapped', 'author', 'The guest broke a rule of a host function, or waits for what can never happen.'),
  'trap/exit': row('trapped', 'author', 'A function that is not a command ended the program by `exit`.'),
  'tool/error': row('tool-error', 'agent', 'The tool ran and returned `err`; its payload is in `data.value`.'),
  'tool/exit-status': row('tool-error', 'agent', 'The command ended with a failure status.'),
  'denied/copy-out': row(
    'refused',
    'operator',
    'The files that a call leaves are not what its grant lets out; none of them left. Other effects of the call, if any, are in its receipt.',
  ),
  'denied/scope': row('refused', 'operator', 'A use of a capability is outside of the scope that the policy grants.'),
  'capability/unavailable': row(
    'failed',
    'operator',
    'Something that a granted capability needs is not there, such as a secret or a folder.',
  ),
  'capability/failed': row('trapped', 'operator', 'A host function of the embedding program threw.'),
  'cancelled/by-caller': row('cancelled', 'caller', 'The caller aborted the call.'),
  'failed/audit-unavailable': row('failed', 'operator', 'The trail cannot be written; nothing runs.'),
  'failed/interrupted': row(
    'failed',
    'operator',
    'The host ended while the call ran: whether it had its effect is not known, and it is not run again.',
  ),
  'failed/result-not-kept': row('failed', 'caller', 'The request was run before, and its result is not kept.'),
  'failed/runner-crashed': row('failed', 'operator', 'The runner process died or broke its protocol while it ran the call.'),
  'failed/runner-start': row('failed', 'operator', 'No runner process can be started; nothing runs.'),
  'failed/worker-crashed': row('failed', 'operator', 'The worker died while it ran the call.'),
  'internal/invariant': row('failed', 'us', 'A rule that we rely on does not hold: a bug of ours.'),
} as const satisfies Readonly<Record<string, CodeRow>>;

export type Code = keyof typeof CODES;

/** The kind a code is reported as; an unknown code (a newer runner) counts as `failed`. */
export function kindOf(code: string): CodeKind {
  return Object.hasOwn(CODES, code) ? CODES[code as Code].kind : 'failed';
}
