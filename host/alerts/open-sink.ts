import { quote } from '../policy/quote.ts';
import { FileSink } from './file-sink.ts';
import { addressProblem, type Post } from './http-post.ts';
import { HttpSink, slackRender, webhookRender } from './http-sink.ts';
import type { Sink } from './lane.ts';
import type { AlertLimits } from './limits.ts';
import type { AlertSinkSpec } from './sink-spec.ts';
import { StderrSink } from './stderr-sink.ts';
import type { Timers } from './timers.ts';
import { webhookKey } from './webhook-signature.ts';

export interface SinkContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly post: Post;
  readonly stderr: (line: string) => void | Promise<void>;
  readonly timers: Timers;
  readonly limits: AlertLimits;
}

/** A sink, or why there is none: a secret that is missing must not become an alert that is unsigned or goes nowhere unsaid. */
export type OpenedSink = { readonly sink: Sink } | { readonly problem: string };

/** Makes the sink that the policy describes. Reads the environment once; touches no file and no network. */
export function openSink(spec: AlertSinkSpec, context: SinkContext): OpenedSink {
  const { limits, now } = context;
  switch (spec.kind) {
    case 'file':
      return { sink: new FileSink({ path: spec.file, bytesMax: limits.fileBytesMax, asideMax: limits.filesAsideMax, now }) };
    case 'stderr':
      return { sink: new StderrSink(context.stderr) };
    case 'webhook':
      return openWebhook(spec, context);
    case 'slack':
      return openSlack(spec.urlEnv, context);
    default:
      return { problem: 'its kind is not known' };
  }
}

function openWebhook({ url, secretEnv }: AlertSinkSpec & { kind: 'webhook' }, context: SinkContext): OpenedSink {
  const problem = addressProblem(url);
  if (problem !== undefined) return { problem };
  if (secretEnv === undefined) return { sink: new HttpSink({ ...http(context), url }, webhookRender(undefined, context.now)) };
  const secret = variable(context, secretEnv);
  if (secret === undefined) return { problem: missing(secretEnv) };
  const key = webhookKey(secret);
  if (key === undefined) {
    return {
      problem: `the environment variable ${quote(secretEnv)} is not base64 of 24 bytes or more, with or without \`whsec_\``,
    };
  }
  return { sink: new HttpSink({ ...http(context), url }, webhookRender(key, context.now)) };
}

/** The address of a Slack webhook is its secret: it is in no message. */
function openSlack(urlEnv: string, context: SinkContext): OpenedSink {
  const url = variable(context, urlEnv);
  if (url === undefined) return { problem: missing(urlEnv) };
  const problem = addressProblem(url);
  if (problem !== undefined) return { problem: `${problem}; see the environment variable ${quote(urlEnv)}` };
  return { sink: new HttpSink({ ...http(context), url }, slackRender) };
}

function variable({ env }: SinkContext, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === '' ? undefined : value;
}

const missing = (name: string): string => `the environment variable ${quote(name)} is not set`;

const http = ({ post, limits, timers }: SinkContext) => ({ post, timeoutMs: limits.timeoutMs, timers });
