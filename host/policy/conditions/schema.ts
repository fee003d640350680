import { z } from 'zod';
import type { ParameterConditionsSpec } from './parameter-conditions.ts';
import type { TextDemandSpec } from './text-demand.ts';
import type { WindowSpec } from './time-window.ts';

/** `parameters` of an allow rule. */
export const allowParameters: z.ZodType<ParameterConditionsSpec> = z.any();
/** `parameters` of a forbid, ask, limit or alert rule: without `deny` and `optional`. */
export const restrictParameters: z.ZodType<ParameterConditionsSpec> = z.any();
/** `during`. */
export const timeWindow: z.ZodType<WindowSpec> = z.any();
/** `justification` and `source`. */
export const textDemand: z.ZodType<TextDemandSpec> = z.any();
/** `when`: the source text, which was compiled once to see that it can be. */
export const whenSource: z.ZodType<string> = z.any();
