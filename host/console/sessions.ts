import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../policy/index.ts';
import type { LiveWarden } from '../serving/index.ts';
import { type Principals, tokenDigest } from '../serving/index.ts';
import type { Html } from './html.ts';

const SESSIONS_MAX = 1000;
/** Of one operator: who may only read must not be able to log out those who answer. */
const SESSIONS_PER_OPERATOR_MAX = 20;
const SESSION_MS = 8 * 60 * 60 * 1000;
/** Pages that a session keeps until they are looked at: notices, and what `explain` and `diff` found. */
const KEPT_MAX = 6;

export type Operator = Extract<Principal, { kind: 'operator' }>;

/** What was answered to a form, for the page that the browser is sent to. */
export interface Kept {
  /** What was asked there, so that it can be asked again with a change. */
  readonly request?: string;
  readonly title: string;
  readonly body: Html;
}

/** One operator in one browser. */
export interface Session {
  /** Random part of the path of its pages, which its cookie goes to. */
  readonly room: string;
  /** In each form of the session: another site cannot know it. */
  readonly csrf: string;
  readonly name: string;
  /** What the operator logged in with: whoever it stood for must still be who it stands for. In memory only. */
  readonly bearer: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
  readonly kept: Map<string, Kept>;
}

/** Who is logged in. In memory: a restart logs everybody out. */
export class Sessions {
  /** By the digest of the id, so that a look-up tells nothing of one. */
  readonly #sessions = new Map<string, Session>();
  readonly #live: LiveWarden;
  readonly #principals: Principals;

  constructor(live: LiveWarden, principals: Principals) {
    this.#live = live;
    this.#principals = principals;
  }

  /** @returns the id, for the cookie, and the room that its path is to name. Of more than 20 sessions of one operator, or 1,000 in all, the oldest ends. */
  open(name: string, bearer: string, nowMs: number): { readonly id: string; readonly room: string } {
    for (const [key, { endsAt }] of this.#sessions) if (nowMs >= endsAt) this.#sessions.delete(key);
    const own = [...this.#sessions].filter(([, session]) => session.name === name);
    for (const [key] of own.slice(0, Math.max(0, own.length - SESSIONS_PER_OPERATOR_MAX + 1))) this.#sessions.delete(key);
    while (this.#sessions.size >= SESSIONS_MAX) this.#sessions.delete(this.#sessions.keys().next().value ?? '');
    const [id, room] = [secret(), secret()];
    this.#sessions.set(tokenDigest(id), { room, csrf: secret(), name, bearer, endsAt: nowMs + SESSION_MS, kept: new Map() });
    return { id, room };
  }

  /** The session and who it is by the policy in force now; a session whose operator is no longer one ends. */
  async find(
    id: string,
    room: string,
    nowMs: number,
  ): Promise<{ readonly session: Session; readonly operator: Operator } | undefined> {
    const key = tokenDigest(id);
    const session = this.#sessions.get(key);
    if (session === undefined || session.room !== room) return undefined;
    const operator = nowMs < session.endsAt ? await this.operatorOf(session.bearer) : undefined;
    if (operator?.name === session.name && this.#sessions.has(key)) return { session, operator };
    this.#sessions.delete(key);
    return undefined;
  }

  async operatorOf(bearer: string): Promise<Operator | undefined> {
    const principal = await this.#principals.of(this.#live.current.policy.serve, bearer);
    return principal?.kind === 'operator' ? principal : undefined;
  }

  end(id: string): void {
    this.#sessions.delete(tokenDigest(id));
  }

  clear(): void {
    this.#sessions.clear();
  }
}

/** Keeps an answer for the page after a form. @returns its id. */
export function keep(session: Session, kept: Kept): string {
  const { kept: all } = session;
  const id = randomBytes(9).toString('base64url');
  all.set(id, kept);
  if (all.size > KEPT_MAX) all.delete(all.keys().next().value ?? '');
  return id;
}

/** Whether a form came from a page of this session. */
export function isCsrf(session: Session, text: string | undefined): boolean {
  const [given, own] = [Buffer.from(text ?? ''), Buffer.from(session.csrf)];
  return given.length === own.length && timingSafeEqual(given, own);
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
