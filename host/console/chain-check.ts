import { isCoded } from '../../runtime/index.ts';
import type { BrokenTrail, VerifiedTrail } from '../audit/index.ts';
import type { OperatorDoor } from '../serving/index.ts';

/** What is known of the chain: the last check that somebody asked for. */
export interface ChainCheck {
  readonly isRunning: boolean;
  /** Records that the check which runs has read. */
  readonly records: number;
  readonly result?: VerifiedTrail | BrokenTrail;
  readonly problem?: string;
  /** Instant at which the last one ended. */
  readonly at?: number;
}

/** Milliseconds that a form waits for its check: a short trail is done by then. */
const WAIT_MS = 1500;

/** Checks the whole trail when it is told to, one check at a time, whoever asks. */
export class ChainChecks {
  state: ChainCheck = { isRunning: false, records: 0 };
  #running: Promise<void> | undefined;

  /** Begins a check, if none runs, and waits a moment for it. */
  async begin(door: OperatorDoor): Promise<void> {
    this.#running ??= this.#check(door).finally(() => {
      this.#running = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const moment = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS);
    });
    await Promise.race([this.#running, moment]);
    clearTimeout(timer);
  }

  async #check({ audit }: OperatorDoor): Promise<void> {
    this.state = { ...this.state, isRunning: true, records: 0 };
    const onProgress = ({ records }: { readonly records: number }): void => {
      this.state = { ...this.state, records };
    };
    try {
      const result = await audit.verify({ onProgress });
      this.state = { isRunning: false, records: 0, result, at: Date.now() };
    } catch (error) {
      const problem = isCoded(error) ? error.message : 'an error of the console';
      this.state = { isRunning: false, records: 0, problem, at: Date.now() };
    }
  }
}
