import { describe, expect, it } from 'vitest';
import { Breaker } from '../../../runtime/runner/breaker.ts';

describe('a breaker', () => {
  it('refuses a component after three crashes within a minute, for half a minute, and again after one more', () => {
    let now = 0;
    const breaker = new Breaker(() => now);
    const crash = (): void => {
      breaker.check('x');
      breaker.crashed('x');
      now += 1000;
    };
    crash();
    crash();
    crash();
    expect(() => breaker.check('x')).toThrow('the component ended its runner 3 times within 60 s');
    expect(() => breaker.check('y')).not.toThrow();
    now = 2000 + 30_000;
    crash();
    expect(() => breaker.check('x')).toThrow();
    now += 61_000;
    crash();
    expect(() => breaker.check('x')).not.toThrow();
  });

  it('notes what ends a runner, and nothing else', async () => {
    const breaker = new Breaker(() => 0);
    const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
    for (let at = 0; at < 5; at += 1) await expect(breaker.watch('x', failing('component/malformed'))).rejects.toThrow();
    for (let at = 0; at < 3; at += 1)
      await expect(breaker.watch('x', failing('failed/runner-crashed'))).rejects.toThrow('failed/runner-crashed');
    await expect(breaker.watch('x', async () => 1)).rejects.toMatchObject({
      code: 'failed/runner-crashed',
      data: { crashes: 3, retryAfterMs: 30_000 },
    });
    expect(await breaker.watch('y', async () => 1)).toBe(1);
  });
});
