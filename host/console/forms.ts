/** What a form sent: all values of each name. */
export type Form = URLSearchParams;

/** Bytes of a form; `policy diff` takes the text of a policy, of which each byte may be three. */
const FORM_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of the form of somebody who is not known yet. */
export const LOGIN_BYTES_MAX = 16 * 1024;

/** @returns undefined for what is no form, or is longer than `bytesMax`. */
export async function readForm(request: Request, bytesMax = FORM_BYTES_MAX): Promise<Form | undefined> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type) || request.body === null) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Node's streams of the web are iterable; the types of the DOM do not say so.
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Whether a request that changes something came from a page of this host: browsers name the origin with each form that they send. */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin') return false;
  const origin = request.headers.get('origin');
  // The scheme is not compared: what ends TLS before us speaks http to us.
  return origin !== null && URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
}

/** The text of a field with its line ends as they are typed; undefined where it is empty. */
export function field(form: Form, name: string): string | undefined {
  const text = form.get(name)?.replaceAll('\r\n', '\n');
  return text === undefined || text.trim() === '' ? undefined : text;
}
