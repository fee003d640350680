/*
 * All names that spans and OpenTelemetry metrics have. Those of `gen_ai.` and `error.` are from the OpenTelemetry semantic conventions v1.41.0
 * (docs/gen-ai/gen-ai-agent-spans.md, "Execute tool span"; status: development, so they may change, and then only here). What they have no name for
 * is ours, `cellblock.`
 */

export const GEN_AI = {
  operationName: 'gen_ai.operation.name',
  toolName: 'gen_ai.tool.name',
  toolType: 'gen_ai.tool.type',
  toolCallId: 'gen_ai.tool.call.id',
  agentName: 'gen_ai.agent.name',
  errorType: 'error.type',
} as const;

/** Value of `gen_ai.operation.name`, and the first word of a span's name. */
export const EXECUTE_TOOL = 'execute_tool';
/** Value of `gen_ai.tool.type`: our tools are functions, and no data stores or extensions of a model's vendor. */
export const TOOL_TYPE = 'function';

/** Our own attributes. Fuel and sizes are numbers, times milliseconds. */
export const CELLBLOCK = {
  outcome: 'cellblock.outcome',
  code: 'cellblock.code',
  auditId: 'cellblock.audit.id',
  approvalId: 'cellblock.approval.id',
  policyDigest: 'cellblock.policy.digest',
  componentDigest: 'cellblock.component.digest',
  fuel: 'cellblock.fuel',
  fuelMax: 'cellblock.fuel.max',
  memoryBytesPeak: 'cellblock.memory.peak_bytes',
  memoryBytesMax: 'cellblock.memory.max_bytes',
  hostCalls: 'cellblock.host_calls',
  wallMs: 'cellblock.wall_ms',
  isolation: 'cellblock.isolation',
  bindings: 'cellblock.bindings',
  instantiateMs: 'cellblock.phase.instantiate_ms',
  lowerMs: 'cellblock.phase.lower_ms',
  guestMs: 'cellblock.phase.guest_ms',
  liftMs: 'cellblock.phase.lift_ms',
} as const;

/** Instruments of the metrics API, and the attributes that they have beside those above. */
export const METRICS = {
  requests: 'cellblock.requests',
  duration: 'cellblock.call.duration',
  fuel: 'cellblock.call.fuel',
  approvalEvents: 'cellblock.approval.events',
  approvalsPending: 'cellblock.approvals.pending',
  inFlight: 'cellblock.requests.in_flight',
  waiting: 'cellblock.calls.waiting',
  event: 'cellblock.event',
} as const;

/** Name of what makes our spans and metrics. */
export const SCOPE = 'cellblock';
