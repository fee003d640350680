import { describe, expect, it } from 'vitest';
import { bindingsOf, compileGuest } from './build.ts';

const WIT = `package test:mismatch;
  interface shop {
    resource cart { constructor(owner: string); add: func(item: string) -> u32; merge: static func(a: borrow<cart>, b: borrow<cart>) -> cart; }
    price: func(item: string, count: u32) -> option<f64>;
  }
  world w { export shop; }`;

const CART = `
  export class Cart extends CartResource {
    constructor(owner: string) { super(); }
    add(item: string): u32 { return 1; }
    static merge(a: Cart, b: Cart): Cart { return new Cart(''); }
  }`;
const SHOP = `
  export class Shop implements ShopGuest {
    price(item: string, count: u32): Option<f64> { return Option.some<f64>(1); }
  }`;
const IMPORTS = `
  import { CartResource, ShopGuest } from './bindings/exports/shop';
  import { Option } from './bindings/values';`;

describe('an author whose code is not what the WIT says', () => {
  it('gets no message when it is', async () => {
    await expect(messages(IMPORTS + CART + SHOP)).resolves.toBe('');
  }, 60_000);

  it('reads which class is missing, with its methods', async () => {
    expect(await messages(IMPORTS + CART)).toContain(
      'index.ts must have: export class Shop implements ShopGuest { price(item: string, count: u32): Option<f64> } - its types are in bindings/exports/shop.ts',
    );
    expect(await messages(IMPORTS + SHOP)).toContain(
      'index.ts must have: export class Cart extends CartResource { constructor(owner: string); add(item: string): u32; static merge(a: Cart, b: Cart): Cart }',
    );
  }, 60_000);

  it('reads both sides of a method of another type, at its own line', async () => {
    const text = await messages(IMPORTS + CART + SHOP.replace('count: u32', 'count: string'));
    expect(text).toMatch(
      /ERROR TS2322: Type '\(this: .*Shop, ~lib\/string\/String, ~lib\/string\/String\) => .*' is not assignable to type '\(this: .*ShopGuest, ~lib\/string\/String, u32\) => /,
    );
    expect(text).toContain('in assembly/index.ts(10,5)');
  }, 60_000);

  it('reads that a method is missing, and a static function', async () => {
    expect(await messages(IMPORTS + CART.replace('add(', 'put(') + SHOP)).toMatch(
      /TS2515: Non-abstract class '.*Cart' does not implement inherited abstract member 'add'/,
    );
    expect(await messages(IMPORTS + CART.replace('merge(', 'join(') + SHOP)).toContain(
      'index.ts: class Cart must have: static merge(a: Cart, b: Cart): Cart',
    );
  }, 60_000);

  it('reads what a constructor has to take', async () => {
    expect(await messages(IMPORTS + CART.replace('owner: string', 'owner: i32') + SHOP)).toContain(
      "Type '~lib/string/String' is not assignable to type 'i32'",
    );
  }, 60_000);
});

/** What the compiler says. */
async function messages(source: string): Promise<string> {
  return compileGuest(await bindingsOf(WIT), source).then(
    () => '',
    (error: Error) => error.message,
  );
}
