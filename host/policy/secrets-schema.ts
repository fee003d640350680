import { z } from 'zod';
import { expected, fields, name } from './schema-parts.ts';
import { filePath } from './tool-schema.ts';

/** Name of a secret, as scopes use it: ASCII letters, digits and `.`, `_`, `-`, starting with a letter or `_`. */
export const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name of a secret, for the schemas of scopes. */
export const secretName = name(SECRET_NAME, 'the name of a secret, of letters, digits and `.`, `_`, `-`');

const source = fields('`env` or `file`', {
  env: name(ENV_NAME, 'the name of an environment variable').optional().describe('The environment variable that holds it.'),
  file: filePath('the path of a file')
    .optional()
    .describe("The file that holds it; a relative path starts at this file's folder. Others must not be able to read it."),
}).superRefine(({ env, file }, context) => {
  if ((env === undefined) === (file === undefined)) {
    context.addIssue({ code: 'custom', message: 'expected exactly one of `env` and `file`' });
  }
});

/** Where secrets are. Their values stay out of the policy, which is printed, hashed and passed around. */
export const secretsSection = z.record(secretName, source, { error: expected('a mapping of secrets') });

export type SecretsDocument = z.output<typeof secretsSection>;

/** Where one secret is. */
export type SecretSource =
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'file' /** Relative to the folder of the policy, or absolute. */; readonly path: string };

export function secretSources(section: SecretsDocument): ReadonlyMap<string, SecretSource> {
  return new Map(Object.entries(section).map(([key, { env, file }]) => [key, sourceOf(env, file)]));
}

function sourceOf(env: string | undefined, file: string | undefined): SecretSource {
  return Object.freeze(file === undefined ? { kind: 'env', variable: env ?? '' } : { kind: 'file', path: file });
}
