import { z } from 'zod';
import { CodedError } from '../../../runtime/index.ts';
import { expected, fields, listOf, parsedBy } from '../../policy/schema-parts.ts';
import { secretName } from '../../policy/secrets-schema.ts';
import { filePath, size, unitText } from '../../policy/tool-schema.ts';
import { DURATION_FORM, DURATION_PATTERN, parseDuration, parseSize } from '../../policy/units.ts';
import { type AddressBlock, parseAddressBlock } from './addresses.ts';
import { isHostHeader } from './header-names.ts';
import { parseUrlPattern } from './url-pattern.ts';

const MIB = 2 ** 20;
const BODY_BYTES_MAX = 4096 * MIB;
const REDIRECTS_MAX = 5;
const CONCURRENT_MAX = 64;
/** Of one rule, where it does not say. */
export const DEFAULT_CAPS = {
  timeoutMs: 30_000,
  requestBytes: 10 * MIB,
  responseBytes: 10 * MIB,
  inflatedBytes: 50 * MIB,
  redirects: 0,
} as const;
const DEFAULT_CONCURRENT = 8;

const METHODS = 'a list of one or more methods in capitals, such as `GET`';
const method = z
  .string({ error: expected('a method in capitals') })
  .regex(/^[A-Z]{1,20}$/, { error: expected('a method in capitals') })
  .refine((text) => text !== 'CONNECT' && text !== 'TRACE', {
    error: 'expected another method: `CONNECT` and `TRACE` are never sent',
  });

const HEADER_FORM = 'the name of a header in small letters that a tool may set';
const headerName = z
  .string({ error: expected(HEADER_FORM) })
  .refine((text) => /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(text) && !isHostHeader(text), { error: expected(HEADER_FORM) });

const count = (least: number, most: number) => {
  const error = expected(`a whole number from ${least} to ${most}`);
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const bytes = (example: string) =>
  size(example).transform(
    parsedBy((text) => {
      const parsed = parseSize(text);
      if (parsed > BODY_BYTES_MAX) throw new CodedError('usage/invalid-argument', 'expected a size of at most 4GiB');
      return parsed;
    }),
  );

const secretUse = fields('`secret` and `prefix`', {
  secret: secretName.describe('Name of a secret of the section `secrets`.'),
  prefix: z
    .string({ error: expected('text') })
    .regex(/^[\x20-\x7e]{0,100}$/, { error: expected('text of printable ASCII') })
    .default('')
    .describe('What stands before the value, such as `Bearer ` with its space.'),
});

const ADDRESSES = 'a list of one or more addresses or blocks, such as `10.0.0.0/8`';
const addressBlock = z
  .string({ error: expected('an address or a block') })
  .refine((text) => isParsable(parseAddressBlock, text), {
    error: expected('an address or a block such as `10.0.0.0/8`'),
  });

function isParsable(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** One kind of request that a tool may send. */
const rule = fields('a kind of request', {
  methods: listOf(method, METHODS)
    .min(1, { error: `expected ${METHODS}, got an empty one` })
    .describe('Methods that may be sent.'),
  url: z
    .string({ error: expected('an URL') })
    .transform(parsedBy(parseUrlPattern))
    .describe('Scheme, host, port and the beginning of the path, by whole segments; `*.example.com` means all names below.'),
  path: z
    .enum(['prefix', 'exact'], { error: expected('`prefix` or `exact`') })
    .default('prefix')
    .describe('`exact`: the path of `url` alone, and none below it.'),
  query: z
    .union(
      [z.literal('any'), listOf(z.string({ error: expected('the name of a parameter') }), 'a list of names of parameters')],
      {
        error: expected('`any` or a list of names of parameters'),
      },
    )
    .default([])
    .describe('Parameters of the query that may be there; none if absent.'),
  headers: listOf(headerName, 'a list of names of headers')
    .default([])
    .describe('Headers that the tool may set beside `accept` and `content-type`.'),
  secrets: z
    .record(headerName, secretUse, { error: expected('a mapping of headers, in small letters, to secrets') })
    .default({})
    .describe('Headers that the host sets to a secret, which the tool never sees.'),
  addresses: listOf(addressBlock, ADDRESSES)
    .min(1, { error: `expected ${ADDRESSES}, got an empty one` })
    .transform((texts): readonly AddressBlock[] => texts.map(parseAddressBlock))
    .optional()
    .describe('The only addresses that are connected to, private ones among them; absent: all public ones.'),
  ca: filePath('the path of a file').optional().describe('Certificates (PEM) that are trusted, in place of the public ones.'),
  clientCert: fields('`cert` and `key`', {
    cert: filePath('the path of a file').describe('Certificate (PEM) that the host shows.'),
    key: filePath('the path of a file').describe('Its private key (PEM).'),
  })
    .optional()
    .describe('A certificate that the host shows to the server.'),
  timeout: unitText(DURATION_FORM, DURATION_PATTERN, '30s')
    .transform(parsedBy(parseDuration))
    .default(DEFAULT_CAPS.timeoutMs)
    .describe('Time for the whole exchange. Default 30s.'),
  requestBytes: bytes('10MiB').default(DEFAULT_CAPS.requestBytes).describe('Bytes of the body that is sent. Default 10MiB.'),
  responseBytes: bytes('10MiB')
    .default(DEFAULT_CAPS.responseBytes)
    .describe('Bytes of the body that comes, as sent. Default 10MiB.'),
  inflatedBytes: bytes('50MiB').default(DEFAULT_CAPS.inflatedBytes).describe('Bytes of that body decompressed. Default 50MiB.'),
  redirects: count(0, REDIRECTS_MAX)
    .default(DEFAULT_CAPS.redirects)
    .describe(
      'Redirects that are followed; each must be allowed like a request of its own. Default 0: the tool gets the redirect.',
    ),
}).superRefine(({ url, secrets, headers, ca, clientCert }, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  const both = Object.keys(secrets).find((name) => headers.includes(name) || name === 'accept' || name === 'content-type');
  if (both !== undefined) refuse('secrets', `expected another header than \`${both}\`, which the tool may set`);
  if (typeof url !== 'object' || url.protocol === 'https:') return;
  if (ca !== undefined || clientCert !== undefined) refuse('url', 'expected `https` where certificates are named');
});

const REQUESTS = 'a list of one or more kinds of requests';

/** What a policy says of `http`. */
export const httpScope = fields('the fields of `http`', {
  requests: z
    .array(rule, { error: expected(REQUESTS) })
    .min(1, { error: `expected ${REQUESTS}, got an empty one` })
    .max(100, { error: 'expected at most 100 kinds of requests' })
    .describe('Requests that the tool may send: any that one of these allows.'),
  concurrent: count(1, CONCURRENT_MAX).default(DEFAULT_CONCURRENT).describe('Exchanges of one call at one time. Default 8.'),
});

export type HttpScope = z.output<typeof httpScope>;
export type HttpRule = HttpScope['requests'][number];
