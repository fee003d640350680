import { isCoded } from '../../runtime/index.ts';
import { parseParameterPath, type ValueConditionSpec } from '../policy/conditions/index.ts';
import type { Policy } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import type { Rule } from '../policy/rule.ts';
import { type Finding, problem, warning } from './finding.ts';
import { modeOf, SESSION } from './never.ts';
import { functionsOf } from './places.ts';
import { knownFunction, type ToolComponents } from './tool-components.ts';
import { typesAt } from './typed-path.ts';
import { fitValue } from './value-fit.ts';

/** What a path is to one function. `unjudged`: no value there is of a kind that the conditions can judge. */
interface Standing {
  readonly kind: 'fine' | 'missing' | 'unjudged' | 'never';
  readonly functionId: string;
  readonly reason: string;
}

/** Parameter paths of rules and secrets that the functions of components do not have, or whose conditions no value of their type can satisfy. */
export function checkPaths(policy: Policy, components: ToolComponents): Finding[] {
  const ofRules = policy.ruleSet.all.flatMap((rule) =>
    Object.entries(rule.spec.parameters ?? {}).flatMap(([path, spec]) =>
      ruleFindings(rule, path, standings(policy, rule, path, spec, components)),
    ),
  );
  return [...ofRules, ...secretFindings(policy, components)];
}

function standings(policy: Policy, rule: Rule, path: string, spec: ValueConditionSpec, components: ToolComponents): Standing[] {
  const { steps } = parseParameterPath(path);
  return functionsOf(policy, rule).flatMap(([tool, functionName]): Standing[] => {
    const known = knownFunction(components, tool.name, functionName);
    if (known === undefined) return [];
    const functionId = `${tool.name}.${functionName}`;
    const at = typesAt(known.type.params, steps);
    if (at.kind !== 'types') return [{ kind: at.kind === 'missing' ? 'missing' : 'unjudged', functionId, reason: at.reason }];
    const scope = { agent: 'agent', session: SESSION };
    const fits = at.types.map((type) => fitValue(spec, { mode: modeOf(rule), scope, type }));
    const first = fits[0];
    if (first?.kind !== 'never' || fits.some(({ kind }) => kind !== 'never')) return [{ kind: 'fine', functionId, reason: '' }];
    return [{ kind: first.isUnjudged ? 'unjudged' : 'never', functionId, reason: first.reason }];
  });
}

function ruleFindings({ ref, effect, tools }: Rule, path: string, all: readonly Standing[]): Finding[] {
  const wrong = all.filter(({ kind }) => kind !== 'fine');
  const isWrongEverywhere = wrong.length === all.length;
  return wrong.flatMap(({ kind, functionId, reason }): Finding[] => {
    const where = `${quote(path)} of ${quote(functionId)}: ${reason}`;
    // A rule that does not allow denies what it cannot judge: all calls of this function.
    if (kind === 'unjudged' && effect !== 'allow') {
      return [
        problem(
          'condition-unjudged',
          ref,
          `${where}; every request with a value there is denied, since the rule cannot be evaluated`,
        ),
      ];
    }
    const word = kind === 'missing' ? 'path-missing' : 'condition-never';
    if (isWrongEverywhere) return [problem(word, ref, where)];
    // A rule for any tool is for those that have the parameter.
    return tools === 'any' && effect !== 'allow' ? [] : [warning(word, ref, where)];
  });
}

/** A secret whose path has a slip in it is kept in the open. */
function secretFindings(policy: Policy, components: ToolComponents): Finding[] {
  return [...policy.tools.values()].flatMap((tool) => {
    const component = components.get(tool.name);
    if (component === undefined || isCoded(component)) return [];
    const functions = [...component.functions.values()].flatMap((found) => (isCoded(found) ? [] : [found]));
    return tool.secrets.flatMap(({ text, steps }): Finding[] => {
      const places = functions.map(({ type }) => typesAt(type.params, steps));
      const first = places[0];
      if (first === undefined || first.kind === 'types' || places.some(({ kind }) => kind === 'types')) return [];
      return [
        problem(
          'secret-missing',
          tool.rules.tool,
          `\`secrets\`: ${quote(text)}: ${first.reason}; its value would be kept in the open`,
        ),
      ];
    });
  });
}
