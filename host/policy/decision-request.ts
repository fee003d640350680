import type { ParameterRecord } from './parameter-value.ts';

/** What an agent asks for, as rules see it. Names are compared exactly, as they came. */
export interface DecisionRequest {
  readonly agent: string;
  /** `tool` when the tool offers one function, else `tool.function`. */
  readonly toolName: string;
  readonly parameters: ParameterRecord;
  readonly justification?: string | undefined;
  readonly source?: string | undefined;
  readonly session?: string | undefined;
}
