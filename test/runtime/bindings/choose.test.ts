import { checkBindingsChoice, chooseBindings, decodeComponent, Runtime } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../support/assemble.ts';
import { useCells } from '../../support/cells.ts';

const cells = useCells();

/** Exports `go: func(x: u32) -> u32`, which adds 1. @param extra - more definitions. @param name - the core name of `go`. */
function component(extra = '', name = 'go'): Promise<Uint8Array> {
  return assemble(`(component ${extra}
    (core module $m (func (export "${name}") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
    (core instance $i (instantiate $m))
    (func (export "go") (param "x" u32) (result u32) (canon lift (core func $i "${name}"))))`);
}

/** A built-in of the asynchronous ABI: jco has it, our own bindings do not. */
const ASYNC = '(core func (canon waitable-set.new))';
const ASYNC_REASON = 'the component uses the asynchronous ABI';
/** What jco would write into JavaScript as it is. */
const QUOTE = "it's";

const run = async (bytes: Uint8Array, bindings?: 'auto' | 'own' | 'jco') => {
  const call = await cells.runtime.prepare(decodeComponent(bytes), {
    function: 'go',
    ...(bindings === undefined ? {} : { bindings }),
  });
  const { kind, value } = await cells.runtime.invoke(call, [41]);
  const { bindings: used, bindingsReason } = call.artifact;
  return { kind, value, used, bindingsReason };
};

describe('the choice of bindings', () => {
  it('is our own by default, and each by its name', async () => {
    const bytes = await component();
    expect(await run(bytes)).toEqual({ kind: 'ok', value: 42, used: 'own', bindingsReason: undefined });
    expect(await run(bytes, 'own')).toEqual({ kind: 'ok', value: 42, used: 'own', bindingsReason: undefined });
    expect(await run(bytes, 'jco')).toEqual({ kind: 'ok', value: 42, used: 'jco', bindingsReason: undefined });
    expect(await run(bytes, 'auto')).toMatchObject({ used: 'own' });
  });

  it('falls back to jco, and keeps the reason, in the cache too', async () => {
    const bytes = await component(ASYNC);
    expect(chooseBindings(decodeComponent(bytes), 'auto')).toEqual({ bindings: 'jco', reason: ASYNC_REASON });
    expect(await run(bytes)).toEqual({ kind: 'ok', value: 42, used: 'jco', bindingsReason: ASYNC_REASON });
    const again = decodeComponent(bytes);
    const runtime = new Runtime({ cacheDirectory: cells.cacheDirectory, threads: 2 });
    const { artifact } = await runtime.prepare(again, { function: 'go' }).finally(() => runtime.close());
    expect(artifact).toMatchObject({ bindings: 'jco', bindingsReason: ASYNC_REASON, times: { fromCache: true, linkMs: 0 } });
  });

  it('does not fall back to jco where that must not see the component', async () => {
    const quoted = await component('', QUOTE);
    expect(await run(quoted)).toMatchObject({ kind: 'ok', value: 42, used: 'own' });
    await expect(run(quoted, 'jco')).rejects.toMatchObject({
      code: 'component/unsupported',
      message: expect.stringContaining('the component cannot be run by jco: jco writes names into JavaScript unescaped'),
      help: 'leave the choice of bindings to `auto`',
    });
    await expect(run(await component(ASYNC, QUOTE))).rejects.toMatchObject({
      code: 'component/unsupported',
      help: `our own bindings do not run it either: ${ASYNC_REASON}`,
      data: { ownRefuses: ASYNC_REASON },
    });
  });

  it.each(['JCO', '', 'both', 1, {}])('refuses %j, and says what there is', async (choice) => {
    const refused = { code: 'usage/invalid-argument', help: 'known: auto, own, jco' };
    expect(() => checkBindingsChoice(choice)).toThrow(expect.objectContaining(refused));
    const preparing = cells.runtime.prepare(decodeComponent(await component()), { function: 'go', bindings: choice as never });
    await expect(preparing).rejects.toMatchObject(refused);
  });
});
