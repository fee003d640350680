import { readFileSync } from 'node:fs';
import type { DecisionRequest } from '../../../../host/policy/decision-request.ts';
import { type ParameterRecord, type ParameterValue, parameterValueFromJson } from '../../../../host/policy/parameter-value.ts';
import { bareObject, type PlainJson } from '../../../../runtime/index.ts';

export const SUITES = ['banking', 'workspace'] as const;
export type Suite = (typeof SUITES)[number];

/** One call that solves a task: of the user (benign), or of somebody who wrote into what the agent reads. */
export interface Row {
  readonly suite: Suite;
  readonly kind: 'user' | 'injection';
  /** `user_task_N` or `injection_task_N`. */
  readonly task: string;
  readonly prompt: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, PlainJson>>;
}

export interface ToolSchema {
  readonly name: string;
  readonly schema: {
    readonly properties: Readonly<
      Record<string, { readonly type?: string; readonly anyOf?: readonly { readonly type?: string }[] }>
    >;
    readonly required?: readonly string[];
  };
}

interface Data {
  /** Tasks that no call solves have a row without a tool. */
  readonly calls: readonly (Omit<Row, 'tool'> & { readonly tool?: string | null })[];
  readonly tools: Readonly<Record<Suite, readonly ToolSchema[]>>;
}

export const FOLDER = new URL('../../../fixtures/agentdojo/', import.meta.url);
const data = JSON.parse(readFileSync(new URL('banking-workspace.json', FOLDER), 'utf8')) as Data; // our own copy

export const ROWS: readonly Row[] = data.calls.filter((row): row is Row => typeof row.tool === 'string');
export const SCHEMAS = data.tools;

/** Even tasks are what the policies were written from, odd ones what they are measured on. */
export function isEven(row: Row): boolean {
  return Number(row.task.match(/\d+$/)![0]) % 2 === 0;
}

/** Calls in the order of the data, by task. */
export function byTask(rows: readonly Row[]): Map<string, Row[]> {
  const tasks = new Map<string, Row[]>();
  for (const row of rows) tasks.set(row.task, [...(tasks.get(row.task) ?? []), row]);
  return tasks;
}

/** Says whether a call changes state or sends data out; by the verb that its name begins with. */
export function hasEffect(toolName: string): boolean {
  return !/^(get|search|list|read)[_-]/.test(toolName);
}

/** What an agent tells about a call. It may say anything. */
export interface Story {
  readonly justification?: string | undefined;
  readonly source?: string | undefined;
}

/**
 * The call as the warden would put it before `decide`: names in kebab-case, as WIT has them; every parameter of the schema
 * there, null when the call leaves it out, as an `option` is.
 */
export function requestOf(row: Row, session: string, story: Story): DecisionRequest {
  return { agent: 'assistant', toolName: kebab(row.tool), parameters: parametersOf(row), session, ...story };
}

function parametersOf(row: Row): ParameterRecord {
  const tool = SCHEMAS[row.suite].find(({ name }) => name === row.tool);
  if (!tool) throw new Error(`no schema of ${row.tool}`);
  const { properties, required = [] } = tool.schema;
  const record = bareObject<ParameterValue>();
  // `title` of an event is in `required` only.
  for (const name of new Set([...Object.keys(properties), ...required, ...Object.keys(row.args)])) {
    const value = row.args[name] ?? null;
    const { type, anyOf = [] } = properties[name] ?? {};
    const isFloat = [type, ...anyOf.map((choice) => choice.type)].includes('number');
    record[kebab(name)] = isFloat && value !== null ? Number(value) : parameterValueFromJson(kebabKeys(value));
  }
  return record;
}

function kebabKeys(json: PlainJson): PlainJson {
  if (Array.isArray(json)) return json.map(kebabKeys);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [kebab(name), kebabKeys(value)]));
}

function kebab(name: string): string {
  return name.replaceAll('_', '-');
}
