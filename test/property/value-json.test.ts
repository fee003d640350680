import { isDeepStrictEqual } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCoded } from '../../runtime/error.ts';
import {
  encodeValue,
  fromJson,
  jsonText,
  paramsFromJson,
  paramsFromPlain,
  paramsSchema,
  parseJson,
  resultSchema,
  toJson,
  type WitValue,
} from '../../runtime/value/index.ts';
import { arbParamsAndValues, arbType, arbTypeAndValue } from '../support/arbitrary-types.ts';

// One instance, since each one compiles the dialect's own schema first.
const ajv = new Ajv2020({ strict: true, addUsedSchema: false });
const accepts = (schema: object, json: unknown): boolean => ajv.compile(schema)(json);

/** The code of the refusal, or `undefined` when it was accepted; anything that is not a refusal fails the test. */
function refusal(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!isCoded(error)) throw error;
    return error.code;
  }
}

/** JSON near to what types ask for, so that a fair share of it is accepted. */
const arbJson = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      null,
      true,
      0,
      -0,
      1,
      255,
      -1,
      1.5,
      2 ** 31,
      2 ** 53 - 1,
      1e300,
      '',
      'a',
      'ab',
      '5',
      '-0',
      '007',
      'AA==',
      'AB==',
      'QUJD',
    ),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'tag', 'value', 'some', 'ok', 'err', 'float', '__proto__'), tie('json'), { maxKeys: 2 }),
    fc.constantFrom({ float: 'nan' }, { float: '-infinity' }, { float: 'Infinity' }, { ok: null }, { err: null }, { some: null }),
  ),
})).json;

/** Replaces one part somewhere inside a JSON value. */
function graft(json: unknown, part: unknown, path: readonly number[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof json !== 'object' || json === null) return part;
  const keys = Object.keys(json);
  const key = keys[step % (keys.length + 1)];
  if (Array.isArray(json))
    return key === undefined ? [...json, part] : json.with(Number(key), graft(json[Number(key)], part, rest));
  const object = json as { [key: string]: unknown }; // arrays and scalars are gone
  return { ...object, [key ?? 'extra']: key === undefined ? part : graft(object[key], part, rest) };
}

describe('JSON form', () => {
  it('comes back as the value it was written from', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), ({ type, value }) => {
        expect(isDeepStrictEqual(fromJson(parseJson(jsonText(toJson(value, type))), type), value)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same parameters as text and as plain data', () => {
    fc.assert(
      fc.property(arbParamsAndValues(), ({ params, values }) => {
        const plain = Object.fromEntries(params.map((param, index) => [param.name, toJson(values[index]!, param.type)]));
        expect(isDeepStrictEqual(paramsFromPlain(plain, params), values)).toBe(true);
        expect(isDeepStrictEqual(paramsFromJson(parseJson(jsonText(plain)), params), values)).toBe(true);
        expect(accepts(paramsSchema(params), JSON.parse(JSON.stringify(plain)))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('of a wrong shape is refused by both readers alike, and what is accepted is a value of the type', () => {
    let accepted = 0;
    fc.assert(
      fc.property(arbType(), arbJson, (type, json) => {
        const params = [{ name: 'p', type }];
        const read: WitValue[][] = [];
        const asText = refusal(() => read.push(paramsFromJson(parseJson(jsonText({ p: json })), params)));
        const asPlain = refusal(() => read.push(paramsFromPlain({ p: json }, params)));
        expect(asText).toBe(asPlain);
        expect(isDeepStrictEqual(read[0], read[1])).toBe(true);
        for (const [value] of read) encodeValue(value!, type);
        accepted += read.length;
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('JSON Schema', () => {
  it('accepts a JSON value exactly when the reader does', () => {
    let accepted = 0;
    let refused = 0;
    const arbSample = fc.record({
      sample: arbTypeAndValue(),
      path: fc.array(fc.nat(5), { maxLength: 4 }),
      part: arbJson,
      whole: fc.boolean(),
    });
    fc.assert(
      fc.property(arbSample, ({ sample: { type, value }, path, part, whole }) => {
        const valid: unknown = JSON.parse(JSON.stringify(toJson(value, type)));
        const json = whole ? valid : graft(valid, part, path);
        const ok = refusal(() => fromJson(parseJson(jsonText(json)), type)) === undefined;
        expect(accepts(resultSchema(type), json)).toBe(ok);
        if (ok) accepted++;
        else refused++;
      }),
      { numRuns: 600 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(100);
  });
});
