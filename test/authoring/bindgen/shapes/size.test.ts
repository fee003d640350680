import { expect, it } from 'vitest';
import { decodeValue, encodeParams } from '../../../../runtime/value/index.ts';
import { subject } from '../../../differential/sides.ts';
import { assemblyScriptComponent, withWit } from '../../../support/assemblyscript-guest.ts';

const WIT = 'package test:greet; world greeter { export api: interface { greet: func(name: string) -> string; } }';
const SOURCE = `import { ApiGuest } from './bindings/exports/api';
export class Api implements ApiGuest {
  greet(name: string): string {
    return 'Hello, ' + name + '!';
  }
}`;
const BYTES_MAX = 6000;

it.each(['incremental', 'minimal'] as const)(
  'text in and out is at most 6 kB of component, runtime %s',
  async (runtime) => {
    const sources = { 'index.ts': SOURCE };
    const bytes = await withWit(WIT, (wit) => assemblyScriptComponent({ wit, world: 'greeter', sources, runtime }));
    expect(bytes.length).toBeLessThanOrEqual(BYTES_MAX);
    const ending = subject(bytes, false)
      .instantiate('own, values', {})
      .call('api', 'greet', encodeParams(['Zo\u00eb \u{1f600}'], [{ name: 'name', type: { kind: 'string' } }]));
    expect('bytes' in ending && decodeValue(ending.bytes, { kind: 'string' })).toBe('Hello, Zo\u00eb \u{1f600}!');
  },
  60_000,
);
