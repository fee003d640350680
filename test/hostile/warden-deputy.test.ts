import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, RequestOptions, Warden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { wasiGuest } from '../support/guests.ts';
import { expectWholeTrail, hostFunctions, kindsOf, recordsOf, TOOLS, usePlace } from '../support/wardens.ts';

/* PO-19: tools that ask for other tools through a host function of a capability that they have. */

const place = usePlace();

const POLICY = `${TOOLS}  wide: { component: asking.wasm, functions: [ask], grants: [deputy, effect, log] }
  logging: { component: acting.wasm, functions: [act], grants: [effect, log] }
  clock: { component: clock.wasm, functions: [now], grants: [clock] }
  quick: { component: asking.wasm, functions: [ask], grants: [deputy, effect, log], limits: { timeout: 300ms } }
agents:
  a: { tools: [asking, acting, wide, logging, clock, quick, plain.take, plain.spin] }
  b: { tools: [plain.take] }
`;

type Inner = (n: number, parent: string, warden: Warden) => Promise<Outcome> | Outcome | undefined;

/** A warden whose `ask` files what `inner` says, and answers 1 where that went well. */
async function useDeputy(inner: Inner) {
  const site = place.site(POLICY);
  writeFileSync(join(site, 'clock.wasm'), await wasiGuest());
  const acts: unknown[] = [];
  const inners: (Outcome | undefined)[] = [];
  const ask = async ([n]: readonly unknown[], { ref }: { readonly ref: string | undefined }): Promise<number> => {
    const outcome = await inner(Number(n), ref!, warden);
    inners.push(outcome);
    return outcome?.kind === 'ok' ? 1 : 0;
  };
  const capabilities = hostFunctions({ act: ([n]) => acts.push(n), ask });
  const warden: Warden = await place.open(site, { capabilities, threads: 4 });
  return { site, warden, acts, inners };
}

const act = (tool_name = 'acting') => ({ agent: 'a', tool_name, parameters: { path: 'x', n: 7 } });
const ask = (tool_name: string, n = 1) => ({ agent: 'a', tool_name, parameters: { n } });
const requestedOf = (site: string, outcome: Outcome | undefined) =>
  recordsOf(site).find(({ kind, audit }) => kind === 'requested' && audit === outcome?.receipt.audit);

describe('PO-19: a call on behalf of another', () => {
  it('gets only what both have, and the trail has the chain', async () => {
    const { site, warden, acts, inners } = await useDeputy((_n, parent, w) => w.request(act(), { parent }));
    const weak = await warden.request(ask('asking'));
    expect(weak).toMatchObject({ kind: 'ok', value: 0 });
    expect(inners[0]).toMatchObject({ kind: 'refused', error: { code: 'denied/no-grant' }, receipt: { grants: [] } });
    expect(acts).toEqual([]);
    const strong = await warden.request(ask('wide'));
    expect(strong).toMatchObject({ kind: 'ok', value: 1 });
    expect(inners[1]).toMatchObject({ kind: 'ok', receipt: { grants: ['effect'] } });
    expect(requestedOf(site, inners[1])?.chain).toEqual([strong.receipt.audit]);
    expect(acts).toEqual([7]);
    expect(await warden.request(act())).toMatchObject({ kind: 'ok' }); // itself, the agent may
    await warden.close();
    await expectWholeTrail(site);
    expect(requestedOf(site, inners[0])?.chain).toEqual([weak.receipt.audit]); // refused ones say it, too
  });

  it('over three calls gets what all three have', async () => {
    // wide -> asking -> acting: the middle one has no effect to give, though both ends have.
    const { site, warden, acts, inners } = await useDeputy((n, parent, w) =>
      w.request(n === 3 ? ask('asking', 1) : act(), { parent }),
    );
    await warden.request(ask('wide', 3));
    expect(acts).toEqual([]);
    expect(inners.map((inner) => inner?.error?.code)).toEqual(['denied/no-grant', undefined]);
    const through = await useDeputy((n, parent, w) => w.request(n === 3 ? ask('wide', 1) : act('logging'), { parent }));
    const outer = await through.warden.request(ask('wide', 3));
    expect(through.acts).toEqual([7]);
    const [last, middle] = through.inners;
    expect(last?.receipt.grants).toEqual(['effect', 'log']);
    expect(requestedOf(through.site, last)?.chain).toEqual([outer.receipt.audit, middle?.receipt.audit]);
    await Promise.all([warden.close(), through.warden.close()]);
    await expectWholeTrail(site);
    await expectWholeTrail(through.site);
  });

  it('is refused for a parent that has ended, never was, or is of another agent', async () => {
    const { site, warden, inners } = await useDeputy((_n, parent, w) =>
      w.request({ agent: 'b', tool_name: 'plain.take', parameters: { path: 'x', n: 1 } }, { parent }),
    );
    const outer = await warden.request(ask('wide'));
    expect(inners[0]?.kind).not.toBe('ok');
    for (const parent of [outer.receipt.audit, inners[0]?.receipt.audit, '', '__proto__', 'x'] as string[]) {
      const outcome = await warden.request(act(), { parent });
      expect(outcome.error?.code, parent).toBe('usage/invalid-argument');
      expect(kindsOf(site, outcome.receipt.audit)).toEqual(['requested', 'decided']);
    }
    await warden.close();
    await expectWholeTrail(site);
  });

  it('without end is stopped, and every call of it ends', async () => {
    const { site, warden, inners } = await useDeputy((_n, parent, w) => w.request(ask('quick'), { parent }));
    const outer = await warden.request(ask('quick'));
    expect(['ok', 'limited']).toContain(outer.kind);
    expect(inners.length).toBeLessThanOrEqual(16);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('ends by the deadline of the outermost', async () => {
    const spin = (_n: number, parent: string, w: Warden) =>
      w.request({ agent: 'a', tool_name: 'plain.spin', parameters: {} }, { parent });
    const { site, warden, inners } = await useDeputy(spin);
    await warden.request({ agent: 'a', tool_name: 'plain.take', parameters: { path: 'x', n: 1 } }); // prepared
    const began = performance.now();
    await warden.request(ask('quick'));
    await warden.drain(10_000);
    expect(inners[0]?.kind).toBe('limited');
    expect(performance.now() - began).toBeLessThan(3000); // its own limit is 10 s, the outer one's 0.3 s
    await expectWholeTrail(site);
  });

  it('ends when the outermost is cancelled', async () => {
    const cancel = new AbortController();
    let inner: Promise<Outcome> | undefined;
    const { site, warden } = await useDeputy((_n, parent, w) => {
      inner = w.request({ agent: 'a', tool_name: 'plain.spin', parameters: {} }, { parent });
      setImmediate(() => cancel.abort());
      return inner;
    });
    const outer = await warden.request(ask('wide'), { signal: cancel.signal });
    expect(outer.kind).toBe('cancelled');
    expect(await inner).toMatchObject({ kind: 'cancelled' }); // not after its own 10 s, nor by its fuel
    await warden.close();
    await expectWholeTrail(site);
  });

  it('does not begin after the outer one has ended', async () => {
    let inner: Promise<Outcome> | undefined;
    const { site, warden, acts } = await useDeputy((_n, parent, w) => {
      inner = w.request(act(), { parent }); // not waited for; its component was not prepared yet
      return undefined;
    });
    const outer = await warden.request(ask('wide'));
    expect(outer.kind).toBe('ok');
    const outcome = await inner!;
    const order = recordsOf(site).filter(({ kind }) => kind === 'intent' || kind === 'outcome');
    const ended = order.findIndex(({ kind, audit }) => kind === 'outcome' && audit === outer.receipt.audit);
    const begun = order.findIndex(({ kind, audit }) => kind === 'intent' && audit === outcome.receipt.audit);
    expect(begun).toBeLessThan(ended); // or not begun at all
    if (begun < 0) expect(acts).toEqual([]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('is not answered by a `request_id` with what a call of more rights found', async () => {
    const now = { agent: 'a', tool_name: 'clock', parameters: {}, request_id: 'once' };
    const options: RequestOptions[] = [];
    const { site, warden, inners } = await useDeputy((_n, parent, w) => {
      options.push({ parent });
      return w.request(now, { parent });
    });
    const direct = await warden.request(now);
    expect(direct).toMatchObject({ kind: 'ok', receipt: { grants: ['clock'] } });
    const fixed = await useDeputy((_n, parent, w) => w.request(now, { parent }));
    await fixed.warden.request(ask('asking'));
    expect(fixed.inners[0]).toMatchObject({ kind: 'ok', receipt: { grants: [] } }); // a clock that stands still
    expect(fixed.inners[0]?.value).not.toEqual(direct.value);
    await warden.request(ask('asking'));
    expect(inners[0]?.value).not.toEqual(direct.value);
    await Promise.all([warden.close(), fixed.warden.close()]);
    await expectWholeTrail(site);
  });

  it('asks for a human of its own, whose yes is for these rights', async () => {
    const site = place.site(POLICY.replace('plain.take, plain.spin', '{ tool: plain.take, ask: { expires: 5m } }'));
    const inners: Outcome[] = [];
    const request = { agent: 'a', tool_name: 'plain.take', parameters: { path: 'x', n: 1 } };
    writeFileSync(join(site, 'clock.wasm'), await wasiGuest());
    const warden: Warden = await place.open(site, {
      capabilities: hostFunctions({
        ask: async (_args, { ref }) => {
          inners.push(await warden.request(request, { parent: ref! }));
          return 0;
        },
      }),
    });
    await warden.request(ask('wide'));
    expect(inners[0]).toMatchObject({ kind: 'pending' });
    await warden.close();
    await expectWholeTrail(site);
  });
});
