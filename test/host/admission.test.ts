import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission, type AdmissionRequest, type Admitted } from '../../host/admission.ts';

const request = (over: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  agent: 'a',
  tool: 't',
  memoryBytes: 1,
  waitMsMax: 60_000,
  ...over,
});

/** Lets everything that is ready happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('admission', () => {
  it('gives agents their turns, however many calls one of them has waiting', async () => {
    const admission = new Admission({ callsPerToolMax: 1 });
    const first = await admission.enter(request());
    const order: string[] = [];
    const running: Admitted[] = [first];
    const file = (agent: string): void => {
      void admission.enter(request({ agent })).then((admitted) => {
        order.push(agent);
        running.push(admitted);
      });
    };
    for (let at = 0; at < 5; at += 1) file('greedy');
    file('modest');
    file('other');
    for (let at = 0; at < 7; at += 1) {
      running.shift()?.leave();
      await settle();
    }
    expect(order).toEqual(['greedy', 'modest', 'other', 'greedy', 'greedy', 'greedy', 'greedy']);
    expect(admission.waiting).toBe(0);
  });

  it('lets calls of other tools pass a tool that is slow', async () => {
    const admission = new Admission({ callsPerToolMax: 1 });
    await admission.enter(request({ tool: 'slow' }));
    const waiting = admission.enter(request({ tool: 'slow' }));
    expect((await admission.enter(request({ tool: 'quick' }))).waitedMs).toBeLessThan(1000);
    expect(admission.waiting).toBe(1);
    waiting.catch(() => undefined);
  });

  it('keeps calls within one budget of memory, and refuses what could never run', async () => {
    const admission = new Admission({ callsPerToolMax: 9, memoryBytesMax: 100 });
    const first = await admission.enter(request({ memoryBytes: 70 }));
    let came = false;
    void admission.enter(request({ memoryBytes: 40 })).then(() => {
      came = true;
    });
    await settle();
    expect([came, admission.memoryBytes]).toEqual([false, 70]);
    first.leave();
    first.leave(); // once is enough, twice does no harm
    await settle();
    expect([came, admission.memoryBytes]).toEqual([true, 40]);
    await expect(admission.enter(request({ memoryBytes: 101 }))).rejects.toMatchObject({
      code: 'limit/memory',
      data: { limit: 100, used: 101 },
    });
  });

  it('never lets a call wait for the memory of those on whose behalf it is', async () => {
    const admission = new Admission({ callsPerToolMax: 4, memoryBytesMax: 100 });
    const outer = await admission.enter(request({ memoryBytes: 70 }));
    const inner = request({ tool: 't at 1', memoryBytes: 40, isNested: true });
    await expect(admission.enter(inner)).rejects.toMatchObject({
      code: 'busy/overloaded',
      data: { retryAfterMs: expect.any(Number) },
    });
    expect(admission.waiting).toBe(0);
    const small = await admission.enter({ ...inner, memoryBytes: 30 });
    outer.leave();
    expect((await admission.enter(inner)).waitedMs).toBeLessThan(1000);
    small.leave();
  });

  it('refuses early, with a time to try again', async () => {
    const admission = new Admission({ callsPerToolMax: 1, waitingPerAgentMax: 1, waitingMax: 2 });
    await admission.enter(request());
    for (const agent of ['a', 'b']) admission.enter(request({ agent })).catch(() => undefined);
    const error = { code: 'busy/overloaded', data: { waiting: 2, retryAfterMs: expect.any(Number) } };
    await expect(admission.enter(request())).rejects.toMatchObject(error);
    await expect(admission.enter(request({ agent: 'c' }))).rejects.toMatchObject(error);
  });

  it('forgets calls that are cancelled or wait too long', async () => {
    const admission = new Admission({ callsPerToolMax: 1 });
    await admission.enter(request());
    const controller = new AbortController();
    const cancelled = admission.enter(request(), controller.signal);
    const late = admission.enter(request({ waitMsMax: 1 }));
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled/by-caller' });
    await expect(late).rejects.toMatchObject({ code: 'limit/deadline' });
    await expect(admission.enter(request(), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled/by-caller' });
    expect(admission.waiting).toBe(0);
  });

  it('never runs more than it may, never forgets a call, and ends empty', async () => {
    const calls = fc.array(
      fc.record({
        agent: fc.constantFrom('a', 'b', 'c'),
        tool: fc.constantFrom('s', 't'),
        memoryBytes: fc.integer({ min: 1, max: 50 }),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(calls, fc.infiniteStream(fc.nat()), async (all, picks) => {
        const admission = new Admission({ callsPerToolMax: 2, memoryBytesMax: 100 });
        const running: { readonly tool: string; readonly memoryBytes: number; readonly admitted: Admitted }[] = [];
        let done = 0;
        for (const call of all) void admission.enter(request(call)).then((admitted) => running.push({ ...call, admitted }));
        for (let left = all.length; left > 0; left -= 1) {
          await settle();
          for (const tool of ['s', 't']) expect(running.filter((one) => one.tool === tool).length).toBeLessThanOrEqual(2);
          expect(running.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)).toBe(admission.memoryBytes);
          expect(admission.memoryBytes).toBeLessThanOrEqual(100);
          const [ended] = running.splice((picks.next().value as number) % running.length, 1);
          ended?.admitted.leave();
          done += 1;
        }
        expect([done, admission.waiting, admission.memoryBytes]).toEqual([all.length, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
