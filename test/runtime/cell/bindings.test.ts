import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromJco, toJco } from '../../../runtime/bindings/jco-value.ts';
import type { ValueType } from '../../../runtime/component/types.ts';
import { encodeValue, type WitValue } from '../../../runtime/value/index.ts';
import { arbTypeAndValue } from '../../support/arbitrary-types.ts';
import { useCells } from '../../support/cells.ts';
import { echoComponent, paddedType } from '../../support/echo-component.ts';

/* Every value type in and out of a component that echoes it, through both bindings, equal to jco's own glue without us in between. */

const cells = useCells();

interface JcoExports {
  api: { echo(value: unknown): unknown; flat?(value: unknown): unknown };
}

/** jco's transpiled component as its users would run it: no instrumentation, no worker, no frames. */
function plainJco(bytes: Uint8Array): JcoExports {
  const { files } = generate(bytes, { name: 'plain', instantiation: { tag: 'sync' }, noTypescript: true, noNodejsCompat: true });
  const source = new TextDecoder().decode(files.find(([name]) => name.endsWith('.js'))?.[1]);
  const body = source.slice(source.indexOf('function instantiate('), source.lastIndexOf('\nexport const _util'));
  const instantiate = new Function(`${body}\nreturn instantiate;`)() as (
    get: (name: string) => WebAssembly.Module,
    imports: object,
  ) => JcoExports;
  return instantiate((name) => new WebAssembly.Module(files.find(([file]) => file === name)?.[1] as Uint8Array<ArrayBuffer>), {});
}

/** The value with its padding, as `echo` takes it. */
function padded(type: ValueType, value: WitValue): WitValue {
  const fields = paddedType(type).fields.map((field, at) => [field.name, at === 0 ? value : at % 2 === 0] as const);
  return Object.assign(Object.create(null), Object.fromEntries(fields)) as WitValue;
}

async function checkEcho(type: ValueType, value: WitValue): Promise<void> {
  const bytes = await echoComponent(type);
  const wide = paddedType(type);
  const input = padded(type, value);
  const jco = plainJco(bytes);
  const reference = encodeValue(fromJco(jco.api.echo(toJco(input, wide)), wide), wide);
  expect(reference).toEqual(encodeValue(input, wide));
  await checkBoth(bytes, 'echo', input, reference);
  if (jco.api.flat === undefined) return;
  await checkBoth(bytes, 'flat', value, encodeValue(fromJco(jco.api.flat(toJco(value, type)), type), type));
}

/** Not for the same fuel: jco does not call `realloc` for empty strings and lists, where the standard does. */
async function checkBoth(bytes: Uint8Array, name: string, value: WitValue, expected: Uint8Array): Promise<void> {
  for (const bindings of ['own', 'jco'] as const) {
    const outcome = await cells.run(bytes, name, [value], { bindings });
    expect(outcome, bindings).toMatchObject({ kind: 'ok', valueBytes: expected });
  }
}

/** Our codec also handles shapes that WIT cannot declare: compounds without parts, more than 32 flags, words that start with a digit. */
function hasWit(type: ValueType): boolean {
  const word = (name: string) => /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name);
  switch (type.kind) {
    case 'list':
      return hasWit(type.element);
    case 'option':
      return hasWit(type.some);
    case 'tuple':
      return type.items.length > 0 && type.items.every(hasWit);
    case 'result':
      return [type.ok, type.err].every((side) => side === undefined || hasWit(side));
    case 'record':
      return type.fields.length > 0 && type.fields.every((field) => word(field.name) && hasWit(field.type));
    case 'variant':
      return type.cases.every((item) => word(item.name) && (item.type === undefined || hasWit(item.type)));
    case 'enum':
      return type.names.every(word);
    case 'flags':
      return type.names.length > 0 && type.names.length <= 32 && type.names.every(word);
    default:
      return true;
  }
}

/** By hand: the ends of every range, and the shapes that conversions get wrong. */
const EDGES: readonly (readonly [ValueType, readonly WitValue[]])[] = [
  [{ kind: 'bool' }, [true, false]],
  [{ kind: 's8' }, [-128, 127]],
  [{ kind: 'u8' }, [0, 255]],
  [{ kind: 's16' }, [-32768, 32767]],
  [{ kind: 'u16' }, [0, 65535]],
  [{ kind: 's32' }, [-(2 ** 31), 2 ** 31 - 1]],
  [{ kind: 'u32' }, [0, 2 ** 32 - 1]],
  [{ kind: 's64' }, [-(2n ** 63n), 2n ** 63n - 1n]],
  [{ kind: 'u64' }, [0n, 2n ** 64n - 1n]],
  [{ kind: 'f32' }, [-0, Math.fround(0.1), Number.POSITIVE_INFINITY, Number.NaN]],
  [{ kind: 'f64' }, [-0, 5e-324, Number.NEGATIVE_INFINITY, Number.NaN]],
  [{ kind: 'char' }, ['a', '\u{10ffff}', '\ud7ff', '\0']],
  [{ kind: 'string' }, ['', 'a\0b', '\u{1f980}\u4e16', 'x'.repeat(70_000)]],
  [{ kind: 'list', element: { kind: 'u8' } }, [new Uint8Array(0), new Uint8Array([0, 255, 1])]],
  [{ kind: 'list', element: { kind: 'u64' } }, [[], [0n, 2n ** 64n - 1n]]],
  [{ kind: 'list', element: { kind: 'option', some: { kind: 'string' } } }, [[null, { some: '' }, { some: 'x' }]]],
  [
    { kind: 'option', some: { kind: 'option', some: { kind: 'option', some: { kind: 'bool' } } } },
    [null, { some: null }, { some: { some: null } }, { some: { some: { some: false } } }],
  ],
  [{ kind: 'result' }, [{ ok: null }, { err: null }]],
  [{ kind: 'result', ok: { kind: 'f32' }, err: { kind: 's64' } }, [{ ok: 1.5 }, { err: -1n }]],
  [{ kind: 'tuple', items: [{ kind: 'u8' }, { kind: 'string' }, { kind: 'f64' }] }, [[1, 'two', 3]]],
  [{ kind: 'enum', names: ['one', 'two-three', 'constructor'] }, ['one', 'two-three', 'constructor']],
  [
    { kind: 'flags', names: Array.from({ length: 20 }, (_, at) => `flag-${'abcdefghijklmnopqrst'[at]}`) },
    [[], ['flag-a', 'flag-i', 'flag-t']],
  ],
  [
    {
      kind: 'variant',
      cases: [
        { name: 'none' },
        { name: 'small', type: { kind: 'u8' } },
        { name: 'big', type: { kind: 'list', element: { kind: 'string' } } },
      ],
    },
    [{ tag: 'none' }, { tag: 'small', value: 7 }, { tag: 'big', value: ['a', ''] }],
  ],
];

describe('values through a real component', () => {
  beforeAll(async () => {
    await $init;
  });

  it.each(EDGES.map(([type, values]) => [type.kind, type, values] as const))(
    'carries the edges of %s',
    async (_kind, type, values) => {
      for (const value of values) await checkEcho(type, value);
    },
  );

  it('carries random types and values, equal to jco', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbTypeAndValue().filter(({ type }) => hasWit(type)),
        ({ type, value }) => checkEcho(type, value),
      ),
      { numRuns: 60 },
    );
  }, 120_000);
});
