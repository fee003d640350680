import type { Core } from './layout.ts';

/** Expression for the bits of a core value in the wider type that the cases of a variant share. */
export function widen(expression: string, from: Core, to: Core): string {
  if (from === to) return expression;
  if (to === 'i32') return `reinterpret<i32>(${expression})`;
  if (from === 'i32') return `<i64><u32>(${expression})`;
  return from === 'f32' ? `<i64>reinterpret<u32>(${expression})` : `reinterpret<i64>(${expression})`;
}

/** The reverse of `widen`. */
export function narrow(expression: string, from: Core, to: Core): string {
  if (from === to) return expression;
  if (from === 'i32') return `reinterpret<f32>(${expression})`;
  if (to === 'i32') return `<i32>${expression}`;
  return to === 'f32' ? `reinterpret<f32>(<i32>${expression})` : `reinterpret<f64>(${expression})`;
}
