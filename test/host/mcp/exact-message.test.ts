import { describe, expect, it } from 'vitest';
import { argumentsJsonOf, MESSAGE_BYTES_MAX, readMessage } from '../../../host/mcp/exact-message.ts';

const read = (text: string) => readMessage(new TextEncoder().encode(text));
const argumentsIn = (text: string) => {
  const message = read(text) as { params: { arguments?: { [name: string]: unknown } } };
  return argumentsJsonOf(message.params.arguments);
};
const call = (args: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args}}}`;

describe('readMessage', () => {
  it('keeps the arguments of a call digit by digit and key by key', () => {
    const args = '{"n":9223372036854775808,"f":1.50e+3,"__proto__":{"a":[-0,"\\u0001",null,true]}}';
    expect(argumentsIn(call(args))).toBe(args);
  });

  it('gives an object without members where a call has no arguments', () => {
    expect(argumentsIn('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}')).toBe('{}');
  });

  it('lets no argument stand for the text of all', () => {
    expect(argumentsIn(call('{"json":"{\\"n\\":1}"}'))).toBe('{"json":"{\\"n\\":1}"}');
  });

  it('leaves arguments that are no object as they are, for the SDK to refuse', () => {
    expect(read(call('[1]'))).toMatchObject({ params: { arguments: [1] } });
    expect(read(call('"x"'))).toMatchObject({ params: { arguments: 'x' } });
  });

  it('gives everything else as plain data', () => {
    expect(read('[{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":[1.5,null]}}]')).toEqual([
      { jsonrpc: '2.0', id: 7, method: 'ping', params: { a: [1.5, null] } },
    ]);
  });

  it('keeps the arguments of each call of a batch', () => {
    const batch = read(`[${call('{"n":1}')},${call('{"n":18446744073709551615}')}]`) as { params: { arguments: object } }[];
    expect(batch.map(({ params }) => argumentsJsonOf({ ...params.arguments }))).toEqual([
      '{"n":1}',
      '{"n":18446744073709551615}',
    ]);
  });

  it.each([
    ['a key twice in the arguments', call('{"path":"/safe","path":"/etc"}')],
    ['a key twice beside them', '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}'],
    ['a lone surrogate', call('{"a":"\\ud800"}')],
    ['more after the message', `${call('{}')} {}`],
    ['no JSON', '{'],
  ])('refuses %s', (_what, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'params/malformed-json' }));
  });

  it('refuses bytes that are no UTF-8, and more bytes than a message has', () => {
    expect(() => readMessage(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(
      expect.objectContaining({ code: 'params/malformed-json' }),
    );
    expect(() => readMessage(new Uint8Array(MESSAGE_BYTES_MAX + 1).fill(0x20))).toThrow(
      expect.objectContaining({ code: 'params/too-large' }),
    );
  });
});
