import type { ParameterRecord, ParameterValue } from '../../../../host/policy/parameter-value.ts';
import { isCoded } from '../../../../runtime/index.ts';

/** Code and message of what the function throws; undefined when it throws nothing. */
export function failureOf(run: () => unknown): readonly [code: string, message: string] | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isCoded(error)) return [error.code, error.message];
    throw error;
  }
}

/** A record as parameters have it: without a prototype. */
export function record(entries: { readonly [name: string]: ParameterValue }): ParameterRecord {
  return Object.assign(Object.create(null) as ParameterRecord, entries);
}
