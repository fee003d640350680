import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type AgentDoor, agentDoor, type LiveWarden } from 'cellblock';
import { beforeAll, describe, expect, it } from 'vitest';
import { useLive } from '../../support/live-wardens.ts';
import { usePlace } from '../../support/wardens.ts';
import { keptLog, openTelemetry, POLICY, serving, telemetry, useOpenTelemetry } from './stage.ts';

const { newToken } = serving;
const { currentTraceparent } = telemetry;

/* Spans around calls, as OpenTelemetry's SDK hands them out: names, attributes, traces of callers, and nothing that is secret. */

const place = usePlace();
const openLive = useLive(place);
const otel = useOpenTelemetry();
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

let live: LiveWarden;
let door: AgentDoor;

beforeAll(async () => {
  live = await openLive(place.site(POLICY));
  door = openTelemetry(live, { destination: keptLog().destination }).traced(agentDoor(live, 'one'));
});

const call = (name: string, parameters: object, options = {}, more = {}) =>
  door.call({ name, argumentsJson: JSON.stringify(parameters), ...more }, options);

function onlySpan() {
  const spans = otel.spans();
  expect(spans).toHaveLength(1);
  return spans[0]!;
}

describe('spans of calls', () => {
  it('names the tool, and says what the receipt says of a call that ran', async () => {
    const { receipt } = await call('plain_work', { turns: 10 }, {}, { requestId: 'call_7Hq' });
    const { name, kind, status, attributes } = onlySpan();
    expect({ name, kind, status: status.code }).toEqual({
      name: 'execute_tool plain.work',
      kind: SpanKind.INTERNAL,
      status: SpanStatusCode.UNSET,
    });
    expect(attributes).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'plain.work',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': 'call_7Hq',
      'gen_ai.agent.name': 'one',
      'cellblock.outcome': 'ok',
      'cellblock.audit.id': receipt.audit,
      'cellblock.policy.digest': live.current.policy.digest,
      'cellblock.component.digest': receipt.digest,
      'cellblock.fuel': Number(receipt.fuel),
      'cellblock.fuel.max': 1_000_000,
      'cellblock.memory.peak_bytes': receipt.memoryBytesPeak,
      'cellblock.memory.max_bytes': receipt.memoryBytesMax,
      'cellblock.host_calls': 0,
      'cellblock.wall_ms': receipt.wallMs,
      'cellblock.isolation': 'thread',
      'cellblock.bindings': receipt.bindings,
      'cellblock.phase.instantiate_ms': receipt.phases.instantiateMs,
      'cellblock.phase.lower_ms': receipt.phases.lowerMs,
      'cellblock.phase.guest_ms': receipt.phases.guestMs,
      'cellblock.phase.lift_ms': receipt.phases.liftMs,
    });
    expect(Number(receipt.fuel)).toBeGreaterThan(0);
  });

  it.each([
    ['plain_fail', { text: 'no' }, 'tool-error', 'tool/error'],
    ['plain_panic', {}, 'trapped', 'trap/unreachable'],
    ['plain_work', { turns: 2_000_000_000 }, 'limited', 'limit/fuel'],
    ['plain_work', { turns: 'many' }, 'refused', 'params/invalid'],
  ])('%s %j ends as %s, an error of the type %s', async (name, parameters, kind, code) => {
    const outcome = await call(name, parameters);
    expect(outcome).toMatchObject({ kind, error: { code } });
    const span = onlySpan();
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: code });
    expect(span.attributes).toMatchObject({ 'error.type': code, 'cellblock.outcome': kind, 'cellblock.code': code });
  });

  it('a question is no error, and names the approval', async () => {
    const { approval } = await call('acting_act', { path: 'x', n: 1 });
    const span = onlySpan();
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toMatchObject({ 'cellblock.outcome': 'pending', 'cellblock.approval.id': approval?.id });
    expect(span.attributes).not.toHaveProperty(['error.type']);
  });

  it('a request as JSON gets its tool from the receipt', async () => {
    await door.request(JSON.stringify({ tool_name: 'plain.echo', parameters: { text: 'hi' } }));
    expect(onlySpan()).toMatchObject({ name: 'execute_tool plain.echo', attributes: { 'gen_ai.tool.name': 'plain.echo' } });
  });

  it.each(['nope', 'plain.nope', 'x"} 1\ncellblock_fake{a="', `plain.work${'x'.repeat(10_000)}`])(
    'a tool that is none is `other`',
    async (name) => {
      expect(await call(name, {})).toMatchObject({ kind: 'refused' });
      expect(onlySpan()).toMatchObject({ name: 'execute_tool other', attributes: { 'gen_ai.tool.name': 'other' } });
      await door.request(JSON.stringify({ tool_name: name, parameters: {} }));
      expect(otel.spans().at(-1)?.name).toBe('execute_tool other');
    },
  );

  it.each(['a text with words', newToken(), `ghp_${'a1'.repeat(18)}`, 'x\ny', ''])(
    'an id that may be text is not told, %#',
    async (requestId) => {
      await call('plain_work', { turns: 1 }, {}, { requestId });
      expect(onlySpan().attributes).not.toHaveProperty(['gen_ai.tool.call.id']);
    },
  );
});

describe('traces of callers', () => {
  it('the span is a child of the one that the caller names, with its state', async () => {
    let told: string | undefined;
    const options = {
      trace: { traceparent: TRACEPARENT, tracestate: 'vendor=a,bad key=1,other=b', onSpan: (text: string) => (told = text) },
    };
    await call('plain_work', { turns: 1 }, options);
    const span = onlySpan();
    const { traceId, spanId, traceState } = span.spanContext();
    expect(traceId).toBe(TRACE);
    expect(span.parentSpanContext).toMatchObject({ spanId: PARENT, isRemote: true });
    expect(traceState?.serialize()).toBe('vendor=a,other=b');
    expect(told).toBe(`00-${TRACE}-${spanId}-01`);
  });

  it('one that the caller does not sample is not recorded, and is handed on', async () => {
    let told: string | undefined;
    await call(
      'plain_work',
      { turns: 1 },
      { trace: { traceparent: `00-${TRACE}-${PARENT}-00`, onSpan: (text: string) => (told = text) } },
    );
    expect(otel.spans()).toEqual([]);
    expect(told).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  });

  it('a later version may say more', async () => {
    await call('plain_work', { turns: 1 }, { trace: { traceparent: `cc-${TRACE}-${PARENT}-01-what-comes` } });
    expect(onlySpan().spanContext().traceId).toBe(TRACE);
  });

  it.each([
    '',
    'x',
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-01\n`,
    ` 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-${'x'.repeat(200)}`,
    `00-${TRACE}-${PARENT}-01`.repeat(100_000),
    { toString: () => TRACEPARENT },
    [TRACEPARENT],
    17,
    null,
  ])('a malformed traceparent begins a trace of its own, %#', async (traceparent) => {
    await call('plain_work', { turns: 1 }, { trace: { traceparent, tracestate: 'vendor=a' } });
    const span = onlySpan();
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.spanContext().traceId).not.toBe(TRACE);
    expect(span.spanContext().traceState).toBeUndefined();
  });

  it.each([`a=${'x'.repeat(600)}`, 'no member', '=', '\n', 17, null, { a: 1 }])(
    'a malformed tracestate is left out, %#',
    async (tracestate) => {
      await call('plain_work', { turns: 1 }, { trace: { traceparent: TRACEPARENT, tracestate } });
      const span = onlySpan();
      expect(span.parentSpanContext?.spanId).toBe(PARENT);
      expect(span.spanContext().traceState).toBeUndefined();
    },
  );

  it('without a caller it is a child of what is active here, also where a server has taken in the same trace', async () => {
    const tracer = trace.getTracer('server');
    const server = tracer.startSpan(
      'server',
      {},
      trace.setSpanContext(context.active(), { traceId: TRACE, spanId: PARENT, traceFlags: 1 }),
    );
    const within = trace.setSpan(context.active(), server);
    for (const options of [{}, { trace: { traceparent: TRACEPARENT } }, { trace: { traceparent: 'x' } }]) {
      await context.with(within, () => call('plain_work', { turns: 1 }, options));
      expect(otel.spans().at(-1)?.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
    }
    const elsewhere = `00-${TRACE.replace('0a', '0b')}-${PARENT}-01`;
    await context.with(within, () => call('plain_work', { turns: 1 }, { trace: { traceparent: elsewhere } }));
    expect(otel.spans().at(-1)?.parentSpanContext?.spanId).toBe(PARENT);
  });

  it('what runs within a call sees its span, and nothing does after it', async () => {
    let seen: string | undefined;
    const inner: AgentDoor = {
      ...agentDoor(live, 'one'),
      call: async (...args) => {
        await Promise.resolve();
        seen = currentTraceparent();
        return agentDoor(live, 'one').call(...args);
      },
    };
    const traced = openTelemetry(live, { destination: keptLog().destination }).traced(inner);
    await traced.call({ name: 'plain_work', argumentsJson: '{"turns":1}' });
    const { traceId, spanId } = onlySpan().spanContext();
    expect(seen).toBe(`00-${traceId}-${spanId}-01`);
    expect(currentTraceparent()).toBeUndefined();
  });

  it('a listener that throws costs the call nothing', async () => {
    const onSpan = () => {
      throw new Error('mine');
    };
    expect(await call('plain_work', { turns: 1 }, { trace: { onSpan } })).toMatchObject({ kind: 'ok', value: 7 });
  });
});

describe('what spans do not hold', () => {
  it('parameters, results, justifications, sources and tokens', async () => {
    const token = newToken();
    const words = { justification: `since-${token}`, source: 'line-of-a-log' };
    await call('plain_echo', { text: 'the-parameter' }, {}, words);
    await call('secretive_echo', { text: 'the-secret-parameter' }, {}, words);
    await call('plain_fail', { text: 'the-error-text' }, {}, words);
    await call('plain_echo', { text: 'the-parameter', more: 'the-unknown-one' }, {}, words);
    await call(`plain_${token}`, { text: 'the-parameter' }, {}, words);
    const told = JSON.stringify(
      otel.spans().map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
    );
    expect(otel.spans()).toHaveLength(5);
    expect(told).not.toMatch(/the-|since|line-of|cb_/);
  });
});

describe('a program around us that is broken', () => {
  const fail = (): never => {
    throw new Error('mine');
  };
  const spanContext = () => ({ traceId: TRACE, spanId: PARENT, traceFlags: 1 });
  const span = {
    spanContext,
    isRecording: () => true,
    setAttributes: () => span,
    setAttribute: () => span,
    setStatus: () => span,
    end: () => undefined,
  };
  const contexts = {
    active: () => ROOT_CONTEXT,
    bind: (_: unknown, target: unknown) => target,
    enable: fail,
    disable: () => undefined,
  };

  it.each<[string, () => unknown, object | undefined]>([
    ['sampler', fail, undefined],
    ['span', () => ({ ...span, setAttributes: fail, setStatus: fail, end: fail }), undefined],
    ['span from its start', () => ({ ...span, isRecording: fail, spanContext: fail }), undefined],
    ['context manager', () => span, { ...contexts, with: fail }],
    [
      'context manager, after the call began',
      () => span,
      { ...contexts, with: (_: unknown, run: () => unknown) => [run(), fail()] },
    ],
    ['context manager, without a context', () => span, { ...contexts, active: fail, with: fail }],
  ])('a %s that throws costs no call, and runs none twice', async (_name, startSpan, manager) => {
    trace.disable();
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as never); // is none, and that is the point
    context.disable();
    if (manager !== undefined) context.setGlobalContextManager(manager as never); // as above
    let calls = 0;
    const inner: AgentDoor = {
      ...agentDoor(live, 'one'),
      call: (...args) => {
        calls += 1;
        return agentDoor(live, 'one').call(...args);
      },
    };
    const traced = openTelemetry(live, { destination: keptLog().destination }).traced(inner);
    expect(await traced.call({ name: 'plain_work', argumentsJson: '{"turns":1}' })).toMatchObject({ kind: 'ok', value: 7 });
    expect(calls).toBe(1);
  });
});
