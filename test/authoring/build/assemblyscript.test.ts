import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTool } from '../../../authoring/build/index.ts';
import { newTool } from '../../../authoring/project/index.ts';
import { decodeComponent, findFunctions } from '../../../runtime/index.ts';

/* Builds the template by the real compiler, as it stands and with mistakes in it. */

const WIT_SIDE = 'the WIT says, at wit/words.wit:42:3: count: func(text: string, options: options) -> result<report, problem>';

let parent: string;
let folder: string;
let source: string;
let wit: string;

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'cellblock-as-'));
  ({ folder } = await newTool('words', 'assemblyscript', parent));
  source = readFileSync(join(folder, 'assembly/index.ts'), 'utf8');
  wit = readFileSync(join(folder, 'wit/words.wit'), 'utf8');
});

afterAll(() => rmSync(parent, { recursive: true }));

/** What the build says once the source is changed; the change is taken back. */
async function errorWith(from: string, to: string, file = 'assembly/index.ts'): Promise<unknown> {
  const before = readFileSync(join(folder, file), 'utf8');
  expect(before).toContain(from);
  writeFileSync(join(folder, file), before.replace(from, to));
  try {
    return await buildTool(folder).then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    writeFileSync(join(folder, file), before);
  }
}

describe('the template', () => {
  it('builds to the same bytes in another folder, at another time', async () => {
    mkdirSync(join(parent, 'a/deeper/place'), { recursive: true });
    const other = await newTool('words', 'assemblyscript', join(parent, 'a/deeper/place'));
    const [here, there] = [await buildTool(folder), await buildTool(other.folder)];
    expect(there.digest).toBe(here.digest);
    expect((await buildTool(folder)).digest).toBe(here.digest);
    expect(here.toolchain).toEqual({
      assemblyscript: expect.stringMatching(/^\d/),
      'jco-transpile': expect.stringMatching(/^\d/),
    });
    expect(Buffer.from(here.component).toString('latin1')).not.toContain(parent);
  }, 120_000);

  it('carries the documentation of its WIT', async () => {
    const component = decodeComponent((await buildTool(folder)).component);
    expect(component.docs).toBe('Counts the words of a text, and leaves one line for the operator about each call.');
    expect(findFunctions(component)[0]?.docs).toMatch(/^Counts how often each word is in a text\.\n/);
  }, 60_000);
});

describe('a source that does not implement its WIT shows both sides', () => {
  it('for a function with another type', async () => {
    expect(await errorWith('options: Options)', 'options: u32)')).toMatchObject({
      code: 'author/does-not-compile',
      message:
        "assembly/index.ts:11:3: Type '(this: Words, String, u32) => Result<Report,Problem>' is not assignable to type '(this: WordsGuest, String, Options) => Result<Report,Problem>' (and 4 more)",
      help: WIT_SIDE,
    });
  }, 60_000);

  it('for a function that is not there', async () => {
    expect(await errorWith('  count(', '  tally(')).toMatchObject({
      message:
        "assembly/index.ts:10:14: Non-abstract class 'Words' does not implement inherited abstract member 'count' from 'WordsGuest'",
      help: WIT_SIDE,
    });
  }, 60_000);

  it('for a class that is not there', async () => {
    expect(await errorWith('export class Words', 'export class Others')).toMatchObject({
      message: expect.stringMatching(
        /^assembly\/index\.ts: index\.ts must have: export class Words implements WordsGuest \{ count\(/,
      ),
      help: WIT_SIDE,
    });
  }, 60_000);
});

describe('a constructor or static function that is not what its WIT says', () => {
  const WIT = `package cellblock:shop;
interface shop {
  resource basket {
    constructor(size: u32);
  }
  resource cart {
    constructor(owner: string);
    merge: static func(a: borrow<cart>, b: borrow<cart>) -> u32;
  }
  price: func(item: string) -> u32;
}
world shop-tool {
  export shop;
}
`;
  const SOURCE = `import { BasketResource, CartResource, ShopGuest } from './bindings/exports/shop';
export class Basket extends BasketResource {
  constructor(size: u32) { super(); }
}
export class Cart extends CartResource {
  constructor(owner: string) { super(); }
  static merge(a: Cart, b: Cart): u32 { return 2; }
}
export class Shop implements ShopGuest {
  constructor() {}
  price(item: string): u32 { return 1; }
}
`;
  let shop: string;

  beforeAll(() => {
    shop = join(parent, 'shop');
    mkdirSync(join(shop, 'wit'), { recursive: true });
    mkdirSync(join(shop, 'assembly'));
    writeFileSync(join(shop, 'tool.yaml'), 'version: 1\nname: shop\nlanguage: assemblyscript\nworld: shop-tool\n');
    writeFileSync(join(shop, 'wit/shop.wit'), WIT);
  });

  async function shopError(from: string, to: string): Promise<unknown> {
    expect(SOURCE).toContain(from);
    writeFileSync(join(shop, 'assembly/index.ts'), SOURCE.replace(from, to));
    return buildTool(shop).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it('is not told where it is', async () => {
    expect(await shopError('price', 'price')).toBeUndefined();
  }, 60_000);

  it('is told at its own line, with both sides, for a constructor of its own resource', async () => {
    expect(await shopError('owner: string', 'owner: i32')).toMatchObject({
      code: 'author/does-not-compile',
      message:
        "assembly/index.ts:6:3: `constructor(owner: i32)` of class `Cart` does not fit the WIT: Type 'String' is not assignable to type 'i32'",
      help: 'index.ts must have, in class Cart: constructor(owner: string)\nthe WIT says, at wit/shop.wit:7:5: constructor(owner: string)',
    });
  }, 60_000);

  it('is told for the parameters and for the result of a static function', async () => {
    const help =
      'index.ts must have, in class Cart: static merge(a: Cart, b: Cart): u32\n' +
      'the WIT says, at wit/shop.wit:8:5: merge: static func(a: borrow<cart>, b: borrow<cart>) -> u32';
    expect(await shopError('b: Cart)', 'b: Cart, c: u32)')).toMatchObject({
      message:
        'assembly/index.ts:7:3: `static merge(a: Cart, b: Cart, c: u32): u32` of class `Cart` does not fit the WIT: Expected 3 arguments, but got 2',
      help,
    });
    expect(await shopError('u32 { return 2; }', "string { return ''; }")).toMatchObject({
      message: expect.stringMatching(/^assembly\/index\.ts:7:3: `static merge\(a: Cart, b: Cart\): string` of class `Cart` /),
      help,
    });
  }, 60_000);

  it('is told for the class of an interface that cannot be made without parameters', async () => {
    expect(await shopError('constructor() {}', 'constructor(rate: u32) {}')).toMatchObject({
      message:
        'assembly/index.ts:10:3: `constructor(rate: u32)` of class `Shop` does not fit the WIT: Expected 1 arguments, but got 0',
      help: 'index.ts must have, in class Shop: a constructor without parameters',
    });
  }, 60_000);

  it('is told at the class where the constructor is missing', async () => {
    expect(await shopError('  constructor(size: u32) { super(); }\n', '')).toMatchObject({
      message: expect.stringMatching(/^assembly\/index\.ts:2:8: class `Basket` does not fit the WIT: /),
      help: 'index.ts must have, in class Basket: constructor(size: u32)\nthe WIT says, at wit/shop.wit:4:5: constructor(size: u32)',
    });
  }, 60_000);
});

it('tells other mistakes by their place only', async () => {
  const error = await errorWith('let total: u32 = 0', 'let total: u32 = "0"');
  expect(error).toMatchObject({ message: "assembly/index.ts:15:22: Type 'String' is not assignable to type 'u32'" });
  expect(error).toHaveProperty('help', undefined);
  expect(error).toMatchObject({ data: { output: expect.stringContaining('let total: u32 = "0"') } });
}, 60_000);

it('tells mistakes of the WIT before any compiler runs', async () => {
  expect(await errorWith('limit: u32', 'limit: u33', 'wit/words.wit')).toMatchObject({
    code: 'author/invalid-wit',
    message: expect.stringMatching(/wit\/words\.wit:9:12: .*u33/),
  });
});

it('removes bindings of interfaces that are gone, and no file of the author', async () => {
  await buildTool(folder);
  const log = join(folder, 'assembly/bindings/imports/log.ts');
  const own = join(folder, 'assembly/bindings/imports/own.ts');
  writeFileSync(own, '// mine\n');
  expect(existsSync(log)).toBe(true);
  writeFileSync(join(folder, 'wit/words.wit'), wit.replace('  import cellblock:host/log@0.1.0;\n', ''));
  writeFileSync(
    join(folder, 'assembly/index.ts'),
    source.replace(/^import \{ Level.*\n/m, '').replace(/^ *write\(Level.*\n/m, ''),
  );
  const { component } = await buildTool(folder);
  expect(decodeComponent(component).imports).toEqual([]);
  expect([existsSync(log), existsSync(own)]).toEqual([false, true]);
}, 60_000);
