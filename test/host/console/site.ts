import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
// Calls run in threads that load built files, so what opens them is built, too.
import { type OperatorConsole, openConsole } from '../../../dist/host/console/index.js';
import { type AgentDoor, agentDoor, LiveWarden, newToken, tokenDigest } from '../../../dist/host/serving/index.js';

/** Where the console stands, for `fetch` in process. */
export const ORIGIN = 'http://127.0.0.1:8080';
const TOOLS = fileURLToPath(new URL('../../../tools/', import.meta.url));

export type Person = 'ann' | 'bob' | 'rae';

/** A console over a real warden with two of the sample tools: `redact` asks a human, `crash-summary` does not. */
export interface Site {
  readonly folder: string;
  readonly live: LiveWarden;
  readonly console: OperatorConsole;
  readonly problems: readonly string[];
  /** Of `ann` and `bob`, who may answer, `rae`, who may only read, and of the agent `triage`. */
  readonly tokens: Readonly<Record<Person | 'triage', string>>;
  door(agent: string): AgentDoor;
  /** Files a call of `redact` by `triage`, which waits for a human. @returns the id of the question. */
  ask(text: string, words?: { readonly justification?: string; readonly source?: string }): Promise<string>;
  /** Writes the policy anew and puts it in force. @param without - the operators that it no longer has. */
  rewrite(without: readonly Person[], extra?: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-console-'));
  for (const tool of ['redact', 'crash-summary']) cpSync(join(TOOLS, tool, `${tool}.wasm`), join(folder, `${tool}.wasm`));
  const tokens = { ann: newToken(), bob: newToken(), rae: newToken(), triage: newToken() };
  const policy = join(folder, 'cellblock.yaml');
  writeFileSync(policy, policyText(tokens, []));
  const problems: string[] = [];
  const onProblem = (problem: string) => void problems.push(problem);
  const options = {
    policy,
    isolation: 'thread',
    threads: 1,
    lookMs: 0,
    onProblem,
    cacheDirectory: join(folder, 'cache'),
  } as const;
  const live = await LiveWarden.open(options);
  const opened = openConsole({ live, onProblem });
  const door = (agent: string) => agentDoor(live, agent);
  return {
    folder,
    live,
    console: opened,
    problems,
    tokens,
    door,
    async ask(text, words = {}) {
      const argumentsJson = JSON.stringify({ text, options: { 'keep-last': 4, custom: [] } });
      const outcome = await door('triage').call({ name: 'redact.redact', argumentsJson, ...words });
      if (outcome.receipt.approval === undefined) throw new Error(`no question: ${JSON.stringify(outcome)}`);
      return outcome.receipt.approval;
    },
    rewrite(without, extra = '') {
      writeFileSync(policy, `${policyText(tokens, without)}${extra}`);
      return live.reload();
    },
    async close() {
      opened.close();
      await live.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function policyText(tokens: Site['tokens'], without: readonly Person[]): string {
  const operators = (['ann', 'bob', 'rae'] as const)
    .filter((name) => !without.includes(name))
    .map((name) => `    ${name}: { tokens: ["${tokenDigest(tokens[name])}"]${name === 'rae' ? ', may: read' : ''} }`);
  return `version: 1
tools:
  redact: { component: redact.wasm, functions: [redact], grants: [log], limits: { timeout: 5s } }
  crash-summary: { component: crash-summary.wasm, functions: [summarise], limits: { timeout: 5s } }
agents:
  triage:
    tools:
      - { tool: redact, id: redact-asks, ask: { channels: [terminal], expires: 15m, useWithin: 15m } }
      - crash-summary
  reporter: { tools: [crash-summary] }
serve:
  agents: { triage: { tokens: ["${tokenDigest(tokens.triage)}"] } }
  operators:
${operators.join('\n')}
`;
}

/** A browser without script: keeps its cookie, follows nothing by itself. */
export class Visitor {
  readonly #site: Site;
  cookie = '';
  /** Path of the session's own pages, below the console; empty before the login. */
  room = '';

  constructor(site: Site) {
    this.#site = site;
  }

  static async loggedIn(site: Site, person: Person): Promise<Visitor> {
    const visitor = new Visitor(site);
    const answer = await visitor.login(site.tokens[person]);
    if (answer.status !== 303) throw new Error(`login: ${answer.status}`);
    return visitor;
  }

  async login(token: string, next = ''): Promise<Response> {
    const answer = await this.send('/login', { token, next });
    this.room = /^\/console(\/at\/[A-Za-z0-9_-]{43})/.exec(answer.headers.get('location') ?? '')?.[1] ?? this.room;
    return answer;
  }

  /** Of the session where there is one, but for the login page and whole paths of a session. */
  #urlOf(path: string): string {
    return `${ORIGIN}/console${/^\/(?:login|at\/)/.test(path) ? '' : this.room}${path}`;
  }

  /** @param path - below the pages of the session. */
  async get(path: string): Promise<{ readonly response: Response; readonly text: string }> {
    const response = await this.#site.console.fetch(new Request(this.#urlOf(path), { headers: { cookie: this.cookie } }));
    this.#keepCookie(response);
    return { response, text: await response.text() };
  }

  /** Sends a form as a page of the console would, but for the CSRF token. */
  async send(
    path: string,
    fields: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const all = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', cookie: this.cookie, ...headers };
    // Both forms are pairs of texts.
    const body = new URLSearchParams(fields as Record<string, string>);
    const request = new Request(this.#urlOf(path), { method: 'POST', headers: all, body });
    const response = await this.#site.console.fetch(request);
    this.#keepCookie(response);
    return response;
  }

  async csrf(): Promise<string> {
    const { text } = await this.get('/policy');
    return /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
  }

  /** Sends a form with the CSRF token of the session, and opens the page that it leads to. */
  async submit(
    path: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<{ readonly response: Response; readonly text: string }> {
    const answer = await this.send(path, { csrf: await this.csrf(), ...fields });
    if (answer.status !== 303) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    const location = answer.headers.get('location') ?? '';
    return this.get(location.slice('/console'.length));
  }

  #keepCookie(response: Response): void {
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) this.cookie = set.split(';', 1)[0] ?? '';
  }
}
