import { secretForms } from '../policy/secret-forms.ts';
import { type Span, union } from './text-span.ts';

/** Forms that are looked for: some hundreds of secrets, or of values that they had. */
const FORMS_MAX = 1000;

/** Values of secrets that this host has used, in the forms in which they come back. */
export class KnownSecrets {
  /** By the secret, the one that was told least lately first. */
  readonly #forms = new Map<string, readonly string[]>();
  #count = 0;

  /** True where it was not known. */
  add(secret: string): boolean {
    const known = this.#forms.get(secret);
    if (known !== undefined) {
      this.#forms.delete(secret);
      this.#forms.set(secret, known);
      return false;
    }
    const forms = secretForms(secret);
    if (!forms.includes(secret)) return false; // a short value is not looked for in any form
    this.#forms.set(secret, forms);
    this.#count += forms.length;
    while (this.#count > FORMS_MAX) this.#forgetOne();
    return true;
  }

  /** The whole of it: a secret of which one form is found and another is not would seem safe. */
  #forgetOne(): void {
    const [secret, forms] = this.#forms.entries().next().value!;
    this.#forms.delete(secret);
    this.#count -= forms.length;
  }

  /** @returns disjoint, in order. */
  find(text: string): readonly Span[] {
    const spans: Span[] = [];
    for (const forms of this.#forms.values()) for (const form of forms) addPlaces(spans, form, text);
    return spans.length < 2 ? spans : union(spans);
  }
}

function addPlaces(spans: Span[], form: string, text: string): void {
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
    spans.push({ start: at, end: at + form.length });
  }
}
