import { CodedError, JsonNumber, type JsonValue, parseJson, plainSnapshot } from '../runtime/index.ts';

/**
 * What an agent files: it names a tool and parameters, says why, and holds nothing. The JSON of the field (`tool_name`, `parameters`,
 * `justification`, `source_log_line`) is such a request once whoever knows the agent has put its name there.
 */
export type ToolRequest = {
  readonly agent: string;
  /** `tool` or `tool.function`, exactly as the policy has them. */
  readonly tool_name: string;
  /** Why the agent asks, in its own words: shown and recorded, never believed. */
  readonly justification?: string | undefined;
  /** What made it ask, such as the line of a log. */
  readonly source?: string | undefined;
  /** Another name of `source`. */
  readonly source_log_line?: string | undefined;
  /** The same id and the same request run once, however often they come. 1 to 256 characters. */
  readonly request_id?: string | undefined;
  /** Instant after which no answer is wanted: milliseconds since 1970, or RFC 3339 with a zone. */
  readonly deadline?: number | string | undefined;
  /** Names one conversation or run of the agent; budgets, approvals and directories may be bound to it. */
  readonly session?: string | undefined;
  /** Id of the approval that this request is to use. Without it, one for exactly this request is found. */
  readonly approval?: string | undefined;
} & ParametersOf;

/** The parameters, one member for each WIT parameter in the JSON mapping of `docs/values.md`: as plain data, or as JSON text, which keeps 64-bit numbers exact. */
export type ParametersOf = { readonly parameters: unknown } | { readonly parametersJson: string | Uint8Array };

/** A request as it came, copied once: what is checked, hashed, shown, recorded and run. Immutable. */
export interface RequestSnapshot {
  readonly agent: string;
  readonly toolName: string;
  /** Not yet checked against any type. */
  readonly parameters: JsonValue;
  readonly justification?: string;
  readonly source?: string;
  readonly requestId?: string;
  /** Milliseconds since 1970. */
  readonly deadlineMs?: number;
  readonly session?: string;
  readonly approval?: string;
}

/** Bytes of a request's parameters as JSON text. */
const PARAMETERS_JSON_BYTES_MAX = 32 * 1024 * 1024;
/** UTF-16 units of a justification or source: more than a person reads. */
const TEXT_CHARS_MAX = 16_384;
const NAME_CHARS_MAX = 256;

const FIELDS: ReadonlySet<string> = new Set([
  'agent',
  'tool_name',
  'parameters',
  'parametersJson',
  'justification',
  'source',
  'source_log_line',
  'request_id',
  'deadline',
  'session',
  'approval',
]);

/**
 * Copies a request of a program. No code of its owner runs; what it changes later changes nothing here.
 *
 * @throws CodedError `params/invalid` with `data.path`; `params/malformed-json`, `params/too-large` for JSON text.
 */
export function snapshotRequest(request: unknown): RequestSnapshot {
  return fromFields(plainSnapshot(request));
}

/**
 * Reads a request from the JSON text of a surface that knows whose it is.
 *
 * @param agent - who asks, where the text does not say it; a text that names another agent is refused.
 * @throws as `snapshotRequest`.
 */
export function requestFromJson(text: string | Uint8Array, agent?: string): RequestSnapshot {
  const json = parseJson(text, { bytesMax: PARAMETERS_JSON_BYTES_MAX });
  if (!(json instanceof Map)) throw invalid('$', 'a request is an object');
  if (json.has('parametersJson')) throw unknownField();
  if (agent === undefined) return fromFields(json);
  if (json.has('agent') && json.get('agent') !== agent)
    throw invalid('$.agent', 'the request names another agent than the one that files it');
  return fromFields(new Map([...json, ['agent', agent]]));
}

function fromFields(fields: JsonValue): RequestSnapshot {
  if (!(fields instanceof Map)) throw invalid('$', 'a request is a plain object with an `agent` and a `tool_name`, both strings');
  for (const name of fields.keys()) if (!FIELDS.has(name)) throw unknownField();
  // Empty names are for the policy to refuse, by name.
  const agent = textField(fields, 'agent', NAME_CHARS_MAX);
  const toolName = textField(fields, 'tool_name', NAME_CHARS_MAX);
  if (agent === undefined || toolName === undefined) {
    throw invalid('$', 'a request has an `agent` and a `tool_name`, both strings');
  }
  if (fields.has('source') && fields.has('source_log_line')) {
    throw invalid('$.source', 'a request has either `source` or `source_log_line`');
  }
  const source = textField(fields, 'source') ?? textField(fields, 'source_log_line');
  return Object.freeze({
    agent,
    toolName,
    parameters: parametersOf(fields),
    ...optional('justification', textField(fields, 'justification')),
    ...optional('source', source),
    ...optional('requestId', nameField(fields, 'request_id')),
    ...optional('deadlineMs', deadlineOf(fields.get('deadline'))),
    ...optional('session', nameField(fields, 'session')),
    ...optional('approval', nameField(fields, 'approval')),
  });
}

function parametersOf(fields: ReadonlyMap<string, JsonValue>): JsonValue {
  if (fields.has('parameters') === fields.has('parametersJson')) {
    throw invalid('$', 'a request has either `parameters` or `parametersJson`');
  }
  if (fields.has('parameters')) return fields.get('parameters')!;
  const json: unknown = fields.get('parametersJson');
  if (typeof json !== 'string' && !(json instanceof Uint8Array)) {
    throw new CodedError('params/malformed-json', '`parametersJson` is neither text nor bytes');
  }
  return parseJson(json, { bytesMax: PARAMETERS_JSON_BYTES_MAX });
}

/** Absent, null, or `undefined` as programs that build requests leave it; a snapshot shows that by its words. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (value as { readonly words?: unknown }).words === 'undefined';
}

function textField(fields: ReadonlyMap<string, JsonValue>, name: string, charsMax = TEXT_CHARS_MAX): string | undefined {
  const value = fields.get(name);
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'string') throw invalid(`$.${name}`, `\`${name}\` is text`);
  if (value.length > charsMax) throw invalid(`$.${name}`, `\`${name}\` has at most ${charsMax} characters`);
  if (/\p{Surrogate}/u.test(value)) throw invalid(`$.${name}`, `\`${name}\` is not valid Unicode`);
  return value;
}

function nameField(fields: ReadonlyMap<string, JsonValue>, name: string): string | undefined {
  const value = textField(fields, name, NAME_CHARS_MAX);
  if (value === '') throw invalid(`$.${name}`, `\`${name}\` is empty`);
  return value;
}

// Date.parse takes a date alone as UTC and a time without a zone as local time: neither says what is meant.
const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

function deadlineOf(value: unknown): number | undefined {
  if (isAbsent(value)) return undefined;
  const ms =
    value instanceof JsonNumber
      ? Number(value.text)
      : typeof value === 'string' && INSTANT.test(value)
        ? Date.parse(value)
        : typeof value === 'number'
          ? value
          : Number.NaN;
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw invalid('$.deadline', '`deadline` is milliseconds since 1970, or an instant such as `2026-01-31T12:00:00Z`');
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { readonly [K in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [K in Name]?: Value });
}

function invalid(path: string, message: string): CodedError {
  return new CodedError('params/invalid', message, { data: { path } });
}

// The unknown name is not repeated: it is input too.
function unknownField(): CodedError {
  return new CodedError('params/invalid', 'a request has a field that is unknown', {
    data: { path: '$' },
    help: `the fields are ${[...FIELDS].map((name) => `\`${name}\``).join(', ')}`,
  });
}
