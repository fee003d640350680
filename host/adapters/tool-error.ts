import type { AgentOutcome } from '../serving/index.ts';

/** A call that did not end well, for SDKs whose idea of an error is something thrown. Its message is what the model reads. */
export class CellblockToolError extends Error {
  readonly outcome: AgentOutcome;

  constructor(outcome: AgentOutcome, message: string) {
    super(message);
    this.name = 'CellblockToolError';
    this.outcome = outcome;
  }
}
