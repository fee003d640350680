import { Transform, type TransformCallback } from 'node:stream';
import { secretForms } from '../../policy/secret-forms.ts';

/** What stands in the place of a secret that a server sends back. */
const REDACTED = Buffer.from('[redacted]');
/** The forms in which a server may send a secret back. */
export function formsOfSecrets(secrets: readonly string[]): readonly Buffer[] {
  const forms = secrets.flatMap((secret) => {
    const texts = secretForms(secret);
    const asHeader = texts.includes(secret) ? [Buffer.from(secret, 'latin1')] : [];
    return [...texts.map((form) => Buffer.from(form)), ...asHeader];
  });
  return [...new Map(forms.map((form) => [form.toString('hex'), form])).values()];
}

/** Whether an URL has one of the forms, in whatever encoding of an URL. */
export function holdsSecret(href: string, forms: readonly Buffer[]): boolean {
  const decoded = Buffer.from(
    href.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  return [Buffer.from(href), decoded].some((bytes) => forms.some((form) => bytes.includes(form)));
}

/** Bytes without any of the forms. */
export function withoutSecrets(bytes: Buffer, forms: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (;;) {
    const found = firstOf(bytes, forms, from);
    if (found === undefined) break;
    pieces.push(bytes.subarray(from, found.at), REDACTED);
    from = found.at + found.length;
  }
  return from === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(from)]);
}

function firstOf(
  bytes: Buffer,
  forms: readonly Buffer[],
  from: number,
): { readonly at: number; readonly length: number } | undefined {
  let first: { at: number; length: number } | undefined;
  for (const form of forms) {
    const at = bytes.indexOf(form, from);
    if (at < 0 || (first !== undefined && (at > first.at || (at === first.at && form.length <= first.length)))) continue;
    first = { at, length: form.length };
  }
  return first;
}

/** Takes secrets out of a stream, also where one comes in several pieces: the end of each piece waits for the next. */
export class SecretFilter extends Transform {
  readonly #forms: readonly Buffer[];
  readonly #kept: number;
  #rest = Buffer.alloc(0);

  constructor(forms: readonly Buffer[]) {
    super();
    this.#forms = forms;
    this.#kept = Math.max(0, ...forms.map((form) => form.length - 1));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = withoutSecrets(Buffer.concat([this.#rest, chunk]), this.#forms);
    // What could still become a secret: never a part of what was replaced, which holds none.
    const cut = Math.max(0, bytes.length - this.#kept);
    this.#rest = Buffer.from(bytes.subarray(cut));
    done(null, bytes.subarray(0, cut));
  }

  override _flush(done: TransformCallback): void {
    done(null, withoutSecrets(this.#rest, this.#forms));
  }
}
