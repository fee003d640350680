import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { isCoded } from '../../runtime/index.ts';
import type { Principal } from '../policy/index.ts';
import { bearerOf, unauthorized } from './bearer.ts';
import { type HeldBody, readBody } from './bodies.ts';
import { ROUTES } from './document.ts';
import { bodyBytesMaxOf } from './gate.ts';
import type { House, Visit } from './house.ts';
import { problemResponse, retryHeaders, statusOf } from './problem.ts';
import { type Route, rawBodyOf } from './route.ts';

type Env = { Bindings: HttpBindings };
type Ctx = Context<Env>;

/** What is mounted beside the API. */
export interface Mounts {
  readonly mcp: { fetch(request: Request, agent: string): Promise<Response> } | undefined;
  readonly console: { fetch(request: Request): Response | Promise<Response> } | undefined;
}

/** Where requests go that passed the gate: who it is, whether that may be here, and then the handler. */
export function openApp(house: House, mounts: Mounts): Hono<Env> {
  const app = new Hono<Env>();
  for (const route of ROUTES) app.on(route.config.method.toUpperCase(), pathOf(route), (context) => serve(house, route, context));
  for (const [path, allowed] of methodsByPath()) app.all(path, (context) => wrongMethod(house, context, allowed));
  mountMcp(app, house, mounts.mcp);
  mountConsole(app, house, mounts.console);
  app.notFound(async (context) => {
    const principal = await principalOf(house, context);
    return principal === undefined ? notKnown(context) : problemResponse({ status: 404, detail: 'there is nothing here' });
  });
  app.onError((error) => failed(house, error));
  return app;
}

/** `{name}` of the document is `:name` here. */
function pathOf({ config: { path } }: Route): string {
  return path.replaceAll(/\{([a-z]+)\}/g, ':$1');
}

function methodsByPath(): ReadonlyMap<string, { readonly methods: string; readonly isOpen: boolean }> {
  const paths = new Map<string, { readonly methods: string; readonly isOpen: boolean }>();
  for (const route of ROUTES) {
    paths.set(pathOf(route), {
      methods: route.config.method.toUpperCase(),
      isOpen: route.access === 'open' || route.access === 'signed',
    });
  }
  return paths;
}

async function serve(house: House, route: Route, context: Ctx): Promise<Response> {
  const { request, incoming, outgoing } = partsOf(context);
  // Hono answers HEAD by GET: what a GET here does may cost too much for that.
  if (request.method === 'HEAD') return wrongMethod(house, context, { methods: 'GET', isOpen: route.access === 'open' });
  const bearer = bearerOf(incoming);
  const principal = route.access === 'signed' ? undefined : await principalOf(house, context);
  const params = context.req.param();
  const body = (route.access === 'signed' ? house.strangerBodies : house.bodies).hold();
  const visit: Visit = { house, request, params, query: new URL(request.url).searchParams, incoming, outgoing, bearer, body };
  try {
    if (route.access === 'open') return await route.handle(visit, principal);
    if (route.access === 'signed') return await route.handle(visit);
    if (principal === undefined) return notKnown(context);
    const leave = house.turns.take(`${principal.kind} ${principal.name}`);
    try {
      if (request.method !== 'POST' || !isFor(route, principal)) return await handled(route, visit, principal);
      const raw = await rawBodyOf(visit);
      const still = await stillOf(house, context, principal);
      return still === undefined ? notKnown(context) : await handled(route, { ...visit, raw }, still);
    } finally {
      leave();
    }
  } catch (error) {
    return failed(house, error, principal);
  } finally {
    body.free();
  }
}

function isFor({ access }: Route, { kind }: Principal): boolean {
  return access === 'either' || access === kind;
}

/** A body may take its time: whoever sends it must still be who it was, by the policy in force, when it is there. */
async function stillOf(house: House, context: Ctx, { kind, name }: Principal): Promise<Principal | undefined> {
  const now = await principalOf(house, context);
  return now?.kind === kind && now.name === name ? now : undefined;
}

function handled(
  route: Exclude<Route, { access: 'open' | 'signed' }>,
  visit: Visit,
  principal: Principal,
): Response | Promise<Response> {
  if (route.access === 'either') return route.handle(visit, principal);
  if (route.access === 'agent' && principal.kind === 'agent') return route.handle(visit, principal.name);
  if (route.access === 'operator' && principal.kind === 'operator') return route.handle(visit, principal);
  return problemResponse({ status: 403, detail: `this is for ${route.access === 'agent' ? 'agents' : 'operators'}` });
}

async function wrongMethod(
  house: House,
  context: Ctx,
  { methods, isOpen }: { readonly methods: string; readonly isOpen: boolean },
): Promise<Response> {
  if (!isOpen && (await principalOf(house, context)) === undefined) return notKnown(context);
  return problemResponse({ status: 405, detail: 'this path has no such method', headers: { allow: methods } });
}

function mountMcp(app: Hono<Env>, house: House, mcp: Mounts['mcp']): void {
  if (mcp === undefined) return;
  app.all('/mcp', async (context) => {
    const principal = await principalOf(house, context);
    if (principal === undefined) return notKnown(context);
    if (principal.kind !== 'agent') return problemResponse({ status: 403, detail: 'this is for agents' });
    const { request } = partsOf(context);
    if (!['GET', 'POST', 'DELETE'].includes(request.method)) {
      return problemResponse({ status: 405, detail: 'this path has no such method', headers: { allow: 'GET, POST, DELETE' } });
    }
    const turns = request.method === 'GET' ? house.mcpStreams : house.turns;
    whenClosed(context, turns.take(`agent ${principal.name}`));
    // What came is in memory for as long as it is worked at.
    const body = house.bodies.hold();
    try {
      const plain = await plainRequest(request, house, body);
      if ((await stillOf(house, context, principal)) === undefined) return notKnown(context);
      return await mcp.fetch(plain, principal.name);
    } finally {
      whenClosed(context, body.free);
    }
  });
}

/** Does it once the answer has left, or nobody is there any more; at once where that is so already: then no event comes. */
function whenClosed({ env: { outgoing } }: Ctx, then: () => void): void {
  if (outgoing.closed) then();
  else outgoing.once('close', then);
}

function mountConsole(app: Hono<Env>, house: House, console: Mounts['console']): void {
  if (console === undefined) return;
  app.get('/', () => new Response(null, { status: 303, headers: { location: '/console' } }));
  const show = async (context: Ctx) => {
    const body = house.strangerBodies.hold();
    try {
      return await console.fetch(await plainRequest(partsOf(context).request, house, body));
    } finally {
      body.free();
    }
  };
  app.all('/console', show);
  app.all('/console/*', show);
}

/** A request of the platform's own kind, with its whole body: what is mounted here need not know how requests come. */
async function plainRequest(request: Request, { limits }: House, body: HeldBody): Promise<Request> {
  const { method, headers, signal, url } = request;
  const bytes = method === 'POST' ? await readBody(request, bodyBytesMaxOf(new URL(url).pathname, limits), body) : undefined;
  return new Request(url, { method, headers: new Headers(headers), signal, ...(bytes === undefined ? {} : { body: bytes }) });
}

function partsOf({ req, env }: Ctx): HttpBindings & { readonly request: Request } {
  // Node's server speaks HTTP/1.1 only, so these are its own.
  const { incoming, outgoing } = env;
  return { request: req.raw, incoming, outgoing };
}

function principalOf({ principals, live }: House, { env }: Ctx): Promise<Principal | undefined> {
  return principals.of(live.current.policy.serve, bearerOf(env.incoming) ?? '');
}

function notKnown({ env }: Ctx): Response {
  return problemResponse(unauthorized(bearerOf(env.incoming)));
}

/** Messages of the system's own troubles hold paths: they are for operators. */
const TOLD = /^(?:usage|params|denied|busy)\//;

function failed(house: House, error: unknown, principal?: Principal): Response {
  if (!isCoded(error)) {
    house.onProblem(`a request over HTTP failed: ${error instanceof Error ? error.name : 'an unknown error'}`);
    return problemResponse({ status: 500, detail: 'something went wrong here' });
  }
  const { code, message, help, data } = error;
  const status = statusOf(code);
  const isTold = TOLD.test(code) || principal?.kind === 'operator';
  return problemResponse({
    status,
    detail: isTold ? message : 'the request failed',
    code,
    ...(help === undefined || !isTold ? {} : { help }),
    ...(!isTold || Object.keys(data ?? {}).length === 0 ? {} : { data }),
    headers: retryHeaders(status, data),
  });
}
