// One client of the soak: an agent's connection over MCP, and the things that it does on it, each with what has to come of it.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const CALL_MS_MAX = 60_000;
/** What is cancelled would take so long: short, since a cancellation may overtake its call on the way, and then is nobody's. */
const PAUSE_MS = 2000;
/** Times that a call which waits for a human is sent again, and milliseconds between two of them. */
const ASK_AGAIN_MAX = 60;
const ASK_AGAIN_MS = 500;

export class SoakClient {
  #site;
  #server;
  #client;
  #transport;
  #serial = 0;

  /** @param {{ id: number, agent: string, isNew: boolean }} who - `isNew`: speaks the protocol of 2026, without a session. */
  constructor(site, server, { id, agent, isNew }) {
    this.#site = site;
    this.#server = server;
    this.id = id;
    this.agent = agent;
    this.isNew = isNew;
  }

  async connect() {
    const headers = { authorization: `Bearer ${this.#site.tokens[this.agent]}` };
    this.#transport = new StreamableHTTPClientTransport(new URL(this.#server.url), { requestInit: { headers } });
    const versions = this.isNew ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {};
    this.#client = new Client({ name: `soak-${this.id}`, version: '1.0.0' }, versions);
    await this.#client.connect(this.#transport);
  }

  /** Ends the session, or leaves it behind as a client does that crashes. */
  async disconnect({ rudely = false } = {}) {
    if (!rudely) await this.#transport.terminateSession();
    await this.#client.close();
  }

  async list() {
    const { tools } = await this.#client.listTools();
    const names = tools.map(({ name }) => name).sort();
    expectThat(names.length === 9 && names[0] === 'test_add', `listed ${names.join(' ')}`);
  }

  async echo() {
    const text = `${this.agent} ${this.id} ${this.#serial++}`;
    const { content, isError, _meta } = await this.#call('echo', { text });
    expectThat(!isError && content[0]?.text === text, `echo: ${JSON.stringify(content)} ${codeOf({ _meta })}`);
  }

  async add() {
    const result = await this.#call('add', { a: 40, b: 2 });
    expectThat(result.structuredContent?.value === 42, `add: ${JSON.stringify(result)}`);
  }

  async refused() {
    const result = await this.#call('add', { a: 101, b: 2 });
    expectThat(result.isError && codeOf(result) === 'denied/parameters', `refused: ${JSON.stringify(result)}`);
  }

  async malformed() {
    const result = await this.#call('add', { a: 'no number', b: 2 });
    expectThat(result.isError && codeOf(result)?.startsWith('params/'), `malformed: ${JSON.stringify(result)}`);
  }

  async unknown() {
    const answer = await this.#call('wait', {}).catch((error) => error);
    expectThat(
      answer.code === -32602 && /unknown tool/.test(answer.message),
      `unknown: ${answer.message ?? JSON.stringify(answer)}`,
    );
  }

  async failing() {
    const { isError, content } = await this.#call('error-handling', {});
    expectThat(isError && /intentionally/.test(content[0]?.text), `failing: ${JSON.stringify(content)}`);
  }

  async media() {
    const { content } = await this.#call('multiple-content-types', {});
    expectThat(
      content.some(({ type }) => type === 'image') && content.some(({ type }) => type === 'resource'),
      JSON.stringify(content),
    );
  }

  async progress() {
    const seen = [];
    const result = await this.#call('tool-with-progress', {}, { onprogress: ({ progress }) => seen.push(progress) });
    const isRising = seen.length > 0 && seen.every((done, at) => at === 0 || done > seen[at - 1]);
    expectThat(!result.isError && isRising, `progress: ${seen} ${JSON.stringify(result)}`);
  }

  async cancelled(afterMs) {
    const signal = AbortSignal.timeout(afterMs);
    const answer = await this.#call('pause', { milliseconds: PAUSE_MS }, { signal }).catch((error) => error);
    expectThat(signal.aborted && answer instanceof Error, `cancelled: ${JSON.stringify(answer)}`);
  }

  /** Asks for what a human has to allow until it is allowed or denied; another agent must not find the question meanwhile. */
  async approval(pause) {
    const path = `/${this.id}/${this.#serial++}`;
    for (let round = 0; round < ASK_AGAIN_MAX; round++) {
      const result = await this.#call('delete-thing', { path });
      const { kind, code, approval } = result._meta['cellblock/outcome'];
      if (kind === 'ok') return expectThat(result.content[0].text === `deleted ${path}`, JSON.stringify(result));
      if (kind === 'refused') return expectThat(code === 'denied/approval-denied', `approval: ${code}`);
      expectThat(kind === 'pending' && approval !== undefined, `approval: ${JSON.stringify(result)}`);
      if (round === 0) await this.#isHidden(approval.id);
      await pause(ASK_AGAIN_MS);
    }
    throw new Error('approval: nobody answered');
  }

  async #isHidden(approval) {
    const other = Object.keys(this.#site.tokens).find((agent) => agent !== this.agent);
    const ask = (agent) =>
      fetch(`${this.#server.base}/v1/approvals/${approval}`, {
        headers: { authorization: `Bearer ${this.#site.tokens[agent]}` },
      });
    const [own, foreign] = await Promise.all([ask(this.agent), ask(other)]);
    await Promise.all([own.body?.cancel(), foreign.body?.cancel()]);
    expectThat(
      own.status === 200 && foreign.status === 404,
      `a question answers ${own.status} to its agent, ${foreign.status} to another`,
    );
  }

  #call(name, args, options = {}) {
    return this.#client.callTool(
      { name: `test_${name.replaceAll('-', '_')}`, arguments: args },
      { timeout: CALL_MS_MAX, ...options },
    );
  }
}

function codeOf({ _meta }) {
  return _meta?.['cellblock/outcome']?.code;
}

function expectThat(holds, message) {
  if (!holds) throw new Error(String(message).slice(0, 500));
}
