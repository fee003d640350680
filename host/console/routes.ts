import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { isCoded } from '../../runtime/index.ts';
import { approvalStatus } from '../approvals/approval.ts';
import { type LiveWarden, type OperatorDoor, operatorDoor } from '../serving/index.ts';
import { accessPage } from './access-page.ts';
import { fileAnswer, fileRevocation } from './answers.ts';
import { approvalPage } from './approval-page.ts';
import { approvalsPage } from './approvals-page.ts';
import { assetResponse } from './assets.ts';
import type { ChainChecks } from './chain-check.ts';
import { chartsPage, type SpanName } from './charts-page.ts';
import { type Form, field, isSameOrigin, LOGIN_BYTES_MAX, readForm } from './forms.ts';
import { setHeaders } from './headers.ts';
import { type Html, html } from './html.ts';
import { type Frame, type Page, renderPage } from './layout.ts';
import type { LoginBrake } from './login-brake.ts';
import { loginPage, problemPage } from './login-page.ts';
import { nowPage } from './now-page.ts';
import { diffedPage, explainedPage, foundPage, policyPage } from './policy-page.ts';
import { diffPolicies, explainRequest } from './policy-work.ts';
import type { RequestFeed } from './request-feed.ts';
import { isCsrf, keep, type Session, type Sessions } from './sessions.ts';
import { storyPage } from './story-page.ts';
import { trailPage } from './trail-page.ts';
import { readSearch, searchTrail } from './trail-search.ts';
import type { Turns } from './turns.ts';
import { SPANS, usageSeries } from './usage-series.ts';

const COOKIE = 'cellblock_session';
const COOKIE_SECONDS = 8 * 60 * 60;
/**
 * Each session has pages of its own below this, by a random name, and its cookie goes to these alone. Cookies know no ports: by a path that somebody
 * could guess, a browser would bring the cookie to another server on this machine, too. A link from outside leads to the login page.
 */
const ROOM = '/at';
/** A path below the console with a query, as our own links are: nothing in it can leave this host. */
const NEXT = /^(?:\/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9_.~%&=+:/-]*)?$/;
const NEXT_CHARS_MAX = 500;

/** What the pages are made from. */
export interface ConsoleParts {
  readonly live: LiveWarden;
  readonly base: string;
  readonly sessions: Sessions;
  readonly feed: RequestFeed;
  readonly brake: LoginBrake;
  readonly checks: ChainChecks;
  readonly turns: Turns;
  readonly onProblem: (problem: string) => void;
}

interface Vars {
  Variables: { session: Session; door: OperatorDoor; form: Form };
}
type At = Context<Vars>;

/** All pages and forms. Only forms change anything, each from a page of the same session, and each sends the browser on to a page. */
export function consoleRoutes(parts: ConsoleParts): Hono<Vars> {
  const app = new Hono<Vars>({ strict: false }).basePath(parts.base);
  app.use(async (context, next) => {
    await next();
    setHeaders(context.res.headers);
  });
  app.use(async (context, next) => assetResponse(context.req.path.slice(parts.base.length)) ?? next());
  app.onError((error, context) => failed(parts, context, error));
  app.notFound((context) => context.html(notThere(parts.base), 404));
  addLogin(app, parts);
  const room = app.basePath(`${ROOM}/:room`);
  room.use((context, next) => withOperator(parts, context, next));
  addPages(room, parts);
  addForms(room, parts);
  room.all('*', (context) => context.html(notThere(parts.base), 404));
  app.all('*', (context) => toLogin(parts, context, context.req.path.slice(parts.base.length)));
  return app;
}

function addLogin(app: Hono<Vars>, parts: ConsoleParts): void {
  const { base, sessions, brake } = parts;
  app.get('/login', (context) => context.html(loginPage(base, nextOf(context.req.query('next')))));
  app.post('/login', async (context) => {
    if (!isSameOrigin(context.req.raw)) return context.html(notFromHere(base), 403);
    const form = await readForm(context.req.raw, LOGIN_BYTES_MAX);
    const next = nextOf(form?.get('next') ?? undefined);
    const token = form?.get('token')?.trim() ?? '';
    const nowMs = Date.now();
    const wait = brake.waitSeconds(nowMs);
    // A token is 256 random bits, and one look-up: nobody is kept out by others who guess. Past the brake JWTs, which cost more, are not looked at.
    const isLooked = wait === 0 || token.startsWith('cb_');
    const operator = token !== '' && isLooked ? await sessions.operatorOf(token) : undefined;
    if (operator !== undefined) {
      const { id, room } = sessions.open(operator.name, token, nowMs);
      setCookie(context, COOKIE, id, cookieOf(context, roomOf(base, room)));
      return context.redirect(`${roomOf(base, room)}${next}`, 303);
    }
    brake.failed(nowMs);
    if (wait === 0) return context.html(loginPage(base, next, 'This is no operator’s token of the policy in force.'), 401);
    context.header('retry-after', String(wait));
    return context.html(loginPage(base, next, `Too many tries. Wait ${wait} s.`), 429);
  });
}

/** What ends TLS before us speaks http to us: the browser says in the origin of the form, which was checked, how it sees us. */
function cookieOf(context: At, base: string) {
  const secure = [context.req.url, context.req.header('origin')].some((url) => url?.startsWith('https:') === true);
  return { path: base, httpOnly: true, sameSite: 'Strict', secure, maxAge: COOKIE_SECONDS } as const;
}

function roomOf(base: string, room: string): string {
  return `${base}${ROOM}/${room}`;
}

/** @param asked - the path below the console, or below the room of a session, that was asked for. */
function toLogin({ base }: Pick<ConsoleParts, 'base'>, { req, redirect }: Pick<At, 'req' | 'redirect'>, asked: string): Response {
  const next = req.method === 'GET' ? nextOf(`${asked}${new URL(req.raw.url).search}`) : '';
  return redirect(`${base}/login${next === '' ? '' : `?next=${encodeURIComponent(next)}`}`, 303);
}

function nextOf(text: string | undefined): string {
  return text !== undefined && text.length <= NEXT_CHARS_MAX && NEXT.test(text) ? text : '';
}

/** Finds the session of a request, and the door of its operator; a form must also be one of that session. */
async function withOperator(
  { live, base, sessions }: ConsoleParts,
  context: At,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const id = getCookie(context, COOKIE) ?? '';
  const room = context.req.param('room') ?? '';
  const { raw, path, method } = context.req;
  let found = await sessions.find(id, room, Date.now());
  if (found !== undefined && method === 'POST') {
    const form = isSameOrigin(raw) ? await readForm(raw) : undefined;
    if (form === undefined || !isCsrf(found.session, form.get('csrf') ?? undefined)) return context.html(notFromHere(base), 403);
    context.set('form', form);
    // A form may take its time: whoever sent it must still be an operator when it is there.
    found = await sessions.find(id, room, Date.now());
  }
  if (found === undefined) return toLogin({ base }, context, path.slice(roomOf(base, room).length));
  if (!['GET', 'HEAD', 'POST'].includes(method))
    return context.html(problemPage(base, 'Not allowed', 'Pages are read, and forms are sent.'), 405);
  context.set('session', found.session);
  context.set('door', operatorDoor(live, found.operator, 'console'));
  await next();
  return undefined;
}

function notThere(base: string): Html {
  return problemPage(base, 'Not found', 'There is no such page.');
}

function notFromHere(base: string): Html {
  return problemPage(base, 'Refused', 'The form did not come from a page of this session, or is too long. Nothing was changed.');
}

function addPages(app: Hono<Vars>, { base, feed, checks, turns }: ConsoleParts): void {
  const page = async (context: At, make: (frame: Frame) => Page | Promise<Page>): Promise<Response> => {
    const frame = await frameOf(context, base);
    return context.html(renderPage(frame, await make(frame)));
  };
  const query = (context: At): URLSearchParams => new URL(context.req.url).searchParams;
  app.get('/', (context) =>
    page(context, async (frame) => {
      const { rows, problem } = await feed.newest(frame.door.audit.folder);
      return nowPage(frame, rows, problem);
    }),
  );
  app.get('/approvals', (context) =>
    page(context, async (frame) => approvalsPage(frame, await frame.door.approvals({ all: true }), await frame.door.shapes())),
  );
  app.get('/approvals/:id', (context) =>
    page(context, async (frame) => approvalPage(frame, await frame.door.approval(context.req.param('id')))),
  );
  app.get('/trail', (context) =>
    page(context, async (frame) => {
      const search = readSearch(query(context), frame.nowMs);
      return trailPage(frame, search, await turns.take(() => searchTrail(frame.door, search)), checks.state);
    }),
  );
  app.get('/requests/:audit', (context) =>
    page(context, async (frame) => {
      const { audit, records } = await turns.take(() => frame.door.audit.show(context.req.param('audit')));
      return storyPage(frame, audit, records);
    }),
  );
  app.get('/access', (context) => page(context, (frame) => accessPage(frame, context.req.query('agent'))));
  app.get('/charts', (context) =>
    page(context, async (frame) => {
      const name: SpanName = context.req.query('span') === 'day' ? 'day' : 'hour';
      const since = frame.nowMs - SPANS[name].ms;
      const usage = await turns.take(() => usageSeries(frame.door.audit.query({ since }), SPANS[name], frame.nowMs));
      return chartsPage(frame, name, usage);
    }),
  );
  app.get('/policy', (context) => page(context, policyPage));
  app.get('/policy/found/:id', (context) =>
    page(context, (frame) => foundPage(frame, frame.session.kept.get(context.req.param('id')) ?? GONE)),
  );
}

const GONE = {
  title: 'Gone',
  body: html`<h1>Gone</h1><p>Only the last few answers of a session are kept. Ask again on the page of the policy.</p>`,
};

async function frameOf(context: At, base: string): Promise<Frame> {
  const { session, door } = context.var;
  const nowMs = Date.now();
  const open = await door.approvals();
  const waiting = open.filter((approval) => approvalStatus(approval, nowMs) === 'pending').length;
  const notice = session.kept.get(context.req.query('notice') ?? '')?.body;
  return { root: base, base: roomOf(base, session.room), door, session, nowMs, waiting, notice };
}

function addForms(app: Hono<Vars>, { base: root, sessions, checks, turns }: ConsoleParts): void {
  const baseOf = (context: At): string => roomOf(root, context.var.session.room);
  const told = (context: At, path: string, body: Html): Response => {
    const id = keep(context.var.session, { title: '', body });
    return context.redirect(`${baseOf(context)}${path}?notice=${id}`, 303);
  };
  app.post('/logout', (context) => {
    sessions.end(getCookie(context, COOKIE) ?? '');
    deleteCookie(context, COOKIE, { path: baseOf(context) });
    return context.redirect(`${root}/login`, 303);
  });
  app.post('/approvals/:id/answer', async (context) => {
    const id = context.req.param('id');
    return told(context, `/approvals/${encodeURIComponent(id)}`, await fileAnswer(context.var.door, id, context.var.form));
  });
  app.post('/approvals/:id/revoke', async (context) => {
    const { door, form } = context.var;
    return told(context, '/approvals', await fileRevocation(door, context.req.param('id'), form));
  });
  app.post('/trail/check', async (context) => {
    await checks.begin(context.var.door);
    return context.redirect(`${baseOf(context)}/trail`, 303);
  });
  app.post('/policy/explain', async (context) => {
    const { door, form, session } = context.var;
    const json = field(form, 'request') ?? '';
    const found = await turns.take(() => explainRequest(door, json, Date.now()));
    return context.redirect(`${baseOf(context)}/policy/found/${keep(session, explainedPage(found, json))}`, 303);
  });
  app.post('/policy/diff', async (context) => {
    const { door, form, session } = context.var;
    const text = field(form, 'policy');
    const found = await turns.take(() => diffPolicies(door, text, Date.now()));
    const whence = text === undefined ? 'the file on the disk' : 'the policy that you pasted';
    return context.redirect(`${baseOf(context)}/policy/found/${keep(session, diffedPage(found, whence))}`, 303);
  });
}

/** Only words of ours that are meant for operators are shown; what is unexpected goes to whoever runs the server. */
function failed({ base, onProblem }: ConsoleParts, context: At, error: Error): Response | Promise<Response> {
  const { code, message } = isCoded(error) ? error : { code: 'internal/invariant', message: 'an error of the console' };
  const [status, title] =
    code === 'usage/not-found' || code === 'usage/ambiguous' || code === 'usage/invalid-argument'
      ? ([404, 'Not found'] as const)
      : code === 'busy/overloaded'
        ? ([503, 'Busy'] as const)
        : ([500, 'This cannot be shown'] as const);
  if (status === 500) onProblem(`console: ${isCoded(error) ? `${code}: ${message}` : (error.stack ?? error.message)}`);
  return context.html(problemPage(base, title, `${message.slice(0, 500)} [${code}]`), status);
}
