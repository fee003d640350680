/** Bytes that are wrong or meant to hurt: each ends in a coded error with an offset, in bounded time. */
import { describe, expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import type { DecodeLimits } from '../../../runtime/component/decode-limits.ts';
import { isCoded } from '../../../runtime/error.ts';
import { assemble, fixture } from '../../support/assemble.ts';
import { mutate, seededRandom } from '../../support/mutate.mjs';

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

/** A type index, which is a signed integer: from 64 on it needs a second byte. */
function index(value: number): number[] {
  return value % 128 >= 64 && value < 128 ? [value | 0x80, 0x00] : leb(value);
}

/** A component with these sections: an id and its contents each. */
function binary(...sections: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  return Uint8Array.from([...HEADER, ...sections.flatMap(([id, content]) => [id, ...leb(content.length), ...content])]);
}

function refusal(bytes: Uint8Array, limits?: Partial<DecodeLimits>): { code: string; message: string; offset: unknown } {
  try {
    decodeComponent(bytes, limits);
  } catch (error) {
    if (!isCoded(error)) throw error;
    return { code: error.code, message: error.message, offset: error.data.offset };
  }
  throw new Error('expected a refusal');
}

describe('what is not a component', () => {
  it.each([
    ['no bytes', [], 0, 'expected the header of a WebAssembly component at byte 0'],
    ['text', [0x7b, 0x7d], 0, 'expected the header of a WebAssembly component at byte 0'],
    [
      'a core module',
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      4,
      'expected a component (version 13, layer 1) at byte 4, found a core module',
    ],
    [
      'another version',
      [0x00, 0x61, 0x73, 0x6d, 0x0e, 0x00, 0x01, 0x00],
      4,
      'expected a component (version 13, layer 1) at byte 4, found another version of the format',
    ],
  ])('refuses %s', (_, bytes, offset, message) => {
    expect(refusal(Uint8Array.from(bytes))).toEqual({ code: 'component/not-a-component', message, offset });
  });

  it('refuses a WIT package', async () => {
    const bytes = await assemble('(component (type $i (instance)) (export "i" (type $i)))');
    expect(refusal(bytes)).toMatchObject({
      code: 'component/not-a-component',
      message: 'expected a component, found an instance type under the name `i` at byte 16, as in a WIT package',
    });
  });
});

describe('what is malformed', () => {
  it.each<[string, Uint8Array, string]>([
    [
      'a section longer than the file',
      Uint8Array.from([...HEADER, 7, 5, 0]),
      'expected a section of 5 bytes, found 1 at byte 10',
    ],
    ['an unknown section', binary([13, [0]]), 'expected a section id (0x00 to 0x0c), found 0x0d at byte 8'],
    [
      'bytes after the last item',
      binary([7, [1, 0x7f, 0]]),
      'expected the end of the section of types, found 1 more bytes at byte 12',
    ],
    [
      'a sixth byte in an integer',
      binary([7, [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]]),
      'expected the number of types as an unsigned 32-bit LEB128 integer at byte 10',
    ],
    [
      'an integer of 33 bits',
      binary([7, [0xff, 0xff, 0xff, 0xff, 0x1f]]),
      'expected the number of types as an unsigned 32-bit LEB128 integer at byte 10',
    ],
    [
      'a count that the bytes cannot hold',
      binary([7, [0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f]]),
      'expected 4294967295 types, found 1 bytes for them at byte 10',
    ],
    ['a type index out of range', binary([7, [1, 0x70, 0x05]]), 'expected a type index below 0, found 5 at byte 12'],
    ['a negative type index', binary([7, [1, 0x70, 0xc0, 0x40]]), 'expected a value type, found a negative number at byte 12'],
    ['a type that does not exist', binary([7, [1, 0x39]]), 'expected a type, found 0x39 at byte 11'],
    ['an empty record', binary([7, [1, 0x72, 0]]), 'expected 1 or more fields, found 0 at byte 11'],
    [
      'a name that is not UTF-8',
      binary([10, [1, 0, 2, 0xc3, 0x28, 1, 0]]),
      'expected the name of an import or export in UTF-8 at byte 13',
    ],
    [
      'a name that is not kebab-case',
      binary([10, [1, 0, 2, 0x61, 0x5f, 1, 0]]),
      'expected a kebab-case name or an interface id, found `a_` at byte 11',
    ],
    [
      'a function type index in a list',
      binary([7, [2, 0x40, 0, 1, 0, 0x70, 0]]),
      'expected a value type, found a func type at byte 16',
    ],
    [
      'a core module without its header',
      binary([1, [0x00, 0x61, 0x73, 0x6d, 0x02, 0, 0, 0]]),
      'expected the header of a core module (0x01), found 0x02 at byte 14',
    ],
    ['an alias from no instance', binary([6, [1, 1, 0, 0, 1, 0x61]]), 'expected an instance index below 0, found 0 at byte 13'],
    [
      'an alias beyond the outermost scope',
      binary([6, [1, 3, 2, 1, 0]]),
      'expected at most 0 enclosing scopes, found 1 at byte 13',
    ],
    ['a lift of no core function', binary([8, [1, 0, 0, 0, 0, 0]]), 'expected a core func index below 0, found 0 at byte 13'],
    [
      'an unknown extern type',
      binary([10, [1, 0, 1, 0x61, 9, 0]]),
      'expected an extern type (0x00 to 0x05), found 0x09 at byte 14',
    ],
  ])('refuses %s', (_, bytes, message) => {
    const found = refusal(bytes);
    expect(found).toMatchObject({ code: 'component/malformed', message });
    expect(message.endsWith(`at byte ${found.offset}`)).toBe(true);
  });

  const import1 = [0, 1, 0x61, 3, 1];
  const import2 = [0, 1, 0x41, 3, 1];
  it.each([
    ['imports', binary([10, [2, ...import1, ...import2]]), 'expected an import name not used before, found `A` again at byte 16'],
    [
      'exports',
      binary([7, [1, 0x7f]], [11, [2, 0, 1, 0x61, 3, 0, 0, 0, 1, 0x61, 3, 0, 0]]),
      'expected an export name not used before, found `a` again at byte 21',
    ],
    [
      'fields',
      binary([7, [1, 0x72, 2, 1, 0x61, 0x7f, 1, 0x61, 0x7f]]),
      'expected a field name not used before, found `a` again at byte 16',
    ],
    ['cases', binary([7, [1, 0x6d, 2, 1, 0x61, 1, 0x61]]), 'expected a name not used before, found `a` again at byte 15'],
  ])('refuses two %s of one name', (_, bytes, message) => {
    expect(refusal(bytes)).toMatchObject({ code: 'component/malformed', message });
  });

  it('refuses an argument of another shape than the import', async () => {
    const bytes = await assemble(`(component
      (type $r (record (field "a" u8)))
      (component $c (type $r' (record (field "a" u16))) (import "r" (type (eq $r'))))
      (instance (instantiate $c (with "r" (type $r)))))`);
    expect(refusal(bytes).message).toMatch(/^expected the type `r` for `r`, found a type of another shape at byte \d+$/);
  });

  it('refuses a missing argument, a function of another type and an instance that lacks an export', async () => {
    const texts: [string, RegExp][] = [
      ['(component $c (import "f" (func))) (instance (instantiate $c))', /^expected an argument for the import `f` at byte/],
      [
        '(import "g" (func $g (param "x" u8))) (component $c (import "f" (func))) (instance (instantiate $c (with "f" (func $g))))',
        /^expected a function for `f`, found a function of another type at byte/,
      ],
      [
        '(import "g" (instance $g)) (component $c (import "f" (instance (export "h" (func))))) (instance (instantiate $c (with "f" (instance $g))))',
        /^expected a function for `f.h`, found nothing at byte/,
      ],
    ];
    for (const [text, message] of texts) {
      expect(refusal(await assemble(`(component ${text})`))).toMatchObject({
        code: 'component/malformed',
        message: expect.stringMatching(message),
      });
    }
  });

  it('takes an exported function by the type that its export declares only where it is the same', async () => {
    const text = (type: string) =>
      `(component (import "g" (func $g (param "x" u8))) (export "f" (func $g) (func (param "x" ${type}))))`;
    expect(decodeComponent(await assemble(text('u8'))).exports).toHaveLength(1);
    expect(refusal(await assemble(text('u16'))).message).toMatch(
      /^expected a function for `f`, found a function of another type/,
    );
  });

  it.each([
    ['of no resource', '(export "[method]r.m" (func))', 'expected a resource `r` before the function `[method]r.m`, found none'],
    [
      'without itself',
      '(export "r" (type $r (sub resource))) (export "[method]r.m" (func (param "x" (borrow $r))))',
      'expected the first parameter of `[method]r.m` to be `self: borrow<r>`',
    ],
    [
      'of another resource',
      '(export "r" (type $r (sub resource))) (export "s" (type $s (sub resource))) (export "[constructor]r" (func (result (own $s))))',
      'expected `[constructor]r` to return an owned handle of its resource',
    ],
    [
      'that is a type',
      '(type $t u8) (export "[static]r.m" (type (eq $t)))',
      'expected a function for the name `[static]r.m`, found a type',
    ],
  ])('refuses a member %s', async (_, declarations, problem) => {
    const bytes = await assemble(`(component (import "a" (instance ${declarations})))`);
    const { message, code } = refusal(bytes);
    expect(code).toBe('component/malformed');
    expect(message.replace(/ at byte \d+$/, '')).toBe(problem);
  });

  it('accepts zero padding that the format allows in integers', () => {
    expect(decodeComponent(binary([7, [0x81, 0x80, 0x80, 0x80, 0x00, 0x7f]])).imports).toEqual([]);
  });

  it('shows names of the file on one line', () => {
    const name = [...new TextEncoder().encode('a\n`\u2028b')];
    expect(refusal(binary([10, [1, 0, name.length, ...name, 1, 0]])).message).toBe(
      'expected a kebab-case name or an interface id, found `a???b` at byte 11',
    );
  });
});

describe('what is too large', () => {
  const doubling = (levels: number): number[] => {
    const types = Array.from({ length: levels }, (_, level) => [0x72, 2, 1, 0x61, ...index(level), 1, 0x62, ...index(level)]);
    return [...leb(levels + 1), 0x7f, ...types.flat()];
  };

  it('refuses a type that doubles 90 times, at the definition that passes the limit', () => {
    expect(refusal(binary([7, doubling(90)]))).toEqual({
      code: 'component/too-large',
      message: 'the nodes of a type at byte 133 pass the limit of 65536 (`typeNodesMax`)',
      offset: 133,
    });
    expect(decodeComponent(binary([7, doubling(12)])).imports).toEqual([]);
  });

  it('refuses a type of more than 100 levels', () => {
    const nested = (levels: number) =>
      binary([7, [...leb(levels), 0x7f, ...Array.from({ length: levels - 1 }, (_, i) => [0x70, ...index(i)]).flat()]]);
    expect(decodeComponent(nested(100)).imports).toEqual([]);
    expect(refusal(nested(101))).toMatchObject({
      code: 'component/too-large',
      message: expect.stringContaining('`typeDepthMax`'),
    });
  });

  it('refuses a signature whose parameters are large together', async () => {
    const records = Array.from({ length: 4 }, (_, i) => `(param "p${i}" $t13)`).join(' ');
    const types = Array.from(
      { length: 14 },
      (_, i) => `(type $t${i} (tuple ${i === 0 ? 'u8 u8' : `$t${i - 1} $t${i - 1}`}))`,
    ).join(' ');
    expect(refusal(await assemble(`(component ${types} (type (func ${records})))`)).message).toContain('`typeNodesMax`');
  });

  it('refuses components, types and instances nested without end', () => {
    let component: number[] = [...HEADER];
    for (let level = 0; level < 200; level++) component = [...HEADER, 4, ...leb(component.length), ...component];
    expect(refusal(Uint8Array.from(component)).message).toMatch(/^the levels of nested components .*`nestingMax`/);

    let type: number[] = [0x42, 0];
    for (let level = 0; level < 200; level++) type = [0x42, 1, 0x01, ...type];
    expect(refusal(binary([7, [1, ...type]])).message).toMatch(/^the levels of nested types .*`nestingMax`/);

    const instances = Array.from({ length: 5000 }, (_, i) => [0x01, 1, 0, 1, 0x61, 5, ...leb(i)]);
    expect(refusal(binary([5, [...leb(5001), 0x01, 0, ...instances.flat()]])).message).toMatch(/nested instances .*`nestingMax`/);
  });

  it('refuses instances that double at each level, by the items that copies of them would take', () => {
    const level = (i: number) => [0x01, 2, 0, 1, 0x61, 5, ...leb(i), 0, 1, 0x62, 5, ...leb(i)];
    const instances = Array.from({ length: 40 }, (_, i) => level(i));
    const started = performance.now();
    const found = refusal(binary([5, [...leb(41), 0x01, 0, ...instances.flat()]], [11, [1, 0, 1, 0x61, 5, 40, 0]]));
    expect(found.code).toBe('component/unsupported'); // no interface holds instances
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('refuses to instantiate one large type again and again', () => {
    const fields = Array.from({ length: 500 }, (_, i) => [...leb(`f${i}`.length), ...Buffer.from(`f${i}`), 0x7f]).flat();
    const type = [0x42, 2, 0x01, 0x72, ...leb(500), ...fields, 0x04, 0, 1, 0x61, 3, 0, 0];
    const imports = Array.from({ length: 5000 }, (_, i) => [0, ...leb(`i${i}`.length), ...Buffer.from(`i${i}`), 5, 0]);
    const started = performance.now();
    expect(refusal(binary([7, [1, ...type]], [10, [...leb(5000), ...imports.flat()]])).message).toContain('`itemsMax`');
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('reads a component that is handed from instance to instance 200 times', async () => {
    const steps = Array.from(
      { length: 200 },
      (_, i) =>
        `(instance $i${i + 1} (instantiate $pass (with "c" (component $c${i})))) (alias export $i${i + 1} "c" (component $c${i + 1}))`,
    );
    const bytes = await assemble(
      `(component (component $c0) (component $pass (import "c" (component $c)) (export "c" (component $c))) ${steps.join('\n')})`,
    );
    expect(decodeComponent(bytes).nestedComponents).toBe(2);
  });

  it('refuses to export one large interface again and again', () => {
    const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => [...Buffer.from(`${prefix}${i}`)]);
    const items = names('f', 2000).flatMap((name) => [0, name.length, ...name, 1, 0]);
    const exports = names('e', 2000).flatMap((name) => [0, name.length, ...name, 5, 0, 0]);
    const bytes = binary(
      [7, [1, 0x40, 0, 1, 0]],
      [10, [1, 0, 1, 0x61, 1, 0]],
      [5, [1, 0x01, ...leb(2000), ...items]],
      [11, [...leb(2000), ...exports]],
    );
    expect(refusal(bytes).message).toContain('`itemsMax`');
  });

  it('holds each limit that the caller sets', async () => {
    const bytes = await fixture('shared-types.wat');
    const limited = (limits: Partial<DecodeLimits>) => refusal(bytes, limits).message;
    expect(limited({ componentBytesMax: 100 })).toContain('`componentBytesMax`');
    expect(limited({ itemsMax: 20 })).toContain('`itemsMax`');
    expect(limited({ nameBytesMax: 8 })).toContain('`nameBytesMax`');
    expect(limited({ nestingMax: 1 })).toContain('`nestingMax`');
    expect(limited({ typeNodesMax: 2 })).toContain('`typeNodesMax`');
    expect(limited({ typeDepthMax: 1 })).toContain('`typeDepthMax`');
  });

  it('refuses a name of many fragments quickly', () => {
    const name = [...Buffer.from(`a${'-1'.repeat(2000)}!`)];
    const started = performance.now();
    expect(refusal(binary([10, [1, 0, ...leb(name.length), ...name, 1, 0]])).code).toBe('component/malformed');
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('what is not supported', () => {
  it('refuses an instance inside an interface', async () => {
    const bytes = await assemble('(component (import "a" (instance (export "b" (instance)))))');
    expect(refusal(bytes)).toMatchObject({
      code: 'component/unsupported',
      message: expect.stringMatching(/^an instance `b` inside the interface `a` at byte \d+ is not supported$/),
    });
  });

  it('refuses names of dependencies', () => {
    const name = [...Buffer.from('unlocked-dep=<a:b>')];
    expect(refusal(binary([10, [1, 0, name.length, ...name, 1, 0]])).code).toBe('component/unsupported');
  });

  it('refuses built-ins that it does not know', () => {
    expect(refusal(binary([8, [1, 0x50]]))).toEqual({
      code: 'component/unsupported',
      message: 'the canonical built-in 0x50 at byte 11 is not supported',
      offset: 11,
    });
  });
});

describe('damaged files', () => {
  const FILES = ['every-type.wat', 'resources.wat', 'nested.wat', 'shared-types.wat', 'documented.wat'];

  it.each(FILES)('decodes or refuses %s with a code and an offset, whatever is changed in it', async (file) => {
    const bytes = await fixture(file);
    for (const seed of [1, 20, 300]) {
      const random = seededRandom(seed);
      for (let round = 0; round < 400; round++) checkDamaged(mutate(bytes, random), `${file}, seed ${seed}, round ${round}`);
    }
  });

  it('decodes or refuses every prefix', async () => {
    for (const file of FILES) {
      const bytes = await fixture(file);
      for (let length = 0; length < bytes.length; length++) checkDamaged(bytes.slice(0, length), `${file}, ${length} bytes`);
    }
  });

  it('refuses most of them: the mutations do reach the decoder', async () => {
    const bytes = await fixture('shared-types.wat');
    const random = seededRandom(7);
    const refused = Array.from({ length: 200 }, () => checkDamaged(mutate(bytes, random), 'seed 7')).filter(
      (one) => one !== 'decoded',
    );
    expect(refused.length).toBeGreaterThan(100);
    expect(new Set(refused).size).toBeGreaterThan(20);
  });
});

/** What became of the bytes; throws when it was neither a component nor a proper refusal. */
function checkDamaged(bytes: Uint8Array, which: string): string {
  const started = performance.now();
  let ending = 'decoded';
  try {
    decodeComponent(bytes);
  } catch (error) {
    if (!isCoded(error) || !error.code.startsWith('component/')) throw new Error(`${which}: ${String(error)}`, { cause: error });
    const { offset } = error.data;
    if (typeof offset !== 'number' || offset < 0 || offset > bytes.length) throw new Error(`${which}: offset ${offset}`);
    ending = error.message;
  }
  if (performance.now() - started > 1000) throw new Error(`${which}: took more than a second`);
  return ending;
}
