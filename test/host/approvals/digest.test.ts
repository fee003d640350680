import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approvalPreimage, shapePreimage } from '../../../host/approvals/digest.ts';
import { approvalDigest, canonicalJson, shapeDigest } from '../../../host/approvals/index.ts';
import type { ApprovalSubject } from '../../../host/audit/entries.ts';
import type { PlainJson } from '../../../runtime/index.ts';
import { codeOf, PARAMETERS, SUBJECT, subjectWith } from './fixture.ts';

/** Any JavaScript text, lone surrogates and NUL included; often short, so that neighbours meet. */
const text = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 6 }),
);
const limits = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });

const subject: fc.Arbitrary<ApprovalSubject> = fc.record(
  {
    agent: text,
    tool: text,
    function: text,
    component: text,
    parametersDigest: text,
    session: text,
    grants: fc.array(text, { maxLength: 3 }),
    limits,
    policy: text,
    justification: text,
    source: text,
  },
  { requiredKeys: ['agent', 'tool', 'function', 'component', 'parametersDigest', 'grants', 'limits', 'policy'] },
);

/** Reads the bytes back, by the description alone: where that works for every subject, no two have the same bytes. */
function decode(bytes: Uint8Array): { domain: string; subject: ApprovalSubject } {
  const view = Buffer.from(bytes);
  let at = 0;
  const count = (): number => {
    at += 4;
    return view.readUInt32BE(at - 4);
  };
  const word = (): string => {
    const length = count();
    at += length;
    return fromWtf8(view.subarray(at - length, at));
  };
  const optional = (): string | undefined => (view[at++] === 1 ? word() : undefined);
  const many = <T>(read: () => T): T[] => Array.from({ length: count() }, read);
  const domain = word();
  const [agent, tool, name, component, parametersDigest] = [word(), word(), word(), word(), word()];
  const session = optional();
  const grants = many(word);
  const pairs = many(() => [word(), word()] as const);
  const policy = word();
  const [justification, source] = [optional(), optional()];
  expect(at).toBe(view.length);
  const options = Object.entries({ session, justification, source }).filter(([, value]) => value !== undefined);
  const limitsRead = Object.fromEntries(pairs);
  const read = {
    agent,
    tool,
    function: name,
    component,
    parametersDigest,
    grants,
    limits: limitsRead,
    policy,
    ...Object.fromEntries(options),
  };
  return { domain, subject: read as ApprovalSubject };
}

/** UTF-8 with three bytes for a lone surrogate. */
function fromWtf8(bytes: Buffer): string {
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let point = length === 1 ? first : first & (0xff >> (length + 1));
    for (const byte of bytes.subarray(at + 1, at + length)) point = (point << 6) | (byte & 0x3f);
    out += String.fromCodePoint(point);
    at += length;
  }
  return out;
}

describe('approvalDigest', () => {
  it('can be computed by anybody from its description', () => {
    const word = (value: string): Buffer => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const number = (value: number): Buffer => Buffer.from([0, 0, 0, value]);
    const some = (value: string): Buffer => Buffer.concat([Buffer.from([1]), word(value)]);
    const { agent, tool, component, parametersDigest, policy } = SUBJECT;
    const head = ['cellblock/approval/1', agent, tool, 'run', component, parametersDigest].map(word);
    const middle = [
      some('incident-7'),
      number(1),
      word('log'),
      number(2),
      word('fuelMax'),
      word('1000000000'),
      word('timeoutMsMax'),
      word('10000'),
    ];
    const tail = [word(policy), some('the pod crashes in a loop'), some('FATAL: Database connection failed')];
    const bytes = Buffer.concat([...head, ...middle, ...tail]);
    expect(approvalDigest(SUBJECT)).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });

  it('hashes bytes that read back as the subject, for every subject', () => {
    fc.assert(
      fc.property(subject, (one) => {
        const read = decode(approvalPreimage(one));
        expect(read.domain).toBe('cellblock/approval/1');
        expect(read.subject).toEqual(one);
      }),
      { numRuns: 500 },
    );
  });

  it('differs when any field differs, absent and empty included', () => {
    fc.assert(
      fc.property(
        subject,
        fc.constantFrom(...(Object.keys(SUBJECT) as (keyof ApprovalSubject)[])),
        subject,
        (one, name, other) => {
          const changed = { ...one, [name]: other[name] };
          if (other[name] === undefined) delete changed[name];
          expect(approvalDigest(changed) === approvalDigest(one)).toBe(
            canonicalJson(plain(changed)) === canonicalJson(plain(one)),
          );
        },
      ),
      { numRuns: 500 },
    );
    const { session: _absent, ...without } = SUBJECT;
    expect(approvalDigest(without)).not.toBe(approvalDigest(subjectWith({ session: '' })));
  });

  it('tells neighbours apart that share their characters', () => {
    const digests = [
      subjectWith({ tool: 'ab', function: 'c' }),
      subjectWith({ tool: 'a', function: 'bc' }),
      subjectWith({ grants: ['a', 'b'] }),
      subjectWith({ grants: ['ab'] }),
      subjectWith({ grants: ['a,b'] }),
      subjectWith({ grants: [] }),
      subjectWith({ grants: [''] }),
      subjectWith({ limits: { a: 'bc' } }),
      subjectWith({ limits: { ab: 'c' } }),
      subjectWith({ source: '\ud800' }),
      subjectWith({ source: '\ufffd' }),
      subjectWith({ source: '\udc00' }),
    ].map(approvalDigest);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('does not depend on the order in which limits were put together', () => {
    const reversed = Object.fromEntries(Object.entries(SUBJECT.limits).reverse());
    expect(approvalDigest(subjectWith({ limits: reversed }))).toBe(approvalDigest(SUBJECT));
  });

  it('refuses what is not of its type instead of making text of it', () => {
    const wrong = { ...SUBJECT, grants: 'log' } as unknown as ApprovalSubject;
    expect(codeOf(() => approvalDigest(wrong))).toBe('internal/invariant');
    expect(codeOf(() => approvalDigest({ ...SUBJECT, tool: 1 } as unknown as ApprovalSubject))).toBe('internal/invariant');
    expect(codeOf(() => approvalDigest({ ...SUBJECT, limits: { fuelMax: 5n } } as unknown as ApprovalSubject))).toBe(
      'internal/invariant',
    );
  });
});

describe('shapeDigest', () => {
  const digest = shapeDigest(SUBJECT, PARAMETERS, ['replicas']);

  it('lets free parameters, justification and source differ', () => {
    expect(shapeDigest(SUBJECT, { ...PARAMETERS, replicas: 9 }, ['replicas'])).toBe(digest);
    const other = subjectWith({ justification: 'other words', source: 'other', parametersDigest: 'other' });
    expect(shapeDigest(other, PARAMETERS, ['replicas'])).toBe(digest);
  });

  it('binds everything else', () => {
    for (const name of ['agent', 'tool', 'function', 'component', 'session', 'policy'] as const) {
      expect(shapeDigest(subjectWith({ [name]: 'other' }), PARAMETERS, ['replicas']), name).not.toBe(digest);
    }
    expect(shapeDigest(subjectWith({ grants: ['log', 'http'] }), PARAMETERS, ['replicas'])).not.toBe(digest);
    expect(shapeDigest(subjectWith({ limits: {} }), PARAMETERS, ['replicas'])).not.toBe(digest);
    expect(shapeDigest(SUBJECT, { ...PARAMETERS, verb: 'delete' }, ['replicas'])).not.toBe(digest);
    expect(shapeDigest(SUBJECT, { ...PARAMETERS, force: true }, ['replicas'])).not.toBe(digest);
    expect(shapeDigest(SUBJECT, PARAMETERS, [])).not.toBe(digest);
    expect(shapeDigest(SUBJECT, PARAMETERS, ['replicas', 'verb'])).not.toBe(digest);
  });

  it('does not depend on the order of parameters or of free names', () => {
    const { verb, target, replicas } = PARAMETERS;
    expect(shapeDigest(SUBJECT, { replicas, target, verb }, ['replicas'])).toBe(digest);
    expect(shapeDigest(SUBJECT, PARAMETERS, ['verb', 'replicas'])).toBe(shapeDigest(SUBJECT, PARAMETERS, ['replicas', 'verb']));
  });

  it('is never the digest of an approval, and needs parameters with names', () => {
    expect(Buffer.from(shapePreimage(SUBJECT, {}, [])).toString('latin1')).toContain('cellblock/shape/1');
    expect(codeOf(() => shapeDigest(SUBJECT, [1], []))).toBe('usage/invalid-argument');
    expect(codeOf(() => shapeDigest(SUBJECT, null, []))).toBe('usage/invalid-argument');
  });
});

describe('canonicalJson', () => {
  it('has one text for each value, -0 and lone surrogates included', () => {
    const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<PlainJson>;
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(isDeepStrictEqual(JSON.parse(canonicalJson(one)), one)).toBe(true);
        expect(canonicalJson(one) === canonicalJson(other)).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 200 },
    );
    expect(canonicalJson({ b: -0, a: [0, 1e300, 0.1] })).toBe('{"a":[0,1e+300,0.1],"b":-0}');
    expect(canonicalJson('\ud800')).not.toBe(canonicalJson('\ufffd'));
    expect(canonicalJson(JSON.parse('{"__proto__":1,"constructor":2}'))).toBe('{"__proto__":1,"constructor":2}');
  });

  it('refuses what is no plain JSON', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, 1n]) {
      expect(codeOf(() => canonicalJson(value as PlainJson))).toBe('internal/invariant');
    }
  });
});

function plain(value: ApprovalSubject): PlainJson {
  return value as unknown as PlainJson;
}
