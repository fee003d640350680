import {
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  type Span,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { TraceOptions } from '../serving/index.ts';

/* W3C trace context, level 1, by hand: the API's propagation does what the program around us has set, which may be nothing, or take in baggage. */

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** A later version may add to it; a longer text is none. */
const TRACEPARENT_CHARS_MAX = 128;
/** What the specification asks a receiver to take at least, and the API takes at most. */
const TRACESTATE_CHARS_MAX = 512;
const UNKNOWN_VERSION = 'ff';
const FIRST_VERSION = '00';

/**
 * The context in which a call's span begins: within the trace that the caller names; else, and where that is malformed, within what is active here.
 *
 * Where the active span is already of the caller's trace, such as a server's own span, ours is its child and not its sibling.
 */
export function parentContext(options: TraceOptions | undefined): Context {
  const active = context.active();
  const remote = options === undefined ? undefined : remoteSpan(options);
  if (remote === undefined || trace.getSpanContext(active)?.traceId === remote.traceId) return active;
  return trace.setSpanContext(active, remote);
}

/** @returns undefined for what is malformed. The types promise strings, and both come from outside. */
export function remoteSpan({ traceparent, tracestate }: TraceOptions): SpanContext | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > TRACEPARENT_CHARS_MAX) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === UNKNOWN_VERSION) return undefined;
  if (version === FIRST_VERSION && rest !== undefined) return undefined;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const remote: SpanContext = { traceId, spanId, traceFlags, isRemote: true, ...stateOf(tracestate) };
  return isSpanContextValid(remote) ? remote : undefined;
}

/** Members that are malformed are left out. */
function stateOf(tracestate: unknown): Pick<SpanContext, 'traceState'> {
  if (typeof tracestate !== 'string' || tracestate.length > TRACESTATE_CHARS_MAX) return {};
  const traceState = createTraceState(tracestate);
  return traceState.serialize() === '' ? {} : { traceState };
}

/** What a span is known by to others; undefined where nothing is traced. */
export function traceparentOf(span: Span | undefined): string | undefined {
  const own = span?.spanContext();
  if (own === undefined || !isSpanContextValid(own)) return undefined;
  return `${FIRST_VERSION}-${own.traceId}-${own.spanId}-${own.traceFlags.toString(16).padStart(2, '0')}`;
}

/** The `traceparent` of the span that is active here, to be handed on; undefined where nothing is traced. */
export function currentTraceparent(): string | undefined {
  return traceparentOf(trace.getActiveSpan());
}
