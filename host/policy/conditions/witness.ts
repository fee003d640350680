import type { ParameterValue } from '../parameter-value.ts';
import type { TextDemandSpec } from './text-demand.ts';
import type { WindowSpec } from './time-window.ts';
import type { ConditionScope, ValueConditionSpec } from './value-condition.ts';

/** Some value that satisfies all conditions, verified; undefined when none was found (there may be one). */
export function valueWitness(spec: ValueConditionSpec, scope: ConditionScope): ParameterValue | undefined {
  throw new Error(`todo ${spec} ${scope}`);
}

/** Some instant inside the window at or after `fromMs`, verified; undefined when none was found. */
export function windowWitness(spec: WindowSpec, fromMs: number): number | undefined {
  throw new Error(`todo ${spec} ${fromMs}`);
}

/** Some text that the demand accepts, verified; undefined when none was found. */
export function textWitness(spec: TextDemandSpec): string | undefined {
  throw new Error(`todo ${spec}`);
}
