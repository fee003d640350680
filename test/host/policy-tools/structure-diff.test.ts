import { describe, expect, it } from 'vitest';
import { diffStructure, structureDiffLines } from '../../../host/policy-tools/structure-diff.ts';
import { policyOf } from './fixture.ts';

const TOOL = { component: 't.wasm', functions: ['f'] };
const FORBID = { id: 'no', effect: 'forbid', agents: 'any', tools: ['t'], parameters: { x: { min: '18446744073709551615' } } };
const BASE = { tools: { t: { ...TOOL, grants: ['log'] } }, agents: { a: { tools: ['t'] }, b: { tools: [] } }, rules: [FORBID] };

function lines(fresh: object, old: object = BASE): string[] {
  return structureDiffLines(diffStructure(policyOf(old), policyOf(fresh)));
}

describe('diffStructure', () => {
  it('finds nothing where only the layout differs', () => {
    const again = {
      agents: { b: { tools: [] }, a: { tools: ['t'] } },
      tools: { t: { grants: ['log'], functions: ['f'], component: 't.wasm' } },
    };
    expect(lines({ rules: [FORBID], ...again })).toEqual(['no differences in tools, grants, limits, agents or rules']);
  });

  it('finds an entry that moved for no change, and one that was put in front for one', () => {
    const allow = (x: string) => ({ tool: 't', parameters: { x: { equals: x } } });
    const old = { ...BASE, agents: { a: { tools: [allow('1'), allow('2')] } } };
    expect(lines({ ...BASE, agents: { a: { tools: [allow('2'), allow('1')] } } }, old)).toHaveLength(1);
    expect(lines({ ...BASE, agents: { a: { tools: [allow('3'), allow('1'), allow('2')] } } }, old)).toEqual([
      expect.stringMatching(/^\+ rule agents\.a\.tools\[0\]: allow t for a/),
    ]);
    // One of two that say the same is a change.
    expect(
      lines({ ...BASE, agents: { a: { tools: [allow('1')] } } }, { ...BASE, agents: { a: { tools: [allow('1'), allow('1')] } } }),
    ).toHaveLength(1);
  });

  it('finds grants, limits, tools and agents', () => {
    const tools = { t: { ...TOOL, grants: ['clock'], limits: { fuel: 5 } }, u: { ...TOOL, digest: `sha256:${'1'.repeat(64)}` } };
    expect(lines({ ...BASE, mode: 'log-only', tools, agents: { a: { tools: ['t'] } } })).toEqual([
      '~ policy policy',
      '    mode: "enforce" -> "log-only"',
      '~ tool t',
      '    grants: ["log"] -> ["clock"]',
      '    limits: {} -> {"fuelMax":"5"}',
      '+ tool u',
      '    component: "t.wasm"',
      `    digest: "sha256:${'1'.repeat(64)}"`,
      '    functions: ["f"]',
      '- agent b',
      expect.stringMatching(/^- rule agents\.a\.tools\[0\]/),
      expect.stringMatching(/^~ rule no /),
      '    enforced: true -> false',
      expect.stringMatching(/^\+ rule agents\.a\.tools\[0\]/),
    ]);
  });

  it('finds a changed condition of a rule by its id', () => {
    const looser = { ...FORBID, agents: ['b'], parameters: { x: { min: 5 } } };
    expect(lines({ ...BASE, rules: [looser] })).toEqual([
      expect.stringMatching(/^~ rule no {2}\[no \(cellblock\.yaml:\d+\)\]$/),
      '    agents: "any" -> ["b"]',
      '    parameters: {"x":{"min":"18446744073709551615"}} -> {"x":{"min":5}}',
    ]);
  });
});
