import { createHmac } from 'node:crypto';
import { bareObject, jsonText, type PlainJson } from '../../runtime/index.ts';
import { KnownSecrets } from './known-secrets.ts';
import { type Secrecy, secrecyOf } from './secret-names.ts';
import { compileSecretPaths, type SecretNode } from './secret-paths.ts';
import { findSecrets } from './secret-scan.ts';
import { type Span, union } from './text-span.ts';

/** Keeps secrets out of trail, approvals and alerts; the same secret has the same digest under one key, so that it can be recognised. */
export interface Redactor {
  /**
   * A copy in which secrets are `{"redacted": "hmac-sha256:<64 hex>", "bytes": n}`; within longer texts as `redactText` writes them. Secret is what
   * a path of the policy selects, what a name says (`password`, `apiKey`, `headers: [["cookie", ...]]`), and what looks like it.
   *
   * @param secretPaths - such as `token`, `headers[*].value`; the same array each time is compiled once.
   * @throws CodedError `usage/invalid-argument` for a path that is none.
   */
  redactParameters(json: PlainJson, secretPaths: readonly string[]): PlainJson;
  /** Secrets that were hidden so far: a count that grows, by which a caller sees whether there was one. */
  readonly hidden: number;
  /** Secrets in a text become `[redacted hmac-sha256:<16 hex>]`, the beginning of their digest. Doing it twice changes nothing. Linear time. */
  redactText(text: string): string;
  /**
   * Tells it the value of a secret, which it then finds in any text, also in base64 or percent-encoded. Values of fewer than 8 characters are
   * not looked for: they would be found in what is no secret.
   */
  learn(secret: string): void;
  /** `hmac-sha256:` and 64 hex digits: what stands in the trail for this secret. For data that is no text, of its JSON. */
  digestOf(text: string): string;
}

const DOMAIN = 'cellblock/redact/1\0';

/** Hex digits of a digest shown within text: 64 bits, enough to compare. */
const SHOWN_HEX = 16;

/** @param key - 32 secret bytes of one trail: without it, a short secret could be guessed from its digest. Not kept apart from the redactor. */
export function createRedactor(key: Uint8Array): Redactor {
  const digestOf = (text: string): string =>
    `hmac-sha256:${createHmac('sha256', key).update(DOMAIN).update(text, 'utf8').digest('hex')}`;
  const walk = new Walk(digestOf);
  const compiled = new WeakMap<readonly string[], SecretNode>();
  return {
    digestOf,
    learn: (secret) => walk.learn(secret),
    get hidden() {
      return walk.count;
    },
    redactText: (text) => walk.text(text),
    redactParameters(json, secretPaths) {
      const root = compiled.get(secretPaths) ?? compileSecretPaths(secretPaths);
      compiled.set(secretPaths, root);
      return walk.value(json, [root]);
    },
  };
}

/** Nodes of the paths that a place is on: `[*]` and `[0]` may both lead there. */
type Nodes = readonly SecretNode[];

const CLEAN_CHARS_MAX = 128;
const CLEAN_MAX = 1000;

/** Goes through JSON of bounded nesting (the strict reader's), once. */
class Walk {
  /** Secrets hidden so far. */
  count = 0;
  private readonly digestOf: (text: string) => string;
  /** What values of secrets look like, with the digest of each. */
  private readonly known = new KnownSecrets();
  /** Short texts that hold no secret: names and values of parameters come again and again. */
  private readonly clean = new Set<string>();

  constructor(digestOf: (text: string) => string) {
    this.digestOf = digestOf;
  }

  learn(secret: string): void {
    if (this.known.add(secret)) this.clean.clear();
  }

  value(json: PlainJson, nodes: Nodes): PlainJson {
    if (nodes.some(({ secret }) => secret)) return this.hidden(json);
    if (typeof json === 'string') return this.string(json);
    if (typeof json !== 'object' || json === null) return json;
    return isList(json) ? this.list(json, nodes) : this.record(json, nodes);
  }

  text(text: string): string {
    if (text.length > CLEAN_CHARS_MAX) return this.scan(text);
    if (this.clean.has(text)) return text;
    const kept = this.scan(text);
    if (kept === text) {
      if (this.clean.size >= CLEAN_MAX) this.clean.clear();
      this.clean.add(text);
    }
    return kept;
  }

  private scan(text: string): string {
    let kept = '';
    let at = 0;
    for (const { start, end } of this.secretsIn(text)) {
      this.count += 1;
      const digest = this.digestOf(text.slice(start, end)).slice(0, 'hmac-sha256:'.length + SHOWN_HEX);
      kept += `${text.slice(at, start)}[redacted ${digest}]`;
      at = end;
    }
    return at === 0 ? text : kept + text.slice(at);
  }

  private secretsIn(text: string): readonly Span[] {
    const known = this.known.find(text);
    return known.length === 0 ? findSecrets(text) : union([...known, ...findSecrets(text)]);
  }

  /** A string that is one secret and nothing else becomes the object, whose digest is whole. */
  private string(text: string): PlainJson {
    if (this.clean.has(text)) return text;
    const [first, second] = this.secretsIn(text);
    if (first !== undefined && second === undefined && first.start === 0 && first.end === text.length) return this.hidden(text);
    return this.text(text);
  }

  private list(items: readonly PlainJson[], nodes: Nodes): PlainJson {
    const [name, value] = items;
    if (items.length === 2 && typeof name === 'string' && isHidden(secrecyOf(name), value)) {
      return [this.value(name, step(nodes, 0)), this.named(value!)];
    }
    return items.map((item, index) => this.value(item, step(nodes, index)));
  }

  private record(record: { readonly [key: string]: PlainJson }, nodes: Nodes): PlainJson {
    const copy = bareObject<PlainJson>();
    const label = labelOf(record);
    for (const [name, value] of Object.entries(record)) {
      const below = nodes.flatMap(({ byName }) => byName.get(name) ?? []);
      const secrecy = label !== 'no' && /^values?$/i.test(name) ? label : secrecyOf(name);
      const byPath = below.some(({ secret }) => secret);
      copy[this.text(name)] = !byPath && isHidden(secrecy, value) ? this.named(value) : this.value(value, below);
    }
    return copy;
  }

  /** A value that its name gives away. A header's scheme is left out, so that a token has one digest however it is sent. */
  private named(value: PlainJson): PlainJson {
    return typeof value === 'string'
      ? this.hidden(value.replace(/^(?:bearer|basic|digest|token|negotiate) {1,4}/i, ''))
      : this.hidden(value);
  }

  /** `null` hides nothing: an option that is not there. */
  private hidden(value: PlainJson): PlainJson {
    if (value === null) return null;
    this.count += 1;
    const text = typeof value === 'string' ? value : jsonText(value);
    return { redacted: this.digestOf(text), bytes: Buffer.byteLength(text) };
  }
}

function isList(json: object): json is readonly PlainJson[] {
  return Array.isArray(json);
}

function step(nodes: Nodes, index: number): Nodes {
  return nodes.flatMap(({ each, byIndex }) => [each, byIndex.get(index)].filter((node) => node !== undefined));
}

/** Headers and variables come as records, too: `{"name": "Authorization", "value": "..."}`. */
function labelOf(record: { readonly [key: string]: PlainJson }): Secrecy {
  for (const field of ['name', 'key', 'header']) {
    const label = Object.hasOwn(record, field) ? record[field] : undefined;
    if (typeof label === 'string') return secrecyOf(label);
  }
  return 'no';
}

/** Nothing is hidden where nothing is said: null, booleans, the empty text, and counts such as `max-tokens`. */
function isHidden(secrecy: Secrecy, value: PlainJson | undefined): boolean {
  if (secrecy === 'no' || value === undefined || value === null || value === '' || typeof value === 'boolean') return false;
  return secrecy === 'one' || typeof value !== 'number';
}
