import type { IncomingMessage } from 'node:http';
import type { HttpLimits } from './limits.ts';
import { isOwnHost, isOwnOrigin, type OwnHosts } from './own-hosts.ts';
import type { Problem } from './problem.ts';

/*
 * What is checked of every request before anything else is done with it: is it for us, did a page of somebody else send it, is its body of a kind and
 * size that we take. Headers are counted as they came over the network: what a parser makes of two is not what the next program makes of them.
 */

/** Parts of the server that take different bodies. */
interface Realm {
  readonly contentType: string;
  readonly bytesMax: keyof Pick<HttpLimits, 'requestBytesMax' | 'bodyBytesMax'>;
}

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const REALMS: readonly (readonly [RegExp, Realm])[] = [
  [/^\/console(?:[/?]|$)/, { contentType: FORM, bytesMax: 'bodyBytesMax' }],
  [/^\/v1\/callbacks\/slack\//, { contentType: FORM, bytesMax: 'bodyBytesMax' }],
  [/^\/(?:mcp|v1\/requests)(?:\?|$)/, { contentType: JSON_TYPE, bytesMax: 'requestBytesMax' }],
  [/^/, { contentType: JSON_TYPE, bytesMax: 'bodyBytesMax' }],
];

/** Bytes that a body for this path may have. */
export function bodyBytesMaxOf(path: string, limits: HttpLimits): number {
  return limits[realmOf(path).bytesMax];
}

/** The values of all headers of a name, as they came. */
export function headersOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}

/**
 * Why a request is not let in; undefined where it may go on to say who it is. A target in absolute form that is ours becomes its path.
 */
export function gateProblem(incoming: IncomingMessage, own: OwnHosts, limits: HttpLimits): Problem | undefined {
  if (incoming.rawHeaders.length / 2 > limits.headersMax) {
    return { status: 431, detail: `a request has at most ${limits.headersMax} headers` };
  }
  return (
    hostProblem(incoming, own) ??
    targetProblem(incoming) ??
    originProblem(incoming, own) ??
    fetchSiteProblem(incoming) ??
    bodyProblem(incoming, limits)
  );
}

function hostProblem(incoming: IncomingMessage, own: OwnHosts): Problem | undefined {
  const [host, ...more] = headersOf(incoming, 'host');
  if (host !== undefined && more.length === 0 && isOwnHost(host, own)) return undefined;
  return forbidden('the Host header is not a name of this server; `serve.hostnames` in the policy lists others');
}

/** RFC 9112, 3.2.2: a target in absolute form goes before the Host header; where they differ, somebody wants to be taken for another. */
function targetProblem(incoming: IncomingMessage): Problem | undefined {
  const target = incoming.url ?? '';
  if (target.startsWith('/')) return undefined;
  const [, host, path = ''] = /^https?:\/\/([^/?#]+)(\/[^#]*)?$/i.exec(target) ?? [];
  if (host === undefined) return { status: 400, detail: 'the target of a request is a path' };
  if (host.toLowerCase() !== incoming.headers.host?.toLowerCase())
    return forbidden('the target names another host than the Host header');
  incoming.url = path === '' ? '/' : path;
  return undefined;
}

function originProblem(incoming: IncomingMessage, own: OwnHosts): Problem | undefined {
  const origins = headersOf(incoming, 'origin');
  if (origins.length === 0 || (origins.length === 1 && isOwnOrigin(origins[0]!, own))) return undefined;
  return forbidden('the Origin header is not that of a page of this server');
}

/** Browsers send it with each request, and no page can write it. */
function fetchSiteProblem(incoming: IncomingMessage): Problem | undefined {
  const isChange = incoming.method !== 'GET' && incoming.method !== 'HEAD';
  if (!isChange || !headersOf(incoming, 'sec-fetch-site').includes('cross-site')) return undefined;
  return forbidden('a page of another site may change nothing here');
}

function bodyProblem(incoming: IncomingMessage, limits: HttpLimits): Problem | undefined {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = incoming.headers;
  if (incoming.method !== 'POST') {
    return length === '0' && encoding === undefined ? undefined : { status: 400, detail: 'only a POST has a body' };
  }
  const { contentType, bytesMax } = realmOf(incoming.url ?? '');
  const types = headersOf(incoming, 'content-type');
  const isRight = types.length === 1 && types[0]?.split(';', 1)[0]?.trim().toLowerCase() === contentType;
  if (!isRight) return { status: 415, detail: `the Content-Type of a body here is \`${contentType}\`` };
  if (headersOf(incoming, 'content-encoding').some((name) => name.toLowerCase() !== 'identity')) {
    return { status: 415, detail: 'a body is sent as it is, without a Content-Encoding' };
  }
  if (Number(length) > limits[bytesMax]) {
    return { status: 413, detail: `a body here has at most ${limits[bytesMax]} bytes`, code: 'params/too-large' };
  }
  return undefined;
}

function realmOf(path: string): Realm {
  return REALMS.find(([pattern]) => pattern.test(path))![1]; // the last one is for every path
}

function forbidden(detail: string): Problem {
  return { status: 403, detail };
}
