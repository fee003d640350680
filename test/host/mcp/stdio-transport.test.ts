import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { MESSAGE_BYTES_MAX } from '../../../host/mcp/exact-message.ts';
import { LineTransport } from '../../../host/mcp/stdio-transport.ts';

async function open(output: Writable = new PassThrough()) {
  const input = new PassThrough();
  const transport = new LineTransport(input, output);
  const received: JSONRPCMessage[] = [];
  let closes = 0;
  transport.onmessage = (message) => void received.push(message);
  transport.onclose = () => {
    closes += 1;
  };
  await transport.start();
  return { input, output, transport, received, closes: () => closes };
}

/** What was written so far, by lines. */
const written = (output: Writable) => {
  let text = '';
  // Node 26 gives one chunk at a time, those before it all of them.
  for (let chunk = (output as PassThrough).read(); chunk !== null; chunk = (output as PassThrough).read()) text += String(chunk);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { id?: unknown; error?: { code: number; message: string } });
};

const turn = () => new Promise((resolve) => setImmediate(resolve));
const ping = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}\n`;

describe('LineTransport', () => {
  it('reads messages however their bytes arrive, and skips empty lines', async () => {
    const { input, received } = await open();
    for (const byte of Buffer.from(`\r\n${ping(1)}\n${ping(2)}`)) input.write(Buffer.of(byte));
    await turn();
    expect(received.map((message) => 'id' in message && message.id)).toEqual([1, 2]);
  });

  it('answers what is no strict JSON, or no message, and goes on', async () => {
    const { input, output, received } = await open();
    input.write('{"jsonrpc":"2.0","id":1,"method":"ping","method":"x"}\n{"id":7}\n[]\nhello\n');
    input.write(ping(2));
    await turn();
    expect(written(output).map(({ id, error }) => [id, error?.code])).toEqual([
      [null, -32700],
      [7, -32600],
      [null, -32600],
      [null, -32700],
    ]);
    expect(received).toHaveLength(1);
  });

  it('skips a line that is too long to its end, answers once, and reads the next one', async () => {
    const { input, output, received } = await open();
    const part = Buffer.alloc(1024 * 1024, 0x20);
    for (let bytes = 0; bytes <= MESSAGE_BYTES_MAX + part.length; bytes += part.length) input.write(part);
    input.write(`x\n${ping(3)}`);
    await turn();
    await turn();
    expect(written(output)).toMatchObject([
      { id: null, error: { code: -32700, message: `a message has more than ${MESSAGE_BYTES_MAX} bytes` } },
    ]);
    expect(received).toHaveLength(1);
  });

  it('tells the request beyond the most that may be open to come later, and takes the next once one is answered or cancelled', async () => {
    const { input, output, transport, received } = await open();
    for (let id = 0; id <= 256; id += 1) input.write(ping(id));
    await turn();
    expect(received).toHaveLength(256);
    expect(written(output)).toMatchObject([{ id: 256, error: { code: -32000 } }]);
    await transport.send({ jsonrpc: '2.0', id: 0, result: {} });
    input.write(ping(300));
    input.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n');
    input.write(ping(301));
    await turn();
    expect(received.filter((message) => 'id' in message && Number(message.id) >= 300)).toHaveLength(2);
  });

  it('takes no second request with the id of one that is open, so that none goes uncounted', async () => {
    const { input, output, received, transport } = await open();
    input.write(`${ping(1)}${ping(1)}`);
    await turn();
    expect(received).toHaveLength(1);
    expect(written(output)).toMatchObject([{ id: null, error: { code: -32600 } }]);
    await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
    input.write(ping(1));
    await turn();
    expect(received).toHaveLength(2);
  });

  it('reads no more from a client that does not read its answers', async () => {
    let take: () => void = () => undefined;
    const output = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => {
        take = done;
      },
    });
    const { input, transport, received } = await open(output);
    const sending = transport.send({ jsonrpc: '2.0', id: 1, result: {} });
    input.write(ping(2));
    await turn();
    expect(received).toEqual([]);
    take();
    await sending;
    await turn();
    expect(received).toHaveLength(1);
  });

  it('ends when the input ends: at once where nothing is open, else after the last answer', async () => {
    const idle = await open();
    idle.input.end();
    await idle.transport.closed;
    expect(idle.closes()).toBe(1);
    const busy = await open();
    busy.input.end(ping(1));
    await once(busy.input, 'end');
    await turn();
    expect(busy.closes()).toBe(0);
    await busy.transport.send({ jsonrpc: '2.0', id: 1, result: {} });
    await busy.transport.closed;
    expect(written(busy.output)).toMatchObject([{ id: 1 }]);
    expect(busy.closes()).toBe(1);
  });

  it('is told to end: takes no more requests, and ends once what is open is answered, or after a while', async () => {
    const { input, output, received, transport, closes } = await open();
    input.write(ping(1));
    await turn();
    const ended = transport.drain(60_000);
    input.write(ping(2));
    await turn();
    expect([received.length, closes()]).toEqual([1, 0]);
    expect(written(output)).toMatchObject([{ id: 2, error: { code: -32000 } }]);
    await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
    await ended;
    expect(written(output)).toMatchObject([{ id: 1, result: {} }]);
    const other = await open();
    other.input.write(ping(1));
    await turn();
    await other.transport.drain(10);
    expect(other.closes()).toBe(1);
  });

  it('ends when the output breaks', async () => {
    const { output, transport, closes } = await open();
    output.destroy(new Error('EPIPE'));
    await transport.closed;
    expect(closes()).toBe(1);
  });
});
