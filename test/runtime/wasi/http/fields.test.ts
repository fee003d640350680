import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../value/thrown-by.ts';
import { drop, text, thrown, utf8 } from '../guest-side.ts';
import { FakePeer, handle, openHttp, requestOf, responseOf } from './fake-peer.ts';

const open = (options = {}) => openHttp(new FakePeer(), options);
const INVALID = { tag: 'invalid-syntax' };
const FORBIDDEN = { tag: 'forbidden' };
const IMMUTABLE = { tag: 'immutable' };

const FORBIDDEN_NAMES = [
  'Connection',
  'host',
  'HTTP2-Settings',
  'keep-alive',
  'Proxy-Authenticate',
  'proxy-authorization',
  'proxy-connection',
  'Transfer-Encoding',
  'upgrade',
];

describe('fields', () => {
  it('keep the names as they were written and find them in any case', () => {
    const fields = open().types.Fields.fromList([
      ['X-One', utf8('1')],
      ['x-one', utf8('2')],
      ['Other', utf8('')],
    ]);
    expect(fields.get('X-ONE').map(text)).toEqual(['1', '2']);
    expect(fields.has('other')).toBe(true);
    expect(fields.get('other').map(text)).toEqual(['']);
    expect([fields.has('none'), fields.has('no name'), fields.get('no name')]).toEqual([false, false, []]);
    expect(fields.entries().map(([name, value]) => [name, text(value)])).toEqual([
      ['X-One', '1'],
      ['x-one', '2'],
      ['Other', ''],
    ]);
    fields.set('X-one', [utf8('3'), utf8('4')]);
    expect(fields.get('x-one').map(text)).toEqual(['3', '4']);
    fields.set('x-one', []);
    expect(fields.has('x-one')).toBe(false);
    fields.append('x-one', utf8('5'));
    fields.delete('OTHER');
    expect(fields.entries().map(([name]) => name)).toEqual(['x-one']);
  });

  it.each(['', 'a b', 'a:', 'a\r\nb', 'ä', 'a\0'])('take no name `%s`', (name) => {
    const { types } = open();
    const fields = new types.Fields();
    for (const change of [
      () => fields.append(name, utf8('v')),
      () => fields.set(name, [utf8('v')]),
      () => fields.delete(name),
      () => types.Fields.fromList([[name, utf8('v')]]),
    ])
      expect(thrown(change)).toEqual(INVALID);
    expect(fields.entries()).toEqual([]);
  });

  it.each(['\r\nx: y', '\n', '\0', '\x7f', '\x1b'])('take no value that would end a header or be none', (value) => {
    const fields = new (open().types.Fields)();
    fields.append('a', utf8('kept'));
    expect(thrown(() => fields.append('a', utf8(value)))).toEqual(INVALID);
    expect(thrown(() => fields.set('a', [utf8('good'), utf8(value)]))).toEqual(INVALID);
    expect(fields.get('a').map(text)).toEqual(['kept']);
    fields.set('a', [utf8('tab\there'), Uint8Array.of(0x80, 0xff)]);
    expect(fields.get('a')).toHaveLength(2);
  });

  it.each(FORBIDDEN_NAMES)('do not take `%s`, which belongs to the connection', (name) => {
    const { types } = open();
    const fields = new types.Fields();
    for (const change of [
      () => fields.append(name, utf8('v')),
      () => fields.set(name, [utf8('v')]),
      () => fields.delete(name),
      () => types.Fields.fromList([[name, utf8('v')]]),
    ])
      expect(thrown(change)).toEqual(FORBIDDEN);
  });

  it('of a request or response cannot be changed, a clone of them can', () => {
    const peer = new FakePeer({
      headers: [
        ['x-from', 'peer'],
        ['connection', 'close'],
        ['Keep-Alive', '1'],
      ],
    });
    const { guest, types } = openHttp(peer, { handlesMax: 32 });
    const ofRequest = requestOf(guest).headers();
    const ofResponse = responseOf(handle(guest)).headers();
    for (const fields of [ofRequest, ofResponse]) {
      expect(thrown(() => fields.append('a', utf8('b')))).toEqual(IMMUTABLE);
      expect(thrown(() => fields.set('a', [utf8('b')]))).toEqual(IMMUTABLE);
      expect(thrown(() => fields.delete('x-from'))).toEqual(IMMUTABLE);
      expect(thrown(() => fields.append('host', utf8('b')))).toEqual(FORBIDDEN);
      const clone = fields.clone();
      clone.append('a', utf8('b'));
      expect([clone.has('a'), fields.has('a')]).toEqual([true, false]);
    }
    expect(ofResponse.entries().map(([name]) => name)).toEqual(['x-from']); // what is the connection's could be sent again
    expect(types.Fields.fromList([]) instanceof types.Fields && ofResponse instanceof types.Fields).toBe(true);
  });

  it('are what was made of them, whatever was done', () => {
    const name = fc.constantFrom('a', 'A', 'b', 'B-c', 'b-C');
    const value = fc.string({ unit: fc.constantFrom('x', 'y', ' ', '\t'), maxLength: 3 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), name, values: fc.tuple(value) }),
      fc.record({ kind: fc.constant('set' as const), name, values: fc.array(value, { maxLength: 3 }) }),
      fc.record({ kind: fc.constant('delete' as const), name, values: fc.constant([]) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const fields = new (open().types.Fields)();
        let naive: [string, string][] = [];
        for (const { kind, name, values } of steps) {
          if (kind !== 'append') naive = naive.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
          for (const one of values) naive.push([name, one]);
          if (kind === 'append') fields.append(name, utf8(values[0]));
          else if (kind === 'set') fields.set(name, values.map(utf8));
          else fields.delete(name);
        }
        expect(fields.entries().map(([key, one]) => [key, text(one)])).toEqual(naive);
        expect(fields.clone().entries()).toEqual(fields.entries());
      }),
      { numRuns: 100 },
    );
  });

  it('have an end: what a guest keeps in them is not in its own memory', () => {
    const fields = new (open().types.Fields)();
    const big = utf8('x'.repeat(60_000));
    fields.append('a', big);
    fields.append('a', big);
    const error = thrownBy(() => fields.append('a', big));
    expect(error).toMatchObject({ code: 'limit/host-calls', data: { limit: 131_072 } });
    expect(thrown(() => fields.has('a'))).toBe(error); // final
  });

  it('have an end all together, and give back what they had', () => {
    const { types, wasi } = open({ handlesMax: 200 });
    const big = utf8('x'.repeat(120_000));
    for (let round = 0; round < 3; round += 1) {
      const list = Array.from({ length: 60 }, () => types.Fields.fromList([['a', big]]));
      for (const fields of list) drop(fields);
    }
    expect(wasi.handles()).toBe(0);
    const keep = () => Array.from({ length: 80 }, () => types.Fields.fromList([['a', big]]));
    expect(thrownBy(keep)).toMatchObject({ code: 'limit/host-calls', data: { limit: 8_388_608 } });
  });

  it('count as handles', () => {
    const { types, wasi } = open({ handlesMax: 2 });
    const one = new types.Fields();
    one.clone();
    expect(wasi.handles()).toBe(2);
    expect(thrownBy(() => one.clone())).toMatchObject({ code: 'limit/handles' });
  });
});
