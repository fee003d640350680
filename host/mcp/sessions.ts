/** What a session needs of whoever opens one. */
export interface Session {
  readonly id: string;
  readonly agent: string;
  /** Requests of it that are not answered yet: such a session is not idle. */
  running: number;
  close(): Promise<void>;
}

export interface SessionLimits {
  readonly sessionsMax: number;
  readonly sessionsPerAgentMax: number;
  /** Milliseconds without a request after which a session ends. */
  readonly idleMsMax: number;
}

export const SESSION_LIMITS: SessionLimits = { sessionsMax: 1000, sessionsPerAgentMax: 100, idleMsMax: 30 * 60_000 };

/** The open sessions of older clients, each of the agent that opened it. Where there is no room, the one that was used least recently ends. */
export class Sessions<S extends Session> {
  readonly #limits: SessionLimits;
  readonly #nowMs: () => number;
  /** In the order in which they were last used. */
  readonly #byId = new Map<string, { readonly session: S; readonly usedAtMs: number }>();

  /** @param nowMs - milliseconds of a clock that only goes forward. */
  constructor(limits: SessionLimits = SESSION_LIMITS, nowMs: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** @returns undefined where there is none of this agent: that another agent has one by this id is not told. Counts as a use. */
  find(id: string, agent: string): S | undefined {
    const session = this.#byId.get(id)?.session;
    if (session?.agent !== agent) return undefined;
    this.#use(session);
    return session;
  }

  /** @returns false where all sessions, or all of this agent's, are at work: then nothing has changed. */
  add(session: S): boolean {
    this.endIdle();
    const own = [...this.#byId.values()].filter(({ session: { agent } }) => agent === session.agent);
    const { sessionsMax, sessionsPerAgentMax } = this.#limits;
    if (own.length >= sessionsPerAgentMax && !this.#endOne(own.map((entry) => entry.session))) return false;
    if (this.#byId.size >= sessionsMax && !this.#endOne([...this.#byId.values()].map((entry) => entry.session))) return false;
    this.#use(session);
    return true;
  }

  /** For a session that has ended by itself. */
  forget(id: string): void {
    this.#byId.delete(id);
  }

  endIdle(): void {
    const since = this.#nowMs() - this.#limits.idleMsMax;
    for (const { session, usedAtMs } of [...this.#byId.values()]) {
      if (session.running > 0) this.#use(session);
      else if (usedAtMs <= since) this.#end(session);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    await Promise.all(all.map(({ session }) => session.close()));
  }

  #use(session: S): void {
    this.#byId.delete(session.id);
    this.#byId.set(session.id, { session, usedAtMs: this.#nowMs() });
  }

  /** @param candidates - the least recently used one first. */
  #endOne(candidates: readonly S[]): boolean {
    const idle = candidates.find(({ running }) => running === 0);
    if (idle !== undefined) this.#end(idle);
    return idle !== undefined;
  }

  #end(session: S): void {
    this.#byId.delete(session.id);
    void session.close();
  }
}
