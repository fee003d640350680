export type { ConditionMode, ConditionScope } from './condition-scope.ts';
export {
  compileParameterConditions,
  type ParameterConditions,
  type ParameterConditionsSpec,
} from './parameter-conditions.ts';
export { type ParameterPath, type PathStep, parseParameterPath } from './parameter-path.ts';
export { compilePattern } from './pattern.ts';
export type { Scalar } from './scalar.ts';
export {
  allowParameters,
  restrictParameters,
  textDemand,
  timeWindow,
  whenSource,
} from './schema.ts';
export { compileTextDemand, type TextDemand, type TextDemandSpec } from './text-demand.ts';
export { compileWindow, type TimeWindow, type WindowSpec } from './time-window.ts';
export { type ConditionName, compileValueCondition, type ValueCondition, type ValueConditionSpec } from './value-condition.ts';
export { compileWhen, type When } from './when.ts';
export { textWitness, valueWitness, valueWitnesses, windowWitness } from './witness.ts';
