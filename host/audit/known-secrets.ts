import { type Span, union } from './text-span.ts';

/** Shorter ones are found in what is no secret. */
const CHARS_MIN = 8;
/** Forms that are looked for: some hundreds of secrets, or of values that they had. */
const FORMS_MAX = 1000;

/** Values of secrets that this host has used, in the forms in which they come back. */
export class KnownSecrets {
  readonly #forms = new Set<string>();

  /** True where it was not known. */
  add(secret: string): boolean {
    if (secret.length < CHARS_MIN || this.#forms.has(secret)) return false;
    for (const form of formsOf(secret)) this.#forms.add(form);
    while (this.#forms.size > FORMS_MAX) this.#forms.delete(this.#forms.values().next().value!); // the oldest
    return true;
  }

  /** @returns disjoint, in order. */
  find(text: string): readonly Span[] {
    const spans: Span[] = [];
    for (const form of this.#forms) {
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
        spans.push({ start: at, end: at + form.length });
      }
    }
    return spans.length < 2 ? spans : union(spans);
  }
}

/**
 * A text as it is, percent-encoded, and as base64 that begins with it, plain and of URLs. The last characters of base64 depend on what
 * follows, so they are left out.
 */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 3));
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    whole.toString('base64'),
    whole.toString('base64url'),
  ];
  return forms.filter((form) => form.length >= CHARS_MIN);
}
