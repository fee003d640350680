import { z } from 'zod';
import { AGENT_NAME, TOOL_NAME } from './names.ts';
import { expected, fields, listOf, name } from './schema-parts.ts';
import { filePath } from './tool-schema.ts';

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SLACK_USER = /^[A-Z0-9]+$/;

/** Secrets stay out of the file, which is printed, hashed and passed around: it names the variable that holds one. */
const envName = name(ENV_NAME, 'the name of an environment variable');

const URL_FORM = 'an `https:` URL without a user name, or an `http:` one of this machine';

const url = z.string({ error: expected(URL_FORM) }).refine(isSafeUrl, { error: expected(URL_FORM) });

function isSafeUrl(text: string): boolean {
  if (text.trim() !== text || !URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLocal));
}

const SINK_KINDS = ['file', 'webhook', 'slack', 'stderr'] as const;

const sink = fields('the fields of a sink', {
  file: filePath('the path of a file').optional().describe('Append alerts to this file, one JSON object a line.'),
  webhook: url.optional().describe('Post alerts to this URL.'),
  secretEnv: envName.optional().describe('With `webhook`: the variable with the secret that signs what is posted.'),
  slack: fields('`urlEnv`', { urlEnv: envName })
    .optional()
    .describe('Post alerts to the incoming webhook of Slack, or one like it, whose URL is in this variable.'),
  stderr: z
    .literal(true, { error: expected('true') })
    .optional()
    .describe('Print alerts to standard error.'),
}).superRefine((value, context) => {
  const kinds = SINK_KINDS.filter((kind) => value[kind] !== undefined);
  const report = (message: string): void => context.addIssue({ code: 'custom', message });
  if (kinds.length !== 1) report('expected exactly one of `file`, `webhook`, `slack` and `stderr`');
  else if (value.secretEnv !== undefined && value.webhook === undefined) report('`secretEnv` goes with `webhook`');
});

const NAME_FORM = 'a name in kebab-case';

/** Sinks by name. */
export const alerts = z.record(name(TOOL_NAME, NAME_FORM), sink, { error: expected('a mapping of sinks') });

const person = name(AGENT_NAME, 'the name of an approver');

/** Channels that carry questions, and the people who may answer. */
export const approvers = fields('the fields of approvers', {
  people: listOf(person, 'a list of names')
    .optional()
    .describe('People who answer in the terminal, by the name of their account, or through the library.'),
  webhooks: z
    .record(name(TOOL_NAME, NAME_FORM), fields('`url` and `secretEnv`', { url, secretEnv: envName }), {
      error: expected('a mapping of webhooks'),
    })
    .optional()
    .describe('Webhooks that questions are posted to, as channels `webhook:<name>`.'),
  slack: z
    .record(
      name(TOOL_NAME, NAME_FORM),
      fields('`urlEnv`, `signingSecretEnv` and `users`', {
        urlEnv: envName,
        signingSecretEnv: envName,
        users: z
          .record(name(SLACK_USER, 'the id of a Slack user, in upper-case letters and digits'), person, {
            error: expected('a mapping of Slack users to names'),
          })
          .describe('Names of approvers by their ids at Slack.'),
      }),
      { error: expected('a mapping of Slack workspaces') },
    )
    .optional()
    .describe('Slack workspaces that questions are posted to, as channels `slack:<name>`.'),
  mcp: z
    .record(
      name(TOOL_NAME, NAME_FORM),
      fields('`agent` and `person`', { agent: name(AGENT_NAME, 'the name of an agent'), person }),
      { error: expected('a mapping of MCP clients') },
    )
    .optional()
    .describe(
      'MCP clients that are trusted to show a question to the person before them, as channels `mcp:<name>`: what the client of that agent answers counts as the answer of that person.',
    ),
});
