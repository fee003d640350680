import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../quote.ts';
import type { ConditionScope } from './condition-scope.ts';

/** UTF-16 units of a path: Linux takes no longer one. */
const PATH_CHARS_MAX = 4_096;

// What means another place on Windows: drives, streams, devices, and names of dots and spaces, which it cuts.
const WINDOWS_FORM =
  /^\/\/|(?:^|\/)(?:[a-z]:|(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])[. ]*(?:[.:]|\/|$)|(?:\.{3,}|\.+ +[. ]*| +[. ]*)(?:\/|$))|:\$|::/i;

/** Text that is one component of a path and nothing else, whatever it is put into. */
const SAFE_COMPONENT = /^[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,127}$/;

const PLACEHOLDER = /\{(agent|session)\}/g;
const BASE_COMPONENT = /^(?:[^{}\\\0]|\{agent\}|\{session\})+$/;

/** True: the path stays inside; false: it does not; undefined: the text, or the scope, is none that this can be said of. */
export type Within = (text: string, scope: ConditionScope) => boolean | undefined;

/**
 * A folder that paths must stay in: purely by their text, by whole components and after `.`, `..` and `//` are resolved. Links are not followed: who
 * opens the file must see to that again.
 *
 * A base from the root takes paths from the root only, and a relative base relative paths only. No path may climb above where it starts, have NUL, a
 * backslash or a form that means something else on Windows, be empty or have more than 4,096 UTF-16 units.
 *
 * @param base - `/srv/data`, `data/in`; `{agent}` and `{session}` stand for those of the request where they are one safe component.
 * @throws CodedError `usage/invalid-argument`.
 */
export function compileWithin(base: string): Within {
  const absolute = base.startsWith('/');
  const components = (absolute ? base.slice(1) : base).split('/');
  const whole = base === '/' ? [] : components;
  const usable = base.length <= PATH_CHARS_MAX && !WINDOWS_FORM.test(base) && whole.every(isBaseComponent);
  if (!usable) {
    throw new CodedError(
      'usage/invalid-argument',
      `expected a folder such as \`/srv/data\` or \`/drafts/{session}\`, without \`.\`, \`..\` or empty parts, got ${quote(base)}`,
    );
  }
  const fixed = base.includes('{') ? undefined : whole;
  return (text, scope) => {
    const inside = fixed ?? substituted(whole, scope);
    return inside === undefined ? undefined : staysInside(text, absolute, inside);
  };
}

function isBaseComponent(component: string): boolean {
  return component !== '.' && component !== '..' && BASE_COMPONENT.test(component);
}

function substituted(components: readonly string[], scope: ConditionScope): readonly string[] | undefined {
  let safe = true;
  const filled = components.map((component) =>
    component.replace(PLACEHOLDER, (_, name: 'agent' | 'session') => {
      const value = scope[name];
      // The request comes from outside: the types only promise text.
      if (typeof value === 'string' && SAFE_COMPONENT.test(value)) return value;
      safe = false;
      return '';
    }),
  );
  return safe ? filled : undefined;
}

function staysInside(text: string, absolute: boolean, base: readonly string[]): boolean | undefined {
  if (text === '' || text.length > PATH_CHARS_MAX || /[\0\\]/.test(text) || WINDOWS_FORM.test(text)) return undefined;
  if (text.startsWith('/') !== absolute) return undefined;
  const components = resolved(text);
  if (components === undefined) return undefined;
  return components.length >= base.length && base.every((component, index) => component === components[index]);
}

/** Components without `.`, `..` and empty ones; undefined when the path climbs above its start. */
function resolved(text: string): string[] | undefined {
  const components: string[] = [];
  for (const component of text.split('/')) {
    if (component === '' || component === '.') continue;
    if (component !== '..') components.push(component);
    else if (components.pop() === undefined) return undefined;
  }
  return components;
}
