import type { Decision } from '../policy/index.ts';
import type { NeverReason } from './never.ts';
import type { TypedParameters } from './typed-parameters.ts';

/** A request for which a rule is part of the decision, as `cellblock policy explain --request` takes it. */
export interface Witness {
  readonly request: {
    readonly agent: string;
    readonly tool_name: string;
    readonly parameters: TypedParameters['json'];
    readonly justification?: string;
    readonly source?: string;
    readonly session?: string;
  };
  /** Instant of the request, ISO 8601. */
  readonly at: string;
  /** What the policy says to it, all rules considered, where no budget was used. */
  readonly effect: Decision['effect'];
  /** False where the component cannot be read, so that the parameters are only those that the rules name. */
  readonly isTyped: boolean;
}

/** What is known of a rule. `unknown`: no witness was found, and no reason why there can be none. */
export type RuleResult =
  | { readonly result: 'fires'; readonly witness: Witness }
  | ({ readonly result: 'never' } & NeverReason)
  | { readonly result: 'unknown'; readonly reason: string };
