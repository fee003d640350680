import { beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../host/http/index.ts';
import { type Answered, clientOf, raw, requestText, type Served, TOKENS, useServers } from './fixture.ts';

/* Every operation of the document: closed to whoever has no token, to the wrong kind of principal, to other names of this server and to other sites. */

interface Operation {
  readonly 'x-cellblock-access': 'agent' | 'operator' | 'either' | 'open' | 'signed';
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly example?: unknown; readonly schema: unknown }>> }>
  >;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: { readonly example?: string } }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}

const { paths } = openApiDocument() as { readonly paths: Readonly<Record<string, Readonly<Record<'get' | 'post', Operation>>>> };
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ id: operation.operationId, path, method, operation })),
);

const servers = useServers();
let served: Served;
beforeAll(async () => {
  served = await servers.open(undefined, { metrics: async () => 'up 1\n' });
});

/** The operation with its own examples. */
function ask(
  { path, method, operation }: (typeof operations)[number],
  headers: Readonly<Record<string, string>>,
): Promise<Answered> {
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    return operation.parameters?.find((parameter) => parameter.name === name)?.schema.example ?? name;
  });
  const client = clientOf(served.url);
  if (method === 'get') return client.get(target, headers);
  const [[type, content] = ['application/json', {}]] = Object.entries(operation.requestBody?.content ?? {});
  const body = type === 'application/json' ? JSON.stringify(content.example ?? {}) : 'payload=%7B%7D';
  return client.post(target, body, { 'content-type': type, ...headers });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe.each(operations)('$method $path', (entry) => {
  const { operation } = entry;
  const access = operation['x-cellblock-access'];

  it("without a token, or with nobody's, is refused", async () => {
    for (const headers of [{}, bearer('cb_nobody'), bearer(`${TOKENS.ann}x`), { authorization: TOKENS.ann }]) {
      const { status, headers: said, text } = await ask(entry, headers);
      if (access === 'open') {
        expect([200, 503]).toContain(status);
        expect(text).toMatch(/^(?:ok|ready|not ready)\n$/);
        continue;
      }
      expect(status).toBe(401);
      expect(said.get('content-type')).toBe('application/problem+json');
      if (access !== 'signed') expect(said.get('www-authenticate')).toMatch(/^Bearer realm="cellblock"/);
    }
  });

  it('with the wrong kind of token is forbidden, and a token stands for no signature', async () => {
    if (access === 'either' || access === 'open') return; // both may, and see different things
    const { status } = await ask(entry, bearer(access === 'agent' ? TOKENS.ann : TOKENS.a));
    expect(status).toBe(access === 'signed' ? 401 : 403);
  });

  it('SV-01, SV-02: under another name, or from a page of another site, is refused before anything else', async () => {
    const right = access === 'agent' ? TOKENS.a : TOKENS.ann;
    const target = entry.path.replaceAll(/[{}]/g, '');
    for (const host of [
      'evil.test',
      `evil.test:${served.port}`,
      `127.0.0.1.evil.test:${served.port}`,
      `127.0.0.1:${served.port + 1}`,
    ]) {
      const headers = [`Host: ${host}`, `Authorization: Bearer ${right}`, 'Content-Type: application/json', 'Content-Length: 2'];
      const isPost = entry.method === 'post';
      const text = requestText(target, isPost ? headers : headers.slice(0, 2), entry.method.toUpperCase(), isPost ? '{}' : '');
      expect(await raw(served.port, text), host).toMatch(/^HTTP\/1\.1 403 [\s\S]*"detail":"the Host header/);
    }
    for (const origin of [
      'https://evil.test',
      'null',
      `http://127.0.0.1.evil.test:${served.port}`,
      'file://',
      'http://localhost',
    ]) {
      const { status, headers, json } = await ask(entry, { ...bearer(right), origin });
      expect({ origin, status }).toEqual({ origin, status: 403 });
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(json.detail).toMatch(/Origin/);
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('has no other method', async () => {
    const url = served.url + entry.path.replaceAll(/[{}]/g, '');
    const headers = bearer(access === 'agent' ? TOKENS.a : TOKENS.ann);
    const known = Object.keys(paths[entry.path] ?? {}).map((name) => name.toUpperCase());
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'].filter((name) => !known.includes(name))) {
      const { status, headers: said } = await fetch(url, { method, headers });
      expect({ method, status }).toEqual({ method, status: 405 });
      expect(said.get('allow')).toBe(known.join(', '));
    }
  });

  it('says all in its description: security, examples, and what can go wrong', () => {
    expect(operation.security?.length).toBeGreaterThan(0);
    const { responses } = operation;
    for (const status of ['400', '403', '405', '500']) expect(Object.keys(responses)).toContain(status);
    if (access !== 'open') expect(Object.keys(responses)).toContain('401');
    for (const { content = {} } of Object.values(responses)) {
      for (const { example, schema } of Object.values(content)) {
        expect(example).toBeDefined();
        expect(schema).toBeDefined();
      }
    }
  });
});

it('is served to agents and operators, as it is published', async () => {
  for (const who of ['a', 'eve'] as const) {
    expect(await served.as(who).get('/v1/openapi.json')).toMatchObject({ status: 200, json: openApiDocument() });
  }
});

it('is a document of OpenAPI 3.1 whose references resolve and whose operations have names of their own', () => {
  const document = openApiDocument() as { readonly openapi: string; readonly components: { readonly schemas: object } };
  expect(document.openapi).toBe('3.1.0');
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(refs.length).toBeGreaterThan(10);
  expect(refs.filter((name) => !Object.hasOwn(document.components.schemas, name ?? ''))).toEqual([]);
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
});
