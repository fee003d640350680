import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConditionScope, compileValueCondition } from '../../../../host/policy/conditions/index.ts';
import { failureOf } from './support.ts';

const SCOPE: ConditionScope = { agent: 'triage', session: 's-1' };

/** `inside`, `outside`, or `unjudged` where a rule that forbids throws. */
function verdict(base: string, text: string, scope: ConditionScope = SCOPE): string {
  const allowed = compileValueCondition({ within: base }, 'allow').failure(text, scope) === undefined;
  const forbid = compileValueCondition({ within: base }, 'restrict');
  const error = failureOf(() => forbid.failure(text, scope));
  if (error !== undefined) {
    expect([error[0], allowed]).toEqual(['denied/condition-failed', false]);
    return 'unjudged';
  }
  expect(forbid.failure(text, scope)).toBe(allowed ? undefined : 'within');
  return allowed ? 'inside' : 'outside';
}

describe('within', () => {
  test.each<[base: string, text: string, expected: string]>([
    ['/srv/allow', '/srv/allow/x', 'inside'],
    ['/srv/allow', '/srv/allow', 'inside'],
    ['/srv/allow', '/srv/allow/', 'inside'],
    ['/srv/allow', '/srv/allow/.hidden', 'inside'],
    ['/srv/allow', '/srv/allow/..hidden', 'inside'],
    ['/srv/allow', '/srv/allow/10:30.log', 'inside'],
    ['/srv/allow', '/srv/./allow//x', 'inside'],
    ['/srv/allow', '/srv/allow/dir/.//nested/../../dir/nested/../nested///./file', 'inside'],
    ['/srv/allow', '/srv/allow_secret/x', 'outside'],
    ['/srv/allow', '/srv/allow_secret', 'outside'],
    ['/srv/allow', '/srv/allo', 'outside'],
    ['/srv/allow', '/srv', 'outside'],
    ['/srv/allow', '/', 'outside'],
    ['/srv/allow', '/srv/Allow/x', 'outside'],
    ['/srv/allow', '/srv/allow/../allow_secret/x', 'outside'],
    ['/srv/allow', '/srv/allow/../../etc/passwd', 'outside'],
    ['/srv/allow', '/etc/passwd', 'outside'],
    ['/srv/allow', '/srv/allow/../../../srv/allow/x', 'unjudged'],
    ['/srv/allow', '/../srv/allow/x', 'unjudged'],
    ['/srv/allow', '../outside/s', 'unjudged'],
    ['/srv/allow', 'srv/allow/x', 'unjudged'],
    ['/srv/allow', 'x', 'unjudged'],
    ['/srv/allow', '', 'unjudged'],
    ['/srv/allow', '/srv/allow/f\0.txt', 'unjudged'],
    ['/srv/allow', '/srv/allow/f\0', 'unjudged'],
    ['/srv/allow', '/srv/allow\\..\\x', 'unjudged'],
    ['/srv/allow', '/srv/allow/x\\y', 'unjudged'],
    ['/srv/allow', '//srv/allow/x', 'unjudged'],
    ['/srv/allow', 'C:/srv/allow/x', 'unjudged'],
    ['/srv/allow', '/srv/allow/C:x', 'unjudged'],
    ['/srv/allow', '/srv/allow/f::$DATA', 'unjudged'],
    ['/srv/allow', '/srv/allow/f:$I30', 'unjudged'],
    ['/srv/allow', '/srv/allow/COM\u00b9', 'unjudged'],
    ['/srv/allow', '/srv/allow/com1.txt', 'unjudged'],
    ['/srv/allow', '/srv/allow/NUL', 'unjudged'],
    ['/srv/allow', '/srv/allow/nul .txt', 'unjudged'],
    ['/srv/allow', '/srv/allow/nullable', 'inside'],
    ['/srv/allow', '/srv/allow/.. /x', 'unjudged'],
    ['/srv/allow', '/srv/allow/.../x', 'unjudged'],
    ['/srv/allow', '/srv/allow/ /x', 'unjudged'],
    ['/srv/allow', '\\\\?\\srv\\allow', 'unjudged'],
    ['/srv/allow', `/srv/allow/${'a'.repeat(4_096)}`, 'unjudged'],
    ['/srv/allow', `/srv/allow/${'a/'.repeat(600_000)}`, 'unjudged'],
    ['/', '/etc/passwd', 'inside'],
    ['/', '/', 'inside'],
    ['/', 'etc', 'unjudged'],
    ['data/in', 'data/in/x', 'inside'],
    ['data/in', './data/in/x', 'inside'],
    ['data/in', 'data/x/../in/x', 'inside'],
    ['data/in', 'data/inner', 'outside'],
    ['data/in', 'data', 'outside'],
    ['data/in', 'in/x', 'outside'],
    ['data/in', '../data/in/x', 'unjudged'],
    ['data/in', 'data/in/../../../data/in/x', 'unjudged'],
    ['data/in', '/data/in/x', 'unjudged'],
    ['/drafts/{session}', '/drafts/s-1/x', 'inside'],
    ['/drafts/{session}', '/drafts/s-2/x', 'outside'],
    ['/drafts/{session}', '/drafts/{session}/x', 'outside'],
    ['/drafts/{session}', '/drafts/s-1/../s-2/x', 'outside'],
    ['/drafts/{agent}-{session}/out', '/drafts/triage-s-1/out/x', 'inside'],
    ['/drafts/{agent}-{session}/out', '/drafts/triage-s-1/x', 'outside'],
  ])('`%s`: %j is %s', (base, text, expected) => {
    expect(verdict(base, text)).toBe(expected);
  });

  test.each([undefined, '', '.', '..', 'a/b', '/', '../..', 'a\\b', 'a\0', '.hidden', 'a b', '\u00e4', '$&', 'a'.repeat(129)])(
    'lets the session %j stand for nothing',
    (session) => {
      const scope = { agent: 'triage', session };
      for (const text of ['/drafts/s-1/x', `/drafts/${session}/x`, '/drafts/x', '/drafts//x', '/x']) {
        expect(verdict('/drafts/{session}', text, scope)).toBe('unjudged');
        expect(verdict('/drafts/pre-{session}-post', text, scope)).toBe('unjudged');
      }
    },
  );

  test.each([
    '',
    'a//b',
    '/a/',
    '.',
    '..',
    '/a/../b',
    './a',
    '/a/{user}',
    '/a/{session',
    '/a\\b',
    '/a\0',
    'C:/a',
    '//a',
    '/a/com1',
  ])('refuses the folder %j', (base) => {
    expect(failureOf(() => compileValueCondition({ within: base }, 'allow'))?.[0]).toBe('usage/invalid-argument');
  });

  test('agrees with the normalisation of the platform', () => {
    const component = fc.constantFrom('srv', 'allow', 'allow_secret', '..', '.', '', 'x');
    fc.assert(
      fc.property(fc.array(component, { maxLength: 8 }), (components) => {
        const text = `/${components.join('/')}`;
        const found = verdict('/srv/allow', text);
        const normal = posix.normalize(text);
        const inside = normal === '/srv/allow' || normal.startsWith('/srv/allow/');
        // The platform keeps to the root what climbs above it; here that is no path.
        if (found !== 'unjudged') expect(found).toBe(inside ? 'inside' : 'outside');
        else expect(text.startsWith('//') || climbs(components)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

function climbs(components: readonly string[]): boolean {
  let depth = 0;
  return components.some((component) => {
    if (component === '..') depth--;
    else if (component !== '' && component !== '.') depth++;
    return depth < 0;
  });
}
