/* Which names say that their value is a secret. Names are data from outside: header names, parameter names, query parameters. */

/** Code units looked at, from the end of a name: what it is comes last. */
const NAME_CHARS_MAX = 96;

/** Letters only, lower case. A name that ends in one of them is secret, wherever the word begins: `mytoken`, `dbPassword`. */
const ENDINGS = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'secret',
  'token',
  'authorization',
  'credential',
  'cookie',
  'apikey',
  'authkey',
  'privatekey',
  'secretkey',
  'accesskey',
  'signingkey',
  'encryptionkey',
  'sharedkey',
  'sessionkey',
  'masterkey',
  'amzsignature',
  'googsignature',
] as const;

/** Secret only as the whole last word, since other words end like them: `bypass`, `oauth`. */
const LAST_WORDS: ReadonlySet<string> = new Set(['pass', 'pwd', 'auth', 'jwt', 'bearer', 'pat', 'pin']);

/** Words after the noun that leave the value what it is: `token-value`, `passwordHash`, `secret_base64`. */
const QUALIFIERS: ReadonlySet<string> = new Set(
  'value text string header plain raw data old new current previous confirm confirmation repeat hash base64 hex'.split(' '),
);

/** What a name says about its value. `many`: a plural, which for a number is a count and no secret, as in `max-tokens`. */
export type Secrecy = 'no' | 'one' | 'many';

/**
 * Judges a name in kebab, snake, camel or no case: `api-key`, `API_KEY`, `apiKey`, `APIKey`, `apikey` are the same.
 *
 * @param name - of any length; only its end is looked at.
 * Thread: any. Pure. Linear in what is looked at.
 */
export function secrecyOf(name: string): Secrecy {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const secrecy = judge(name);
  if (name.length <= NAME_CHARS_MAX) {
    if (judged.size >= JUDGED_MAX) judged.clear();
    judged.set(name, secrecy);
  }
  return secrecy;
}

/** The same names come with each call, and taking one apart takes a microsecond. */
const judged = new Map<string, Secrecy>();
const JUDGED_MAX = 1000;

function judge(name: string): Secrecy {
  const words = wordsOf(name.slice(-NAME_CHARS_MAX));
  while (words.length > 1 && isQualifier(words.at(-1)!)) words.pop();
  const last = words.at(-1);
  if (last === undefined) return 'no';
  const joined = words.join('');
  if (isSecret(joined, last)) return 'one';
  return joined.endsWith('s') && isSecret(joined.slice(0, -1), last.slice(0, -1)) ? 'many' : 'no';
}

function isSecret(joined: string, last: string): boolean {
  return LAST_WORDS.has(last) || ENDINGS.some((ending) => joined.endsWith(ending));
}

function isQualifier(word: string): boolean {
  return QUALIFIERS.has(word) || /^\d+$/.test(word);
}

/** Splits at everything that is no letter or digit, and where a hump begins: `XApiKey2` is `x`, `api`, `key2`. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/([A-Za-z])(\d)/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
