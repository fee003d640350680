import { quote } from '../policy/quote.ts';
import { addressProblem } from './http-post.ts';
import { webhookKey } from './webhook-signature.ts';

/** Environment variables: where the secrets are that a policy names. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where to post, and with which key to sign; or why nothing can go there. The problem holds neither address nor secret. */
export type Address = { readonly url: string; readonly key?: Buffer } | { readonly problem: string };

/** A secret that is missing must not become a message that is unsigned. */
export function webhookAddress({ url, secretEnv }: { readonly url: string; readonly secretEnv?: string }, env: Env): Address {
  const problem = addressProblem(url);
  if (problem !== undefined) return { problem };
  if (secretEnv === undefined) return { url };
  const secret = variable(env, secretEnv);
  if (secret === undefined) return { problem: missing(secretEnv) };
  const key = webhookKey(secret);
  if (key !== undefined) return { url, key };
  return {
    problem: `the environment variable ${quote(secretEnv)} is not base64 of 24 bytes or more, with or without \`whsec_\``,
  };
}

/** The address of a Slack webhook is its secret: it is in no message. */
export function slackAddress({ urlEnv }: { readonly urlEnv: string }, env: Env): Address {
  const url = variable(env, urlEnv);
  if (url === undefined) return { problem: missing(urlEnv) };
  const problem = addressProblem(url);
  return problem === undefined ? { url } : { problem: `${problem}; see the environment variable ${quote(urlEnv)}` };
}

function variable(env: Env, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === '' ? undefined : value;
}

const missing = (name: string): string => `the environment variable ${quote(name)} is not set`;
