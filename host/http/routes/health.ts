import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Principal } from '../../policy/index.ts';
import type { LiveWarden } from '../../serving/index.ts';
import { described, type Good, json, type Route } from '../route.ts';
import { healthSchema, readinessSchema, textSchema } from '../schemas.ts';

const startedMs = performance.now();

function word(text: string, status = 200): Response {
  return new Response(`${text}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}

const WORDS: Good = {
  status: 200,
  description: "One word; with an operator's token details.",
  type: 'text/plain',
  schema: textSchema,
};

const health: Route = {
  access: 'open',
  config: described({
    method: 'get',
    path: '/healthz',
    id: 'health',
    tag: 'health',
    summary: 'Whether the process answers',
    access: 'open',
    good: [{ ...WORDS, example: 'ok', json: { schema: healthSchema, example: { status: 'ok', uptimeMs: 4200 } } }],
  }),
  handle: (_visit, principal) =>
    isOperator(principal) ? json({ status: 'ok', uptimeMs: Math.round(performance.now() - startedMs) }) : word('ok'),
};

const READY_EXAMPLE = { status: 'ready', trail: { isWritable: true }, policy: { digest: `sha256:${'4f'.repeat(32)}` } };

const ready: Route = {
  access: 'open',
  config: described({
    method: 'get',
    path: '/readyz',
    id: 'readiness',
    tag: 'health',
    summary: 'Whether requests can be served: the trail can be written, and the policy in force is the one in the file',
    access: 'open',
    good: [
      { ...WORDS, example: 'ready', json: { schema: readinessSchema, example: READY_EXAMPLE } },
      {
        ...WORDS,
        status: 503,
        example: 'not ready',
        json: { schema: readinessSchema, example: { ...READY_EXAMPLE, status: 'not ready', trail: { isWritable: false } } },
      },
    ],
  }),
  async handle({ house: { live } }, principal) {
    const isWritable = await isTrailWritable(live);
    const policy = live.policyState;
    const isReady = isWritable && policy.problem === undefined;
    const status = isReady ? 'ready' : 'not ready';
    if (!isOperator(principal)) return word(status, isReady ? 200 : 503);
    return json({ status, trail: { isWritable }, policy }, isReady ? 200 : 503);
  },
};

export const healthRoutes: readonly Route[] = [health, ready];

function isOperator(principal: Principal | undefined): boolean {
  return principal?.kind === 'operator';
}

/** The journal still works for this process, and the system lets us write. */
async function isTrailWritable({ current: { approvals, audit } }: LiveWarden): Promise<boolean> {
  try {
    await Promise.all([approvals.list(), access(audit.folder, constants.W_OK)]);
    return true;
  } catch {
    return false;
  }
}
