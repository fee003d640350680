import type { z } from 'zod';
import { CodedError } from '../../runtime/index.ts';
import type { RuleRef } from './rule-ref.ts';
import { formatPath, invalidDocument, type PolicyIssue, Source } from './source.ts';
import { locate, readYaml, type YamlDocument } from './yaml.ts';

/** Bytes of a policy file: 1 MiB, about 10,000 tools. Enforced before anything is parsed. */
export const POLICY_BYTES_MAX = 1_048_576;

/** A file that has the shape of its schema, and knows where each part of it stands. */
export class Document<Data> {
  readonly source: Source;
  readonly data: Data;
  readonly #yaml: YamlDocument;

  constructor(source: Source, yaml: YamlDocument, data: Data) {
    this.source = source;
    this.#yaml = yaml;
    this.data = data;
  }

  /** The place as decisions name it; `name` instead of the path where the part has one. */
  refAt(path: readonly PropertyKey[], name: string = formatPath(path)): RuleRef {
    return `${name} (${this.#where(path)})`;
  }

  /** The place as messages name it. */
  placeOf(path: readonly PropertyKey[]): string {
    return `${formatPath(path)} at ${this.#where(path)}`;
  }

  issueAt(path: readonly PropertyKey[], message: string): PolicyIssue {
    return this.source.issue(locate(this.#yaml.root, path).offset, formatPath(path), message);
  }

  /** The line, from 1, on which a part of the document is named; that of its nearest parent where it is not there. */
  lineOf(path: readonly PropertyKey[]): number {
    return this.source.lineAt(locate(this.#yaml.root, path).keyOffset);
  }

  #where(path: readonly PropertyKey[]): string {
    return `${this.source.fileName}:${this.lineOf(path)}`;
  }
}

export interface ReadOptions {
  /** Numbers may have a fraction and an exponent, as in JSON: where a file has values of floats. Default false. */
  readonly allowsFractions?: boolean;
}

/**
 * Reads the text of a file by its schema.
 *
 * @throws CodedError `policy/invalid-document`, with every issue of the first stage that found one: size, syntax, shape.
 */
export function readDocument<Data>(
  text: string,
  file: string,
  schema: z.ZodType<Data>,
  { allowsFractions = false }: ReadOptions = {},
): Document<Data> {
  if (text.length > POLICY_BYTES_MAX || Buffer.byteLength(text) > POLICY_BYTES_MAX) throw tooLarge(file);
  const source = new Source(text, file);
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) throw invalidDocument(source, [source.issue(lone, '', 'the file is not valid Unicode')]);
  const yaml = guarded(source, () => readYaml(source, allowsFractions));
  const checked = guarded(source, () => schema.safeParse(yaml.data));
  if (checked.success) return new Document(source, yaml, checked.data);
  const issues = checked.error.issues.flatMap((issue) => shapeIssues(issue, yaml, source));
  throw invalidDocument(source, issues);
}

/** The error for a file that is larger than `POLICY_BYTES_MAX`. */
export function tooLarge(file: string): CodedError {
  const source = new Source('', file);
  return invalidDocument(source, [source.issue(0, '', `the file is larger than ${POLICY_BYTES_MAX} bytes`)]);
}

/** A parser that throws something of its own has met a file that we do not understand, so the file is refused. */
function guarded<Value>(source: Source, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw invalidDocument(source, [source.issue(0, '', 'the file cannot be parsed')], error);
  }
}

function shapeIssues(
  issue: z.core.$ZodIssue,
  yaml: YamlDocument,
  source: Source,
  base: readonly PropertyKey[] = [],
): PolicyIssue[] {
  const path = [...base, ...issue.path];
  const at = (where: readonly PropertyKey[], byKey: boolean, message: string): PolicyIssue => {
    const place = locate(yaml.root, where);
    return source.issue(byKey ? place.keyOffset : place.offset, formatPath(where), message);
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at([...path, key], true, `unknown field; ${issue.message}`));
  }
  if (issue.code === 'invalid_key') return [at(path, true, issue.issues[0]?.message ?? issue.message)];
  if (issue.code === 'invalid_union') {
    // The choice whose kind of value it is has more to say than that none of them fits.
    const fitting = issue.errors.filter((issues) => !issues.some(isOfAnotherKind));
    if (fitting.length === 1) return fitting[0]!.flatMap((inner) => shapeIssues(inner, yaml, source, path));
  }
  return [at(path, false, issue.message)];
}

function isOfAnotherKind({ path, code }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}
