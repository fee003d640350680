import { z } from 'zod';
import { quote } from '../../policy/quote.ts';
import { expected, fields, listOf } from '../../policy/schema-parts.ts';
import { secretName } from '../../policy/secrets-schema.ts';

const USES = '`hmac-sha256` and `reveal`';
const LIST = `a list of one or more of ${USES}`;

const use = z.enum(['hmac-sha256', 'reveal'], { error: expected(`one of ${USES}`) });

/** What a policy says of `secrets`: names of its section `secrets`, each with what the tool may have done with it. */
export const secretsScope = z
  .record(
    secretName,
    fields('`use`', {
      use: listOf(use, LIST)
        .min(1, { error: `expected ${LIST}, got an empty one` })
        .describe('`hmac-sha256`: the host signs with it, and the tool never sees it; `reveal`: the tool gets its value.'),
    }),
    { error: expected('a mapping of names of secrets to their uses') },
  )
  .refine((secrets) => Object.keys(secrets).length > 0, { error: 'expected one or more secrets, got none' })
  .transform((secrets): SecretsScope => new Map(Object.entries(secrets).map(([key, one]) => [key, new Set(one.use)])));

export type SecretUse = 'hmac-sha256' | 'reveal';

/** Uses by the name of the secret, as a map: no name reaches a prototype. */
export type SecretsScope = ReadonlyMap<string, ReadonlySet<SecretUse>>;

/** Secrets that have a use which all scopes allow, in the order of the first. */
export function namesIn([own, ...others]: readonly [SecretsScope, ...SecretsScope[]]): readonly string[] {
  const isShared = (name: string, one: SecretUse): boolean => others.every((scope) => scope.get(name)?.has(one) === true);
  return [...own].filter(([name, uses]) => [...uses].some((one) => isShared(name, one))).map(([name]) => name);
}

/** Why these scopes do not allow this use of a secret; undefined: all of them do. */
export function refusalOf(
  scopes: readonly [SecretsScope, ...SecretsScope[]],
  name: string,
  wanted: SecretUse,
): string | undefined {
  const [own] = scopes;
  for (const scope of scopes) {
    const whose = scope === own ? 'the grant' : 'a grant above this one';
    const uses = scope.get(name);
    if (uses === undefined) return `${whose} has no secret ${quote(name)}`;
    if (!uses.has(wanted)) return `${whose} has ${quote(name)} not for \`${wanted}\`; \`use\` would allow it`;
  }
  return undefined;
}
