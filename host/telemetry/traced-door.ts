import { type Attributes, context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { AgentDoor, AgentOutcome, AgentReceipt, DoorOptions } from '../serving/index.ts';
import { CELLBLOCK, EXECUTE_TOOL, GEN_AI, SCOPE, TOOL_TYPE } from './genai-names.ts';
import type { KnownNames } from './known-names.ts';
import { holdsSecret } from './log-redaction.ts';
import { parentContext, traceparentOf } from './trace-context.ts';

/** Ids of calls by models: `call_…`, `toolu_…` and the like. Anything else may be text that somebody wrote. */
const CALL_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The same door, with a span around each call and request. What goes wrong with a span costs the call nothing.
 *
 * No attribute holds a parameter, a result, a justification, a source or a message.
 *
 * @param onUnrecorded - hears of each outcome that the trail could not be told, and that no record will tell. Throws nothing.
 */
export function tracedDoor(door: AgentDoor, names: KnownNames, onUnrecorded: (agent: string) => void): AgentDoor {
  const tracer = trace.getTracer(SCOPE); // asks for the provider at each span: it may be set later
  const watched = async (running: Promise<AgentOutcome>): Promise<AgentOutcome> => {
    const outcome = await running;
    if (outcome.error?.code === UNRECORDED) onUnrecorded(door.agent);
    return outcome;
  };
  return {
    ...door,
    call: (call, options = {}) => {
      const toolName = names.function(call.name);
      const attributes = attributesBefore(door.agent, call.requestId);
      return traced(tracer, { toolName, names, attributes, options }, () => watched(door.call(call, options)));
    },
    request: (json, options = {}) => {
      const attributes = attributesBefore(door.agent, undefined);
      return traced(tracer, { toolName: undefined, names, attributes, options }, () => watched(door.request(json, options)));
    },
  };
}

const UNRECORDED = 'failed/audit-unavailable';

interface Begin {
  /** Undefined: only the outcome says it. */
  readonly toolName: string | undefined;
  readonly names: KnownNames;
  readonly attributes: Attributes;
  readonly options: DoorOptions;
}

async function traced(tracer: Tracer, begin: Begin, run: () => Promise<AgentOutcome>): Promise<AgentOutcome> {
  const span = begun(tracer, begin);
  if (span === undefined) return run();
  tellSpan(span, begin.options);
  try {
    const outcome = await within(span, run);
    ended(span, begin, outcome);
    return outcome;
  } catch (error) {
    ended(span, begin, undefined);
    throw error;
  }
}

/** @returns undefined where nothing is traced. */
function begun(tracer: Tracer, { toolName, attributes, options }: Begin): Span | undefined {
  try {
    const parent = parentContext(options.trace);
    const named = toolName === undefined ? attributes : { ...attributes, [GEN_AI.toolName]: toolName };
    const name = toolName === undefined ? EXECUTE_TOOL : spanName(toolName);
    const span = tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes: named }, parent);
    return span.isRecording() || traceparentOf(span) !== undefined ? span : undefined;
  } catch {
    return undefined; // a sampler or processor of the program around us
  }
}

function tellSpan(span: Span, { trace: options }: DoorOptions): void {
  if (options?.onSpan === undefined) return;
  try {
    const traceparent = traceparentOf(span);
    if (traceparent !== undefined) options.onSpan(traceparent);
  } catch {
    // Whoever listens is broken; a call must not pay for it.
  }
}

/** Runs it once, also where the context manager fails. */
function within(span: Span, run: () => Promise<AgentOutcome>): Promise<AgentOutcome> {
  let running: Promise<AgentOutcome> | undefined;
  try {
    context.with(trace.setSpan(context.active(), span), () => {
      running = run();
    });
  } catch {
    // It began, or does now.
  }
  return running ?? run();
}

function ended(span: Span, { toolName, names }: Begin, outcome: AgentOutcome | undefined): void {
  try {
    if (span.isRecording()) {
      if (toolName === undefined) nameFrom(span, names, outcome?.receipt);
      if (outcome === undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      else describe(span, outcome);
    }
    span.end();
  } catch {
    // As above.
  }
}

/** The names in the receipt of a refusal are those of the request: they count only where the policy has them. */
function nameFrom(span: Span, names: KnownNames, receipt: AgentReceipt | undefined): void {
  const { tool = '', function: functionName, isolation } = receipt ?? {};
  const written = functionName === undefined ? tool : `${tool}.${functionName}`;
  const wasPrepared = isolation !== undefined; // then the function's name is the component's
  const toolName = wasPrepared ? written : names.function(written);
  span.updateName(spanName(toolName));
  span.setAttribute(GEN_AI.toolName, toolName);
}

function spanName(toolName: string): string {
  return `${EXECUTE_TOOL} ${toolName}`;
}

function attributesBefore(agent: string, callId: string | undefined): Attributes {
  return {
    [GEN_AI.operationName]: EXECUTE_TOOL,
    [GEN_AI.toolType]: TOOL_TYPE,
    [GEN_AI.agentName]: agent,
    ...(callId !== undefined && CALL_ID.test(callId) && !holdsSecret(callId) ? { [GEN_AI.toolCallId]: callId } : {}),
  };
}

/** `pending` is no error: nothing failed, and the same request comes again. */
function describe(span: Span, { kind, error, approval, receipt }: AgentOutcome): void {
  span.setAttributes(attributesOf(kind, receipt));
  const asked = receipt.approval ?? approval?.id;
  if (asked !== undefined) span.setAttribute(CELLBLOCK.approvalId, asked);
  if (kind === 'ok' || kind === 'pending') return;
  const code = error?.code ?? kind;
  span.setAttributes({ [GEN_AI.errorType]: code, [CELLBLOCK.code]: code });
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

function attributesOf(kind: string, receipt: AgentReceipt): Attributes {
  const { phases } = receipt;
  const attributes: Attributes = { [CELLBLOCK.outcome]: kind, [CELLBLOCK.wallMs]: receipt.wallMs };
  if (receipt.audit !== undefined) attributes[CELLBLOCK.auditId] = receipt.audit;
  if (receipt.policy !== undefined) attributes[CELLBLOCK.policyDigest] = receipt.policy;
  if (receipt.digest !== undefined) attributes[CELLBLOCK.componentDigest] = receipt.digest;
  if (receipt.isolation === undefined) return attributes; // nothing was prepared to run
  attributes[CELLBLOCK.isolation] = receipt.isolation;
  if (receipt.bindings !== undefined) attributes[CELLBLOCK.bindings] = receipt.bindings;
  attributes[CELLBLOCK.fuel] = Number(receipt.fuel);
  if (receipt.fuelMax !== undefined) attributes[CELLBLOCK.fuelMax] = Number(receipt.fuelMax);
  attributes[CELLBLOCK.memoryBytesPeak] = receipt.memoryBytesPeak;
  if (receipt.memoryBytesMax !== undefined) attributes[CELLBLOCK.memoryBytesMax] = receipt.memoryBytesMax;
  attributes[CELLBLOCK.hostCalls] = receipt.hostCalls;
  attributes[CELLBLOCK.instantiateMs] = phases.instantiateMs;
  attributes[CELLBLOCK.lowerMs] = phases.lowerMs;
  attributes[CELLBLOCK.guestMs] = phases.guestMs;
  attributes[CELLBLOCK.liftMs] = phases.liftMs;
  return attributes;
}
