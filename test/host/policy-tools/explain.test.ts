import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type ParameterRecord } from '../../../host/policy/index.ts';
import { explainRequest, explainSnapshot } from '../../../host/policy-tools/explain.ts';
import { explainLines } from '../../../host/policy-tools/explain-text.ts';
import type { ToolComponents } from '../../../host/policy-tools/tool-components.ts';
import { snapshotRequest } from '../../../host/request.ts';
import { componentOf, NO_COMPONENTS, NOON_MS, policyOf, STRING, U32 } from './fixture.ts';

const POLICY = policyOf({
  alerts: { console: { stderr: true } },
  tools: { kubectl: { component: 'k.wasm', functions: ['run'] } },
  agents: {
    triage: {
      tools: [
        {
          tool: 'kubectl.run',
          id: 'restart-web',
          parameters: { verb: { oneOf: ['get', 'restart'] }, namespace: { equals: 'web' }, replicas: { max: 5, optional: true } },
          during: { days: ['sat'], zone: 'UTC' },
          justification: 'required',
          when: 'parameters.verb != "get" || source != null',
        },
      ],
    },
  },
  rules: [
    { id: 'no-drain', effect: 'forbid', agents: 'any', tools: 'any', parameters: { verb: { equals: 'drain' } } },
    { id: 'few', effect: 'limit', agents: 'any', tools: 'any', budget: { calls: 1, per: '1h' } },
    { id: 'tell', effect: 'alert', agents: 'any', tools: 'any', alert: { sinks: ['console'] }, mode: 'log-only' },
  ],
});
const COMPONENTS: ToolComponents = new Map([
  ['kubectl', componentOf({ run: { verb: STRING, namespace: STRING, replicas: { kind: 'option', some: U32 } } })],
]);

function lines(parameters: object, more: object = {}, instantMs = NOON_MS, components = COMPONENTS): string[] {
  const snapshot = snapshotRequest({ agent: 'triage', tool_name: 'kubectl', parameters, ...more });
  return explainLines(explainSnapshot(POLICY, components, snapshot, instantMs), POLICY);
}

const SATURDAY_MS = NOON_MS + 3 * 86_400_000;

describe('explain', () => {
  it('names every condition that does not hold, by path, and no value of the request', () => {
    const text = lines({ verb: 'drain', namespace: 'hunter2', replicas: 9 });
    expect(text).toEqual([
      'Agent `triage` asks for `kubectl.run` at 2026-01-28T12:00:00.000Z, without a justification and without a source; parameters: `verb`, `namespace`, `replicas`.',
      '',
      expect.stringMatching(/^Rule restart-web \(cellblock\.yaml:\d+\) does not allow it\.$/),
      '    fails: parameter `verb` {"oneOf":["get","restart"]}: `oneOf` does not hold',
      '    fails: parameter `namespace` {"equals":"web"}: `equals` does not hold',
      '    fails: parameter `replicas` {"max":5,"optional":true}: `max` does not hold',
      '    fails: during {"days":["sat"],"zone":"UTC"}: `during` does not hold',
      '    fails: justification required: there is none',
      '    holds: when parameters.verb != "get" || source != null',
      expect.stringMatching(/^Rule no-drain .* forbids it\.$/),
      '    holds: parameter `verb` {"equals":"drain"}',
      expect.stringMatching(/^Rule few .* counts it, and has room\.$/),
      '    holds: budget {"callsMax":1,"windowMs":3600000,"by":[]}',
      expect.stringMatching(/^Rule tell .* raises an alert\. It is log-only: recorded, not enforced\.$/),
      '    It has no conditions.',
      '',
      expect.stringMatching(/^Denied \[denied\/forbidden\]: forbidden by no-drain \(cellblock\.yaml:\d+\)\.$/),
      expect.stringMatching(/^ {2}by no-drain/),
      expect.stringMatching(/^ {2}help: /),
      expect.stringMatching(/^ {2}alert \(warning\) to `console`: tell/),
      'What would allow it:',
      expect.stringMatching(
        /^ {2}rule restart-web .* would allow it if parameter `verb` satisfied .*, and parameter `namespace` satisfied .*, and parameter `replicas` satisfied .*, and `during` held .*, and `justification` held \(required\)$/,
      ),
      expect.stringMatching(/^ {2}rule no-drain .* must not match$/),
    ]);
    expect(text.join('\n')).not.toContain('hunter2');
  });

  it('says what is allowed, and what it is counted in', () => {
    const text = lines({ verb: 'restart', namespace: 'web' }, { justification: 'it hangs' }, SATURDAY_MS);
    expect(text).toContain('Allowed.');
    expect(text).toContain('  counted in 1 budgets');
    expect(text.join('\n')).not.toContain('What would allow it');
  });

  it('says that names alone were refused', () => {
    const text = lines({}, { tool_name: 'shell' });
    expect(text).toContain('No rule was asked: the names alone are refused.');
    expect(text).toContain('Denied [denied/no-policy-for-tool]: the policy has no tool `shell`.');
  });

  it('refuses parameters that are not of the types, and says where there are none', () => {
    expect(() => lines({ verb: 1, namespace: 'web' })).toThrow(expect.objectContaining({ code: 'params/invalid' }));
    expect(lines({ verb: 1 }, {}, NOON_MS, NO_COMPONENTS)[0]).toContain(
      'The component cannot be read, so the parameters have no types here.',
    );
  });

  it('marks an error of a condition that was not asked', () => {
    const policy = policyOf({
      tools: { t: { component: 't.wasm', functions: ['f'] } },
      agents: { a: { tools: [{ tool: 't', justification: 'required', when: 'parameters.x > 1' }] } },
    });
    const explained = (justification: string | undefined): string[] =>
      explainLines(
        explainRequest(policy, { agent: 'a', toolName: 't', parameters: {}, justification }, NOON_MS, { isTyped: true }),
        policy,
      );
    expect(explained(undefined).find((line) => line.includes('error:'))).toMatch(/\(not asked: another does not hold\)$/);
    expect(explained('x')).toContain('Rule agents.a.tools[0] (cellblock.yaml:14) cannot be evaluated, which denies.');
    expect(explained('x').find((line) => line.includes('error:'))).toMatch(/has an error for this request$/);
  });

  it('agrees with the decision: a rule has no open condition exactly when it holds', () => {
    const arb = fc.record({
      verb: fc.constantFrom('get', 'restart', 'drain'),
      namespace: fc.constantFrom('web', 'x'),
      replicas: fc.constantFrom(null, 4n, 6n),
    });
    fc.assert(
      fc.property(
        arb,
        fc.constantFrom(undefined, 'why'),
        fc.constantFrom(NOON_MS, SATURDAY_MS),
        (parameters, text, instantMs) => {
          const request = {
            agent: 'triage',
            toolName: 'kubectl.run',
            parameters: parameters as ParameterRecord,
            justification: text,
            source: text,
          };
          const explanation = explainRequest(POLICY, request, instantMs, { isTyped: true });
          expect(explanation.decision).toEqual(
            decide(POLICY, request, instantMs, { used: () => 0, inFlight: () => 0, oldest: () => undefined }),
          );
          for (const { outcome, conditions } of explanation.rules)
            expect(conditions.every(({ holds }) => holds)).toBe(outcome === 'holds');
        },
      ),
      { numRuns: 100 },
    );
  });
});
