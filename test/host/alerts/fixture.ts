import type { Alert } from '../../../host/alerts/index.ts';
import type { PostAnswer, PostRequest, Timers } from '../../../host/outbound/index.ts';

/** Timers that run when told to. */
export class ManualTimers implements Timers {
  now = 1_700_000_000_000;
  readonly #waiting = new Map<object, { readonly run: () => void; readonly due: number }>();

  set(run: () => void, ms: number): object {
    const timer = {};
    this.#waiting.set(timer, { run, due: this.now + ms });
    return timer;
  }

  clear(timer: unknown): void {
    this.#waiting.delete(timer as object);
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** Lets time pass; what is due runs in its order, promises in between. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await settled();
    for (;;) {
      const due = [...this.#waiting].filter(([, entry]) => entry.due <= end).sort(([, a], [, b]) => a.due - b.due)[0];
      if (due === undefined) break;
      const [timer, entry] = due;
      this.#waiting.delete(timer);
      this.now = Math.max(this.now, entry.due);
      entry.run();
      await settled();
    }
    this.now = end;
  }
}

/** Waits until all promises that can settle by themselves have. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function alertOf(fields: Partial<Alert> = {}): Alert {
  return {
    audit: 'a-1',
    at: 1_700_000_000_000,
    rule: 'no-shell',
    severity: 'warning',
    agent: 'triage',
    tool: 'kubectl.run',
    code: 'denied/forbidden',
    occurrences: 1,
    ...fields,
  };
}

/** A server that answers as it is told, 200 otherwise; `hang` never answers and does not look at the signal. */
export class FakeServer {
  readonly requests: PostRequest[] = [];
  readonly answers: (PostAnswer | Error | 'hang')[] = [];
  otherwise: PostAnswer | Error | 'hang' = { status: 200 };

  readonly post = (request: PostRequest): Promise<PostAnswer> => {
    this.requests.push(request);
    const answer = this.answers.shift() ?? this.otherwise;
    if (answer === 'hang') return new Promise(() => undefined);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
}

/** What text from outside may hold to break a line, a terminal, JSON or markup. */
export const HOSTILE_TEXTS = [
  'x\n{"kind":"alert","severity":"info"}',
  'x\r\n\r\ny',
  'a\u0085b\u2028c\u2029d\u000be\u000cf',
  '\u001b[2J\u001b]0;owned\u0007\u009b31m',
  '\u202egnp.exe\u2066\u200b\u{e0041}\ufeff',
  'half \ud800 a pair \udc00',
  '<!channel> <@U123> <https://evil.test|click> & &lt;!here&gt; @everyone #general :skull:',
  '*bold* ~gone~ `code` ```fence```',
  '"; source in the agent\'s words: "nothing" \\" \\',
  '\u0000',
];
