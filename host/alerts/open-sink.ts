import {
  type Address,
  type Env,
  HttpSink,
  type Post,
  type Render,
  type Sink,
  slackAddress,
  type Timers,
  webhookAddress,
} from '../outbound/index.ts';
import type { AlertSink } from '../policy/policy.ts';
import { FileSink } from './file-sink.ts';
import type { AlertLimits } from './limits.ts';
import type { Parcel } from './parcel.ts';
import { slackRender, webhookRender } from './renders.ts';
import { StderrSink, type WriteLine } from './stderr-sink.ts';

export interface SinkContext {
  readonly env: Env;
  readonly now: () => number;
  readonly post: Post;
  readonly stderr: WriteLine;
  readonly timers: Timers;
  readonly limits: AlertLimits;
}

/** A sink, or why there is none: a secret that is missing must not become an alert that is unsigned or goes nowhere unsaid. */
export type OpenedSink = { readonly sink: Sink<Parcel> } | { readonly problem: string };

/** Makes the sink that the policy describes. Reads the environment once; touches no file and no network. */
export function openSink(spec: AlertSink, context: SinkContext): OpenedSink {
  const { limits, now } = context;
  switch (spec.kind) {
    case 'file':
      return { sink: new FileSink({ path: spec.file, bytesMax: limits.fileBytesMax, asideMax: limits.filesAsideMax, now }) };
    case 'stderr':
      return { sink: new StderrSink(context.stderr) };
    case 'webhook':
      return openHttp(webhookAddress(spec, context.env), (key) => webhookRender(key, now), context);
    case 'slack':
      return openHttp(slackAddress(spec, context.env), () => slackRender, context);
    default:
      return { problem: 'its kind is not known' };
  }
}

function openHttp(
  address: Address,
  renderWith: (key: Buffer | undefined) => Render<Parcel>,
  { post, limits: { timeoutMs }, timers }: SinkContext,
): OpenedSink {
  if ('problem' in address) return address;
  const { url, key } = address;
  return { sink: new HttpSink({ url, post, timeoutMs, timers }, renderWith(key)) };
}
