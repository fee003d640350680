import { STATUS_CODES } from 'node:http';
import type { RouteConfig, z } from '@hono/zod-openapi';
import { CodedError } from '../../runtime/index.ts';
import type { Principal } from '../policy/index.ts';
import { plainJson, readBody } from './bodies.ts';
import { bodyBytesMaxOf } from './gate.ts';
import type { Operator, Visit } from './house.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { problemSchema } from './schemas.ts';

type Answer = Response | Promise<Response>;

/**
 * One operation: how the document describes it, who may use it, and what it does. `open`: everybody, who may also say who it is. `signed`: whoever can
 * sign; the handler checks that before all else.
 */
export type Route = { readonly config: RouteConfig } & (
  | { readonly access: 'agent'; readonly handle: (visit: Visit, agent: string) => Answer }
  | { readonly access: 'operator'; readonly handle: (visit: Visit, operator: Operator) => Answer }
  | { readonly access: 'either'; readonly handle: (visit: Visit, principal: Principal) => Answer }
  | { readonly access: 'open'; readonly handle: (visit: Visit, principal: Principal | undefined) => Answer }
  | { readonly access: 'signed'; readonly handle: (visit: Visit) => Answer }
);

export type Access = Route['access'];

/** An answer that is no problem. */
export interface Good {
  readonly status: number;
  readonly description: string;
  /** Default `application/json`. */
  readonly type?: string;
  readonly schema: z.ZodType;
  readonly example?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The same as JSON, where it is text for most. */
  readonly json?: { readonly schema: z.ZodType; readonly example: unknown };
}

export interface Description {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly request?: RouteConfig['request'];
  readonly good: readonly Good[];
  /** Statuses of problems beside those that every operation has. */
  readonly problems?: readonly number[];
}

const SECURITY: Readonly<Record<Access, RouteConfig['security']>> = {
  agent: [{ bearer: [] }],
  operator: [{ bearer: [] }],
  either: [{ bearer: [] }],
  open: [{}, { bearer: [] }],
  signed: [{ signature: [] }],
};

/** The operation as OpenAPI has it, with all its answers. */
export function described({ method, path, id, good, ...about }: Description): RouteConfig {
  const { tag, summary, description, access, request } = about;
  return {
    method,
    path,
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: SECURITY[access] ?? [],
    'x-cellblock-access': access,
    ...(request === undefined ? {} : { request }),
    responses: {
      ...Object.fromEntries(good.map((answer) => [answer.status, goodResponse(answer)])),
      ...Object.fromEntries(problemStatuses(method, about).map((status) => [status, problemOf(status)])),
    },
  };
}

function goodResponse({ description, type = 'application/json', schema, example, headers, json }: Good) {
  const headersPart = Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, text]) => [name, { description: text, schema: { type: 'string' as const } }]),
  );
  return {
    description,
    content: {
      [type]: { schema, ...(example === undefined ? {} : { example }) },
      ...(json === undefined ? {} : { 'application/json': json }),
    },
    ...(headers === undefined ? {} : { headers: headersPart }),
  };
}

function problemStatuses(method: string, { access, problems = [] }: Pick<Description, 'access' | 'problems'>): readonly number[] {
  const always = [400, 403, 405, 431, 500];
  const known = access === 'open' ? [] : [401, 429];
  const withBody = method === 'post' ? [408, 413, 415] : [];
  return [...new Set([...always, ...known, ...withBody, ...problems])].sort();
}

const DETAILS: Readonly<Record<number, string>> = {
  400: 'a part of the request cannot be used as it stands',
  401: 'a token is needed: `Authorization: Bearer TOKEN`',
  403: 'the Host header is not a name of this server',
  404: 'there is nothing here',
  405: 'this path has no such method',
  408: 'the request did not arrive in time',
  409: 'this `request_id` came before, with another request',
  413: 'a body here has at most 262144 bytes',
  415: 'the Content-Type of a body here is `application/json`',
  422: '`n` is no u32',
  429: 'too many requests are open',
  431: 'a request has at most 100 headers',
  500: 'something went wrong here',
  503: 'the trail cannot be written; nothing runs',
};

function problemOf(status: number) {
  const title = STATUS_CODES[status] ?? 'Error';
  const example = { type: 'about:blank', title, status, detail: DETAILS[status] };
  return { description: title, content: { [PROBLEM_TYPE]: { schema: problemSchema, example } } };
}

export function json(data: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(data), { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** @throws CodedError `usage/invalid-argument` for a member that is unknown, missing or of the wrong form. */
export async function bodyOf<Schema extends z.ZodType>(visit: Visit, schema: Schema): Promise<z.output<Schema>> {
  return checked(plainJson(await rawBodyOf(visit)), schema, 'body');
}

/** The body as it came. @throws CodedError `params/too-large`, `busy/overloaded`. */
export async function rawBodyOf({ request, body, house, raw }: Visit): Promise<Uint8Array> {
  return raw ?? readBody(request, bodyBytesMaxOf(new URL(request.url).pathname, house.limits), body);
}

/** @throws as `bodyOf`, also for a name that is there twice. */
export function queryOf<Schema extends z.ZodType>({ query }: Visit, schema: Schema): z.output<Schema> {
  const names = [...query.keys()];
  if (new Set(names).size !== names.length) throw new CodedError('usage/invalid-argument', 'a name is in the query twice');
  return checked(Object.fromEntries(query), schema, 'query');
}

function checked<Schema extends z.ZodType>(value: unknown, schema: Schema, what: string): z.output<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const path = issue === undefined ? '' : ['$', ...issue.path].join('.');
  // zod's own words: they name what is expected, and unknown members, which are cut.
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at \`${path.slice(0, 100)}\``;
  const words = (issue?.message ?? '').slice(0, 200);
  throw new CodedError('usage/invalid-argument', `the ${what} is not as it should be${place}: ${words}`, { data: { path } });
}
