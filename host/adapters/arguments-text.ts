/**
 * JSON text of arguments that an SDK has already parsed.
 *
 * An SDK that reads `9007199254740993` into a JavaScript number has rounded it, and nobody can tell any more. So whole numbers beyond 2^53-1 are
 * written with an exponent: a tool that takes a float gets the same float, and one that takes a 64-bit integer refuses it, instead of running with
 * another number than the model said.
 *
 * @returns strict JSON; for what is no data, such as a BigInt, text that is refused as malformed.
 */
export function argumentsText(args: unknown): string {
  try {
    return textOf(args ?? {});
  } catch {
    return NO_DATA;
  }
}

const NO_DATA = 'no JSON';

function textOf(value: unknown): string {
  if (typeof value === 'number') return numberText(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(NO_DATA);
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${textOf(item)}`).join(',')}}`;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(NO_DATA);
  if (Object.is(value, -0)) return '-0';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}
