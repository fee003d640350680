import type { ToolListing } from '../../serving/index.ts';
import { described, json, type Route } from '../route.ts';
import { toolsSchema } from '../schemas.ts';

const list: Route = {
  access: 'agent',
  config: described({
    method: 'get',
    path: '/v1/tools',
    id: 'listTools',
    tag: 'tools',
    summary: 'What this agent may call',
    access: 'agent',
    good: [
      {
        status: 200,
        description: 'Tools as models are shown them. Nothing was run.',
        schema: toolsSchema,
        example: {
          tools: [
            {
              name: 'plain_take',
              tool_name: 'plain.take',
              title: 'plain: take',
              description: 'Calls `take` of the tool `plain`.',
              inputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
              hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
              asks: 'no',
              words: {},
              result: { form: 'wrapped' },
            },
          ],
        },
      },
    ],
    problems: [503],
  }),
  handle: async ({ house }, agent) => json({ tools: (await house.doorOf(agent).tools()).map(shown) }),
};

export const toolRoutes: readonly Route[] = [list];

function shown({ toolName, words, result: { form }, ...rest }: ToolListing) {
  return { ...rest, tool_name: toolName, words: Object.fromEntries(words), result: { form } };
}
