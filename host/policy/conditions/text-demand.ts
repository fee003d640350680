/** What a justification or source must be. */
export type TextDemandSpec =
  | 'required'
  | {
      /** Code points, white space at the ends not counted. Default 1. */
      readonly lengthMin?: number | undefined;
      readonly lengthMax?: number | undefined;
      readonly pattern?: string | undefined;
    };

export type TextDemandFailure = 'missing' | 'lengthMin' | 'lengthMax' | 'pattern';

/** What the text lacks; undefined when it will do. */
export type TextDemand = (text: string | undefined) => TextDemandFailure | undefined;

/** @throws CodedError `usage/invalid-argument`. */
export function compileTextDemand(spec: TextDemandSpec): TextDemand {
  throw new Error(`todo ${spec}`);
}
