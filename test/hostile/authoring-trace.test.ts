import { describe, expect, it } from 'vitest';
import { CallTrace } from '../../host/call-trace.ts';

/* A trace is shown and kept in reports: a guest chooses what is in it. */

const KEY = 'AKIAIOSFODNN7EXAMPLE';
const call = { import: 'acme:db/store@1.0.0', name: 'get', args: new Uint8Array(0), fuelLeft: 0n };

describe('a trace', () => {
  it('hides what looks like a secret in why a call was refused, or failed', () => {
    const trace = new CallTrace({ grants: [], scopes: new Map() });
    trace.noted({ capability: 'http', act: 'send', result: `denied: no rule for ${KEY}` });
    trace.answered(call, { value: new Uint8Array(0), charge: 0n });
    trace.failed(call, { code: 'denied/x', message: `not ${KEY}` });
    expect(trace.calls.map(({ decision }) => decision)).toEqual(['refused', 'refused']);
    expect(JSON.stringify(trace.calls)).not.toContain(KEY);
    expect(trace.calls[0]?.why).toContain('denied: no rule for ');
  });

  it('keeps no more than 10,000 calls, and counts the others', () => {
    const heard: number[] = [];
    const trace = new CallTrace({ grants: [], scopes: new Map(), onCall: ({ number }) => void heard.push(number) });
    for (let at = 0; at < 10_050; at += 1) trace.answered(call, { value: new Uint8Array(0), charge: 0n });
    expect([trace.calls.length, trace.dropped, heard.length]).toEqual([10_000, 50, 10_000]);
  });
});
