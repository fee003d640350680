/** UTF-16 units of one value. */
const VALUE_CHARS_MAX = 300;
/** Bytes of a value that are looked at. */
const BYTES_SHOWN_MAX = 200;
const DEPTH_MAX = 4;
const ITEMS_MAX = 20;

/** A value of the closed WASI in the shape of jco's bindings, for people: cut, and never the same length as what it shows. Never throws. */
export function tracedText(value: unknown): string {
  const text = shown(value, 0);
  const cut = text.length > VALUE_CHARS_MAX ? `${text.slice(0, VALUE_CHARS_MAX)}…` : text;
  return (cut as string & { toWellFormed(): string }).toWellFormed(); // in Node 20, but not in the library that the compiler is told of
}

function shown(value: unknown, depth: number): string {
  if (value === undefined) return '';
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, VALUE_CHARS_MAX));
  if (typeof value !== 'object') return typeof value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Uint8Array) return bytesText(value);
  if (depth >= DEPTH_MAX) return '…';
  if (Array.isArray(value)) return `[${listText(value, depth)}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A resource of ours: which one it is, tells its class.
  if (prototype !== null && prototype !== Object.prototype)
    return (value.constructor as { readonly name?: string } | undefined)?.name ?? 'object';
  const entries = Object.entries(value).slice(0, ITEMS_MAX);
  return `{${entries.map(([key, item]) => `${key}: ${shown(item, depth + 1)}`).join(', ')}}`;
}

function listText(items: readonly unknown[], depth: number): string {
  const texts = items.slice(0, ITEMS_MAX).map((item) => shown(item, depth + 1));
  return items.length > ITEMS_MAX ? `${texts.join(', ')}, … ${items.length} items` : texts.join(', ');
}

/** Bytes that are text are shown as such. */
function bytesText(bytes: Uint8Array): string {
  const head = bytes.subarray(0, BYTES_SHOWN_MAX);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }); // a character may be cut
    return `${JSON.stringify(text)}${bytes.length > head.length ? `… ${bytes.length} bytes` : ''}`;
  } catch {
    return `<${bytes.length} bytes>`;
  }
}
