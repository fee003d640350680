import type { Scalar, ValueConditionSpec } from '../policy/conditions/index.ts';

const LITERALS_MAX = 24;

/** Texts and whole numbers that an expression names, and the numbers beside them: most conditions turn there. */
export function literalsOf(when: string): readonly Scalar[] {
  const texts = [...when.matchAll(/"([^"\\]{0,80})"|'([^'\\]{0,80})'/g)].map((match) => match[1] ?? match[2] ?? '');
  const numbers = [...when.matchAll(/(?<![\w."'])-?\d{1,15}(?![\w."'])/g)].flatMap(([digits]) => {
    const value = BigInt(digits);
    return [value, value + 1n, value - 1n];
  });
  return [...new Set<Scalar>([...texts, ...numbers])].slice(0, LITERALS_MAX);
}

/** Parameters that an expression names. */
export function parametersIn(when: string): readonly string[] {
  const named = when.matchAll(/\bparameters\.([A-Za-z_]\w*)|\bparameters\[["']([^"'\\]{1,80})["']\]/g);
  return [...named].map((match) => match[1] ?? match[2]!);
}

/** The scalars that a spec names, those beside its bounds, and texts that it can judge and that do not satisfy it. */
export function hintsOf({ equals, oneOf = [], notOneOf = [], min, max, within, hostname }: ValueConditionSpec): Scalar[] {
  const beside = [min, max].flatMap((bound): Scalar[] => {
    if (bound === undefined) return [];
    return typeof bound === 'bigint' ? [bound - 1n, bound, bound + 1n] : [bound - 1, bound, bound + 1];
  });
  const outside = within === undefined ? [] : [within.startsWith('/') ? '/elsewhere/file' : 'elsewhere/file'];
  const others = hostname === undefined ? [] : ['host.invalid'];
  return [...(equals === undefined ? [] : [equals]), ...oneOf, ...notOneOf, ...beside, ...outside, ...others];
}
