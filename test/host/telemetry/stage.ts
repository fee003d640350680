import { AsyncLocalStorage } from 'node:async_hooks';
import { Writable } from 'node:stream';
import { type Context, type ContextManager, context, metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { LiveWarden } from 'cellblock';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Telemetry, TelemetryOptions } from '../../../host/telemetry/index.ts';

// Workers are started from built files, so all of it comes from there; the types are those of the sources.
const built = (path: string): string => new URL(`../../../dist/host/${path}`, import.meta.url).href;
export const serving = (await import(built('serving/index.js'))) as typeof import('../../../host/serving/index.ts');
export const telemetry = (await import(built('telemetry/index.js'))) as typeof import('../../../host/telemetry/index.ts');

/** `openTelemetry` for a warden of the package: built and source classes are one thing at run time and two to the compiler. */
export const openTelemetry = (live: LiveWarden, options: TelemetryOptions): Telemetry =>
  telemetry.openTelemetry(live as never, options);

/* OpenTelemetry's own SDK in memory, a log that is kept, and a policy for real tools. */

export const POLICY = `version: 1
approvers: { people: [ann] }
tools:
  plain: { component: plain.wasm, functions: [take, work, echo, fail, panic], limits: { fuel: 1000000, timeout: 10s } }
  secretive: { component: plain.wasm, functions: [echo], secrets: [text] }
  acting: { component: acting.wasm, functions: [act], grants: [effect] }
agents:
  one: { tools: [plain, secretive, { tool: acting, ask: { expires: 10m } }] }
  two: { tools: [plain.work] }
`;

/** A log's destination that keeps what it gets. */
export function keptLog() {
  const chunks: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return {
    destination,
    get text() {
      return chunks.join('');
    },
    /** Each line has to be JSON. */
    get lines() {
      const all = this.text.split('\n').slice(0, -1);
      return all.map((line) => JSON.parse(line) as { readonly [name: string]: unknown });
    },
  };
}

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

class AsyncContexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active = () => this.#storage.getStore() ?? ROOT_CONTEXT;
  with: ContextManager['with'] = (active, fn, thisArg, ...args) =>
    this.#storage.run(active, () => fn.call(thisArg as never, ...args));
  bind: ContextManager['bind'] = (_active, target) => target;
  enable = () => this;
  disable = () => this;
}

/** Sets OpenTelemetry's providers for the tests of a file. */
export function useOpenTelemetry() {
  const exporter = new InMemorySpanExporter();
  const reader = new Reader();
  beforeAll(() => {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    context.setGlobalContextManager(new AsyncContexts());
  });
  beforeEach(() => exporter.reset());
  afterAll(() => {
    trace.disable();
    metrics.disable();
    context.disable();
  });
  return {
    spans: (): readonly ReadableSpan[] => exporter.getFinishedSpans(),
    /** All points of all instruments of ours. */
    async points() {
      const { resourceMetrics } = await reader.collect();
      return resourceMetrics.scopeMetrics.flatMap(({ metrics: found }) =>
        found.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => ({ name: descriptor.name, attributes, value })),
        ),
      );
    },
  };
}
