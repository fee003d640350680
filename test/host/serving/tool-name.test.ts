import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelName } from '../../../host/serving/tool-name.ts';

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const kebab = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('-'));
const functionName = fc.oneof(
  kebab,
  fc.tuple(kebab, kebab, kebab).map(([space, pkg, name]) => `${space}:${pkg}/${name}@1.0.0#${name}`),
  fc.tuple(kebab, kebab, kebab).map(([space, pkg, name]) => `${space}:${pkg}/${pkg}#${name}`),
);

describe('names of functions for models', () => {
  it('are the tool and the function, hyphens of the function as underscores', () => {
    expect(modelName('redact', 'redact')).toBe('redact_redact');
    expect(modelName('kube-restart', 'restart-deployment')).toBe('kube-restart_restart_deployment');
  });

  it('say the function alone and a digest where the policy names its interface', () => {
    expect(modelName('kube', 'acme:kube/pods@1.0.0#list-all')).toMatch(/^kube_list_all__[0-9a-f]{12}$/);
    expect(modelName('kube', 'acme:kube/pods@1.0.0#list')).not.toBe(modelName('kube', 'acme:kube/nodes@1.0.0#list'));
  });

  it('tell apart what hyphens alone would not', () => {
    expect(modelName('a-b', 'c')).not.toBe(modelName('a', 'b-c'));
  });

  it('are what every model API takes, and no two functions share one', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(kebab, functionName, (tool, name) => {
        const made = modelName(tool, name);
        expect(made).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
        const whole = `${tool}.${name}`;
        expect(seen.get(made) ?? whole).toBe(whole);
        seen.set(made, whole);
      }),
      { numRuns: 3000 },
    );
  });

  it('keep to the length also where both names are as long as they may be', () => {
    const long = `${'a'.repeat(60)}-${'b'.repeat(60)}`;
    expect(modelName(long, long)).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(modelName(long, long)).not.toBe(modelName(long, `${long}-c`));
  });
});
