import { openBuiltIn } from 'cellblock';
import { decodeComponent, resolveFunction } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { fromJco } from '../../runtime/bindings/jco-value.ts';
import { encodeValue, type WitValue } from '../../runtime/value/index.ts';
import { loadReference, resultOf } from '../../tools/build/reference.mjs';
import { useCells } from '../support/cells.ts';
import { readSample, readTool } from '../tools/callers.ts';

/* The two samples on real logs: a cell gives what jco's glue alone gives, byte for byte, and the same fuel each time. */

const cells = useCells();
const capabilities = openBuiltIn(['log']);

interface Sample {
  readonly tool: string;
  readonly function: string;
  readonly params: (text: string) => readonly WitValue[];
  readonly jcoParams: (text: string) => readonly unknown[];
}

const SAMPLES: readonly Sample[] = [
  {
    tool: 'redact',
    function: 'redact',
    params: (text) => [text, { kinds: null, 'keep-last': { some: 4 }, custom: [{ name: 'pod', pattern: 'pod/@*' }] }],
    jcoParams: (text) => [text, { keepLast: 4, custom: [{ name: 'pod', pattern: 'pod/@*' }] }],
  },
  { tool: 'crash-summary', function: 'summarise', params: (text) => [text, { some: 5 }], jcoParams: (text) => [text, 5] },
];

const TEXTS = ['kube-crashloop.log', 'kube-crashloop.events.log'];
const cases = SAMPLES.flatMap((sample) => TEXTS.map((name) => [sample.tool, name, sample] as const));

describe('samples', () => {
  it.each(cases)('%s on %s equals jco alone', async (_tool, name, sample) => {
    const text = await readSample(name);
    const bytes = await readTool(sample.tool);
    const found = resolveFunction(decodeComponent(bytes), sample.function);
    const call = await cells.runtime.prepare(decodeComponent(bytes), { function: found.id, capabilities });
    const outcomes = [];
    for (let at = 0; at < 3; at += 1) outcomes.push(await cells.runtime.invoke(call, sample.params(text)));

    const instantiate = await loadReference(bytes);
    const exports = instantiate({ 'cellblock:host/log': { write: () => undefined } });
    const answer = resultOf(() => exports[found.interface as string]?.[sample.function]?.(...sample.jcoParams(text)));
    const tagged = 'ok' in answer ? { tag: 'ok', val: answer.ok } : { tag: 'err', val: answer.err };
    const type = found.type.result;
    if (type === undefined) throw new Error('the samples return results');
    const expected = encodeValue(fromJco(tagged, type), type);

    for (const outcome of outcomes) {
      expect(outcome.kind).toBe('ok' in answer ? 'ok' : 'tool-error');
      expect(outcome.valueBytes).toEqual(expected);
      expect(outcome.usage.fuel).toBe(outcomes[0]?.usage.fuel);
    }
    expect(outcomes[0]?.usage.fuel).toBeLessThan(200_000_000n);
  });

  it.each([
    ['own', { redact: '141461', 'crash-summary': '7752' }],
    ['jco', { redact: '141310', 'crash-summary': '7666' }],
  ] as const)('give the recorded fuel on every machine and Node version: %s', async (bindings, recorded) => {
    const fuel: Record<string, string> = {};
    for (const sample of SAMPLES) {
      const call = await cells.runtime.prepare(decodeComponent(await readTool(sample.tool)), {
        function: sample.function,
        capabilities,
        bindings,
      });
      const outcome = await cells.runtime.invoke(call, sample.params('from ann@example.com, pod/web-1 restarted\n'));
      fuel[sample.tool] = String(outcome.usage.fuel);
    }
    expect(fuel).toEqual(recorded);
  });
});
