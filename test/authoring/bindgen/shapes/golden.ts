import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Component, FunctionType } from '../../../../runtime/component/types.ts';
import {
  encodeValue,
  fromJson,
  type JsonObject,
  type JsonValue,
  jsonText,
  parseJson,
  toJson,
  type WitValue,
} from '../../../../runtime/value/index.ts';
import { hex } from '../../../differential/difference.ts';
import { functionType, WIDE } from '../../../differential/sides.ts';
import type { ShapesCall } from './cases.ts';
import { named } from './host.ts';

/*
 * Calls and what Wasmtime answered, as lines of JSON: values in the form of docs/values.md, parameters by position. The kept file's first
 * line says which Wasmtime answered.
 */

const FILE = new URL('../../../golden/shapes/wasmtime.jsonl.gz', import.meta.url);

/** What came of a call. */
export interface Answer {
  /** Absent where the function has no result, or the call failed. */
  readonly result?: WitValue;
  /** Words of what went wrong. */
  readonly error?: string;
  /** What the mirror got, as canonical bytes. */
  readonly mirrored: readonly string[];
  /** What happened to the host's things. */
  readonly things: readonly string[];
}

/** A call with what Wasmtime said. */
export interface AnsweredCall {
  readonly call: ShapesCall;
  /** Canonical bytes. */
  readonly result: string;
  readonly things: readonly string[];
}

/** @throws where the file does not fit the component's functions: record it anew. */
export function readGolden(component: Component): { readonly wasmtime: string; readonly calls: readonly AnsweredCall[] } {
  const [head, ...lines] = gunzipSync(readFileSync(FILE)).toString().trimEnd().split('\n');
  const { wasmtime } = JSON.parse(head ?? '') as { wasmtime: string }; // the first line
  return { wasmtime, calls: lines.map((line) => readLine(component, line)) };
}

/** Writes the file anew. */
export function writeGolden(component: Component, wasmtime: string, answers: readonly (readonly [ShapesCall, Answer])[]): void {
  const lines = answers.map(([call, { result, things }]) => {
    const type = typeOf(component, call).result;
    return jsonText({
      ...callJson(component, call),
      ...(type === undefined ? {} : { result: toJson(result!, type) }), // a function with a result
      ...(things.length === 0 ? {} : { things }),
    });
  });
  writeFileSync(FILE, gzipSync(`${JSON.stringify({ wasmtime })}\n${lines.join('\n')}\n`, { level: 9 }));
}

/** A call with its parameters as JSON values, for `jsonText`. */
export function callJson(component: Component, call: ShapesCall) {
  const { params } = typeOf(component, call);
  return { within: call.within, name: call.name, params: call.params.map((value, at) => toJson(value, params[at]!.type)) };
}

/** A line of Wasmtime's runner about a call. */
export function readAnswer(component: Component, call: ShapesCall, line: string): Answer {
  const fields = objectOf(line);
  const type = typeOf(component, call).result;
  const error = fields.get('error') as string | undefined; // the runner's words
  const mirrored = fields.get('mirrored') as readonly JsonValue[]; // a list of values of the mirror's result
  const things = fields.get('things') as readonly string[]; // a list of texts
  return {
    ...(type === undefined || error !== undefined ? {} : { result: fromJson(fields.get('result')!, type) }), // one with a result
    ...(error === undefined ? {} : { error }),
    mirrored: mirrored.map((value) => hex(encodeValue(fromJson(value, type!), type!, WIDE))), // relays have the mirror's types
    things,
  };
}

/** Canonical bytes of a call's result as hex. */
export function resultBytes(component: Component, call: ShapesCall, result: WitValue | undefined): string {
  const type = typeOf(component, call).result;
  return hex(type === undefined ? new Uint8Array(0) : encodeValue(result!, type, WIDE)); // a function with a result
}

function typeOf(component: Component, { within, name }: ShapesCall): FunctionType {
  return functionType(component.exports, named(within), name);
}

function objectOf(line: string): JsonObject {
  return parseJson(line, { bytesMax: 2 ** 26 }) as JsonObject; // every line is an object
}

function readLine(component: Component, line: string): AnsweredCall {
  const fields = objectOf(line);
  const within = fields.get('within') as string; // as `writeGolden` wrote it
  const name = fields.get('name') as string; // the same
  const type = functionType(component.exports, named(within), name);
  const params = (fields.get('params') as readonly JsonValue[]).map((value, at) => fromJson(value, type.params[at]!.type)); // an array
  const call = { within, name, params };
  const result = type.result === undefined ? undefined : fromJson(fields.get('result')!, type.result); // one with a result
  const things = (fields.get('things') ?? []) as readonly string[]; // a list of texts
  return { call, result: resultBytes(component, call, result), things };
}
