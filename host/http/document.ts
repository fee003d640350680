import { OpenAPIHono } from '@hono/zod-openapi';
import { described, json, type Route } from './route.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { callbackRoutes } from './routes/callbacks.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { metricRoutes } from './routes/metrics.ts';
import { policyRoutes } from './routes/policy.ts';
import { requestRoutes } from './routes/requests.ts';
import { toolRoutes } from './routes/tools.ts';
import { trailRoutes } from './routes/trail.ts';
import { documentSchema } from './schemas.ts';

const document: Route = {
  access: 'either',
  config: described({
    method: 'get',
    path: '/v1/openapi.json',
    id: 'openapi',
    tag: 'health',
    summary: 'This document',
    access: 'either',
    good: [{ status: 200, description: 'OpenAPI 3.1.', schema: documentSchema, example: { openapi: '3.1.0' } }],
  }),
  handle: () => json(openApiDocument()),
};

/** All operations. */
export const ROUTES: readonly Route[] = [
  ...requestRoutes,
  ...toolRoutes,
  ...approvalRoutes,
  ...trailRoutes,
  ...policyRoutes,
  ...eventRoutes,
  ...callbackRoutes,
  ...healthRoutes,
  ...metricRoutes,
  document,
];

let made: object | undefined;

/** The OpenAPI 3.1 document of this API: plain JSON data, made from the schemas that check what comes in. */
export function openApiDocument(): object {
  made ??= makeDocument();
  return made;
}

function makeDocument(): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of `cellblock token`, or a JWT of the issuer in the policy. It says who the agent or operator is.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'signature', {
    type: 'apiKey',
    in: 'header',
    name: 'webhook-signature',
    description: 'A signature over the raw body: `webhook-signature` as Standard Webhooks have it, or `X-Slack-Signature`.',
  });
  for (const { config } of ROUTES) app.openAPIRegistry.registerPath(config);
  return app.getOpenAPI31Document({ openapi: '3.1.0', info: INFO, servers: SERVERS });
}

/** For tools that make clients of the file: the server itself may stand elsewhere. */
const SERVERS = [{ url: 'http://127.0.0.1:7420', description: 'Where `cellblock serve` listens unless it is told otherwise.' }];

const INFO = {
  title: 'Cellblock',
  version: '1',
  description:
    'Agents file requests and see what became of their own; operators see all and answer. See docs/http-api.md. Each operation says in ' +
    '`x-cellblock-access` whose token it takes.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};
