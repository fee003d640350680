import { described, json, type Route } from '../route.ts';
import { policySchema } from '../schemas.ts';

const show: Route = {
  access: 'operator',
  config: described({
    method: 'get',
    path: '/v1/policy',
    id: 'policyState',
    tag: 'policy',
    summary: 'Which policy decides, and whether it is the one in the file',
    access: 'operator',
    good: [
      {
        status: 200,
        description: 'Nothing here changes it: the file does.',
        schema: policySchema,
        example: { digest: `sha256:${'4f'.repeat(32)}`, state: 'current', mode: 'enforce' },
      },
    ],
  }),
  handle({ house: { live } }) {
    const { digest, problem } = live.policyState;
    const { mode } = live.current.policy;
    return json({ digest, mode, ...(problem === undefined ? { state: 'current' } : { state: 'stale', problem }) });
  },
};

export const policyRoutes: readonly Route[] = [show];
