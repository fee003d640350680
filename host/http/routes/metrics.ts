import { CodedError } from '../../../runtime/index.ts';
import { described, type Route } from '../route.ts';
import { textSchema } from '../schemas.ts';

const metrics: Route = {
  access: 'operator',
  config: described({
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    tag: 'health',
    summary: 'Metrics as Prometheus reads them',
    access: 'operator',
    good: [
      {
        status: 200,
        description: 'Text format 0.0.4.',
        type: 'text/plain',
        schema: textSchema,
        example: '# HELP up Whether it answers.\n# TYPE up gauge\nup 1\n',
      },
    ],
    problems: [404],
  }),
  async handle({ house: { metrics: read } }) {
    if (read === undefined) throw new CodedError('usage/not-found', 'this server keeps no metrics');
    return new Response(await read(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } });
  },
};

export const metricRoutes: readonly Route[] = [metrics];
