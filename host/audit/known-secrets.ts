import { secretForms } from '../policy/secret-forms.ts';
import { type Span, union } from './text-span.ts';

/** Forms that are looked for: some hundreds of secrets, or of values that they had. */
const FORMS_MAX = 1000;

/** Values of secrets that this host has used, in the forms in which they come back. */
export class KnownSecrets {
  readonly #forms = new Set<string>();

  /** True where it was not known. */
  add(secret: string): boolean {
    const forms = secretForms(secret);
    if (!forms.includes(secret) || this.#forms.has(secret)) return false; // a short value is not looked for in any form
    for (const form of forms) this.#forms.add(form);
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
