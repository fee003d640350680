import { describe, expect, it } from 'vitest';
import { thrownBy } from '../value/thrown-by.ts';
import { openWasi, text, thrown, utf8 } from './guest-side.ts';

const CLOSED = { tag: 'closed' };

function openStdout(options: Parameters<typeof openWasi>[0] = {}) {
  const { wasi, guest } = openWasi(options);
  return { wasi, guest, out: guest['wasi:cli/stdout'].getStdout() };
}

describe('stdin', () => {
  it('gives its bytes in pieces of the length asked for, and is closed at the end', () => {
    const input = openWasi({ stdin: utf8('hello') }).guest['wasi:cli/stdin'].getStdin();
    expect(input.read(0n)).toHaveLength(0);
    expect(text(input.read(2n))).toBe('he');
    expect(input.skip(1n)).toBe(1n);
    expect(text(input.blockingRead(99n))).toBe('lo');
    for (const run of [() => input.read(1n), () => input.read(0n), () => input.blockingSkip(1n)])
      expect(thrown(run)).toEqual(CLOSED);
  });

  it('allocates what there is, not what is asked for', () => {
    const input = openWasi({ stdin: new Uint8Array(200_000) }).guest['wasi:cli/stdin'].getStdin();
    expect(input.read(2n ** 64n - 1n)).toHaveLength(65_536);
    expect(input.skip(2n ** 64n - 1n)).toBe(65_536n);
  });

  it('is one stream, however often it is asked for', () => {
    const { getStdin } = openWasi({ stdin: utf8('ab') }).guest['wasi:cli/stdin'];
    expect(text(getStdin().read(1n)) + text(getStdin().read(1n))).toBe('ab');
  });

  it('hands out copies', () => {
    const bytes = utf8('ab');
    openWasi({ stdin: bytes }).guest['wasi:cli/stdin'].getStdin().read(2n).fill(0);
    expect(text(bytes)).toBe('ab');
  });
});

describe('stdout and stderr', () => {
  it('are kept apart', () => {
    const { wasi, guest, out } = openStdout();
    out.blockingWriteAndFlush(utf8('out'));
    guest['wasi:cli/stderr'].getStderr().blockingWriteAndFlush(utf8('err'));
    expect([text(wasi.stdout().bytes), text(wasi.stderr().bytes)]).toEqual(['out', 'err']);
    expect(wasi.stdout()).toMatchObject({ truncated: false, droppedBytes: 0 });
  });

  it('keep the first bytes and count the rest while the guest goes on', () => {
    const { wasi, out } = openStdout({ stdoutBytesMax: 5 });
    out.blockingWriteAndFlush(utf8('abc'));
    out.blockingWriteAndFlush(utf8('defg'));
    out.blockingWriteAndFlush(utf8('h'));
    expect({ ...wasi.stdout(), bytes: text(wasi.stdout().bytes) }).toEqual({ bytes: 'abcde', truncated: true, droppedBytes: 3 });
  });

  it('are not truncated when the output just fits', () => {
    const { wasi, out } = openStdout({ stdoutBytesMax: 3 });
    out.blockingWriteAndFlush(utf8('abc'));
    expect(wasi.stdout().truncated).toBe(false);
  });

  it('take 2 GB without memory', () => {
    const { wasi, out } = openStdout();
    const before = process.memoryUsage().arrayBuffers;
    const turns = 2 ** 31 / 65_536;
    for (let turn = 0; turn < turns; turn += 1) {
      out.checkWrite();
      out.writeZeroes(65_536n);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(wasi.stdout()).toMatchObject({ truncated: true, droppedBytes: 2 ** 31 - 64 });
  });

  it('keep the same bytes however the writes are cut', () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, at) => at % 251);
    for (const size of [1, 7, 1024, 4096]) {
      const { wasi, out } = openStdout({ stdoutBytesMax: 9_999 });
      for (let at = 0; at < bytes.length; at += size) out.blockingWriteAndFlush(bytes.subarray(at, at + size));
      expect(Buffer.compare(wasi.stdout().bytes, bytes.subarray(0, 9_999))).toBe(0);
    }
  });
});

describe('the permit to write', () => {
  it('is given by check-write and used up by writes', () => {
    const { wasi, out } = openStdout();
    const permit = Number(out.checkWrite());
    out.write(new Uint8Array(permit - 1));
    out.writeZeroes(1n);
    const error = thrownBy(() => out.write(utf8('x')));
    expect(error).toMatchObject({ code: 'trap/host-call' });
    expect(error.message).toBe('the guest wrote more bytes to a stream than `check-write` had permitted');
    expect(wasi.failure).toBe(error);
  });

  it.each([
    ['write without asking', (out: ReturnType<typeof openStdout>['out']) => out.write(utf8('x'))],
    [
      'write-zeroes of 2^64-1',
      (out: ReturnType<typeof openStdout>['out']) => {
        out.checkWrite();
        out.writeZeroes(2n ** 64n - 1n);
      },
    ],
    [
      'a blocking write of 4097 bytes',
      (out: ReturnType<typeof openStdout>['out']) => out.blockingWriteAndFlush(new Uint8Array(4097)),
    ],
    ['4097 zeroes, blocking', (out: ReturnType<typeof openStdout>['out']) => out.blockingWriteZeroesAndFlush(4097n)],
  ])('traps %s, and writes nothing', (_what, run) => {
    const { wasi, out } = openStdout();
    expect(thrownBy(() => run(out)).code).toBe('trap/host-call');
    expect(wasi.stdout().bytes).toHaveLength(0);
  });

  it('is not needed for blocking writes of up to 4096 bytes', () => {
    const { wasi, out } = openStdout({ stdoutBytesMax: 10_000 });
    out.blockingWriteAndFlush(new Uint8Array(4096));
    out.blockingWriteZeroesAndFlush(4096n);
    out.flush();
    out.blockingFlush();
    expect(wasi.stdout().bytes).toHaveLength(8192);
  });
});

describe('splice', () => {
  it('moves up to the length from one stream to the other and reports how much', () => {
    const { wasi, guest, out } = openStdout({ stdin: utf8('abcdef') });
    const input = guest['wasi:cli/stdin'].getStdin();
    expect(out.splice(input, 2n)).toBe(2n);
    expect(out.blockingSplice(input, 2n ** 64n - 1n)).toBe(4n);
    expect(thrown(() => out.splice(input, 1n))).toEqual(CLOSED);
    expect(text(wasi.stdout().bytes)).toBe('abcdef');
  });
});
