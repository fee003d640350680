import { COST_MODELS, type CodedError, INSTRUMENT_DEFAULTS, kindOf } from '../../runtime/index.ts';
import type { AgentOutcome } from '../serving/index.ts';

/** The outcome of a request of which the server has told nothing: nothing in its receipt was measured, and it has no audit id. */
export function failedOutcome(error: CodedError, wallMs: number): AgentOutcome {
  const { code, message, help = 'only the operator can change this: asking again does not help', data } = error;
  const kind = kindOf(code);
  const { name, version, digest } = COST_MODELS[INSTRUMENT_DEFAULTS.model];
  return {
    kind: kind === 'usage' ? 'failed' : kind,
    error: { code, message, help, ...(data === undefined || Object.keys(data).length === 0 ? {} : { data: { ...data } }) },
    receipt: {
      grants: [],
      fuel: '0',
      costModel: { name, version, digest },
      memoryBytesPeak: 0,
      wallMs,
      hostCalls: 0,
      phases: { instantiateMs: 0, lowerMs: 0, guestMs: 0, liftMs: 0 },
    },
  };
}
