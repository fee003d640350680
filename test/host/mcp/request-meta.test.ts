import { describe, expect, it } from 'vitest';
import { callWords } from '../../../host/mcp/request-meta.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('callWords', () => {
  it('takes what a call says of itself, and leaves keys of others', () => {
    expect(
      callWords({
        'cellblock/justification': 'why',
        'cellblock/source': 'line 1',
        'cellblock/request-id': 'r1',
        'cellblock/session': 's1',
        'cellblock/deadline': 1_700_000_000_000,
        traceparent: TRACEPARENT,
        tracestate: 'a=b',
        'example.com/other': { any: 1 },
      }),
    ).toEqual({
      words: { justification: 'why', source: 'line 1', requestId: 'r1', session: 's1', deadlineMs: 1_700_000_000_000 },
      trace: { traceparent: TRACEPARENT, tracestate: 'a=b' },
    });
  });

  it('has nothing to say where there is nothing', () => {
    expect(callWords(undefined)).toEqual({ words: {} });
    expect(callWords({ tracestate: 'a=b' })).toEqual({ words: {} });
  });

  it('takes a deadline as an instant with a zone', () => {
    expect(callWords({ 'cellblock/deadline': '2026-01-31T12:00:00+01:00' }).words).toEqual({
      deadlineMs: Date.UTC(2026, 0, 31, 11),
    });
  });

  it.each([
    ['cellblock/justification', 7],
    ['cellblock/source', null],
    ['cellblock/request-id', { a: 1 }],
    ['cellblock/session', ['s']],
    ['cellblock/deadline', '2026-01-31T12:00:00'],
    ['cellblock/deadline', '2026-01-31'],
    ['cellblock/deadline', -1],
    ['cellblock/deadline', 1.5],
    ['cellblock/deadline', true],
    ['traceparent', 7],
  ])('refuses %s as %j', (key, value) => {
    expect(() => callWords({ [key]: value })).toThrow(
      expect.objectContaining({ code: -32602, message: expect.stringContaining(`\`${key}\` in \`_meta\``) }),
    );
  });

  it('refuses a tracestate that is no text, and hands on what is text for whoever traces to judge', () => {
    expect(() => callWords({ traceparent: TRACEPARENT, tracestate: 7 })).toThrow(expect.objectContaining({ code: -32602 }));
    expect(callWords({ traceparent: 'nonsense' })).toEqual({ words: {}, trace: { traceparent: 'nonsense' } });
  });
});
