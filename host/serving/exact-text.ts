import { JsonNumber, type JsonValue, jsonText } from '../../runtime/index.ts';

/** The text of strict JSON again, numbers digit by digit and keys in their order. */
export function exactText(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text;
  if (value instanceof Map) return `{${[...value].map(([name, item]) => `${jsonText(name)}:${exactText(item)}`).join(',')}}`;
  if (Array.isArray(value)) return `[${value.map(exactText).join(',')}]`;
  return jsonText(value);
}
