import type { ServerContext } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { CallNews } from '../../../host/mcp/progress.ts';

/** The context of a call as far as its news look at it. */
function call(meta: object, notify: (notification: { params?: object }) => Promise<void>) {
  const signal = new AbortController();
  const ctx = { mcpReq: { _meta: meta, notify, signal: signal.signal } } as unknown as ServerContext;
  return { news: new CallNews(ctx), abort: () => signal.abort() };
}

const step = (done: bigint) => ({ done, message: 's' });

describe('CallNews', () => {
  it('reports nothing to those who gave no token', () => {
    expect(call({}, async () => undefined).news.onProgress).toBeUndefined();
  });

  it('reports what grows, with the token, even the token 0 and the step 0', async () => {
    const sent: unknown[] = [];
    const { news } = call({ progressToken: 0 }, async ({ params }) => void sent.push(params));
    for (const done of [0n, 2n, 2n, 1n, 3n]) news.onProgress?.({ ...step(done), total: 3n });
    await news.sent();
    expect(sent).toEqual([0, 2, 3].map((progress) => ({ progressToken: 0, progress, total: 3, message: 's' })));
  });

  it('drops reports where the client takes none, and sends again once it does', async () => {
    const waiting: (() => void)[] = [];
    const { news } = call({ progressToken: 't' }, () => new Promise((resolve) => waiting.push(resolve)));
    for (let done = 0n; done < 1000n; done += 1n) news.onProgress?.(step(done));
    expect(waiting).toHaveLength(64);
    for (const take of waiting) take();
    await news.sent();
    news.onProgress?.(step(1000n));
    expect(waiting).toHaveLength(65);
  });

  it('lets no failure of the client reach the call, and sends nothing once it was cancelled', async () => {
    let tries = 0;
    const { news, abort } = call({ progressToken: 't' }, async () => {
      tries += 1;
      throw new Error('gone');
    });
    news.onProgress?.(step(1n));
    await news.sent();
    abort();
    news.onProgress?.(step(2n));
    await news.sent();
    expect(tries).toBe(1);
  });
});
