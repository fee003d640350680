import { beforeAll, describe, expect, it } from 'vitest';
import { encodeParams, type WitValue } from '../../../runtime/value/index.ts';
import { loadReference } from '../../../tools/build/reference.mjs';
import { functionType, hostImports, type Instance, ready, subject, WIDE } from '../../differential/sides.ts';
import { type AscRuntime, buildGuest } from './build.ts';

/*
 * Memory of one instance over many calls. Runtime `stub` never frees, so there is nothing to see with it. With CALLS=1000000 these take
 * minutes and show the same.
 */

const CALLS = Number(process.env.CALLS ?? 20_000);
const COLLECTING: readonly AscRuntime[] = ['incremental', 'minimal'];

const WIT = `package test:leaks;
  interface types {
    variant value { text(string), numbers(list<u32>), nothing }
    record item { name: string, tags: list<string>, value: value, size: option<u64> }
  }
  interface host { use types.{item}; turn: func(items: list<item>) -> result<list<item>, string>; }
  interface api {
    use types.{item};
    hello: func(name: string) -> string;
    turn: func(items: list<item>) -> list<item>;
    relay: func(items: list<item>) -> result<list<item>, string>;
    pages: func() -> u32;
    resource blob { constructor(init: list<u8>); size: func() -> u32; }
    pass: func(b: blob) -> blob;
  }
  world w { import host; export api; }`;

const GUEST = `
  import { ApiGuest, BlobResource } from './bindings/exports/api';
  import { Item } from './bindings/imports/types';
  import { turn } from './bindings/imports/host';
  import { Result } from './bindings/values';
  export class Blob extends BlobResource {
    constructor(public init: Uint8Array) { super(); }
    size(): u32 { return this.init.length; }
  }
  export class Api implements ApiGuest {
    hello(name: string): string { return 'Hello, ' + name; }
    turn(items: Array<Item>): Array<Item> { return items; }
    relay(items: Array<Item>): Result<Array<Item>, string> { return turn(items); }
    pages(): u32 { return memory.size(); }
    pass(b: Blob): Blob { return b; }
  }`;

const ITEMS: WitValue[] = [
  { name: 'one', tags: ['a', 'bc', ''], value: { tag: 'text', value: 'some text' }, size: { some: 5n } },
  { name: '', tags: [], value: { tag: 'numbers', value: [1, 2, 3] }, size: null },
  { name: 'three'.repeat(30), tags: ['z'], value: { tag: 'nothing' }, size: null },
].map((item) => Object.assign(Object.create(null) as object, item) as unknown as WitValue); // values of records have no prototype

beforeAll(() => ready, 60_000);

describe.each(COLLECTING)('memory with runtime %s', (runtime) => {
  it('stays as it is over many calls with strings, records, variants and lists, in and out', async () => {
    const { component } = await buildGuest(WIT, GUEST, { runtime });
    const linked = subject(component);
    const type = functionType(linked.component.imports, 'test:leaks/host', 'turn');
    const host = new Map([
      ['test:leaks/host', new Map([['turn', { type, call: ([items]: readonly WitValue[]) => ({ ok: items! }) as WitValue }]])],
    ]);
    const instance = linked.instantiate('own, values', hostImports('own, values', host));
    const call = caller(instance, linked.component.exports);
    const once = (): void => {
      call('hello', 'somebody');
      call('turn', ITEMS);
      call('relay', ITEMS);
    };
    for (let count = 0; count < 2000; count++) once();
    const before = Buffer.from(call('pages')).toString('hex');
    for (let count = 0; count < CALLS; count++) once();
    expect(Buffer.from(call('pages')).toString('hex')).toBe(before);
  }, 3_600_000);

  it('stays as it is over many resources made, passed and dropped', async () => {
    const { component } = await buildGuest(WIT, GUEST, { runtime });
    const instantiate = await loadReference(component);
    // jco's shapes: a class with `Symbol.dispose`, and functions.
    const { Blob, pass, pages } = instantiate({ 'test:leaks/host': { turn: () => [] } })['test:leaks/api'] as unknown as {
      Blob: new (init: Uint8Array) => Disposable;
      pass(blob: Disposable): Disposable;
      pages(): number;
    };
    const init = new Uint8Array(300);
    const once = (): void => pass(new Blob(init))[Symbol.dispose]();
    for (let count = 0; count < 2000; count++) once();
    const before = pages();
    for (let count = 0; count < CALLS; count++) once();
    expect(pages()).toBe(before);
  }, 3_600_000);
});

function caller(
  instance: Instance,
  exports: Parameters<typeof functionType>[0],
): (name: string, ...params: WitValue[]) => Uint8Array {
  return (name, ...params) => {
    const ending = instance.call(
      'test:leaks/api',
      name,
      encodeParams(params, functionType(exports, 'test:leaks/api', name).params, WIDE),
    );
    if ('what' in ending) throw new Error(ending.what);
    return ending.bytes;
  };
}
