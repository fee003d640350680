import { z } from 'zod';
import { AGENT_NAME } from './names.ts';
import { expected, fields, listOf, name } from './schema-parts.ts';
import { filePath } from './tool-schema.ts';

const TOKEN_DIGEST = /^sha256:[0-9a-f]{64}$/;
/** A name or address as a Host header has it, with a port or without. */
const HOST_FORM = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;

const tokens = listOf(
  name(TOKEN_DIGEST, '`sha256:` and 64 hex digits, as `cellblock token` prints them'),
  'a list of digests of tokens',
)
  .optional()
  .describe('SHA-256 digests of the tokens that stand for it; `cellblock token` makes one. The tokens are not in this file.');

const subjects = listOf(
  z.string({ error: expected('the subject of a JWT') }).min(1, { error: expected('the subject of a JWT') }),
  'a list of subjects',
)
  .optional()
  .describe('Subjects of JWTs that stand for it.');

const client = fields('`tokens` and `subjects`', { tokens, subjects });

const operator = fields('`tokens`, `subjects` and `may`', {
  tokens,
  subjects,
  may: z
    .enum(['read', 'answer'], { error: expected('`read` or `answer`') })
    .optional()
    .describe('`read`: see everything and change nothing. `answer` (the default): also approve, deny and revoke.'),
});

const jwt = fields('`keys`, `issuer`, `audience` and `claim`', {
  keys: filePath('the path of a file with a JSON Web Key Set').describe(
    "Public keys (JWKS); a relative path starts at this file's folder. Read again when it has changed.",
  ),
  issuer: z
    .string({ error: expected('text') })
    .min(1, { error: expected('text') })
    .describe('What `iss` has to be.'),
  audience: z
    .string({ error: expected('text') })
    .min(1, { error: expected('text') })
    .describe('What `aud` has to hold.'),
  claim: z
    .string({ error: expected('the name of a claim') })
    .min(1, { error: expected('the name of a claim') })
    .optional()
    .describe('The claim that says who it is. Default `sub`.'),
});

/** Who may come to `cellblock serve`, and how it knows them. */
export const serveSection = fields('the fields of `serve`', {
  hostnames: listOf(name(HOST_FORM, 'a hostname in lower case, with a port or without'), 'a list of hostnames')
    .optional()
    .describe('Names in the Host header that are ours, beside those of this machine (`localhost`, `127.0.0.1`, `[::1]`).'),
  agents: z
    .record(name(AGENT_NAME, 'the name of an agent'), client, { error: expected('a mapping of agents') })
    .optional()
    .describe('How agents prove who they are over HTTP.'),
  operators: z
    .record(name(AGENT_NAME, 'the name of a person'), operator, { error: expected('a mapping of operators') })
    .optional()
    .describe('People who see requests and answer questions, in the console and over HTTP.'),
  jwt: jwt.optional().describe('Accepts JWTs beside tokens.'),
});

export type ServeDocument = z.output<typeof serveSection>;
