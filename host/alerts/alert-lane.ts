import { Lane, type LaneOptions, type Loss } from '../outbound/index.ts';
import { droppedNotice, type Parcel } from './parcel.ts';

export interface AlertLaneOptions extends Omit<LaneOptions<Parcel>, 'onArrived' | 'onLost'> {
  readonly name: string;
  readonly now: () => number;
  readonly onProblem: (message: string) => void;
}

/** Deliveries between two notices about dropped alerts while a queue never empties. */
const NOTICE_EVERY = 16;

/**
 * A lane that counts alerts. What does not fit, or cannot be delivered, is told by its number: to the receiver by one later notice, to the
 * operator when that begins.
 */
export class AlertLane {
  readonly #lane: Lane<Parcel>;
  readonly #options: AlertLaneOptions;
  #untold = 0;
  #sinceNotice = 0;
  #failing = false;
  #full = false;
  delivered = 0;
  dropped = 0;

  constructor(options: AlertLaneOptions) {
    this.#options = options;
    this.#lane = new Lane({
      ...options,
      onArrived: (parcel) => this.#arrived(parcel),
      onLost: (parcel, loss) => this.#lost(parcel, loss),
    });
  }

  /** Alerts in the queue and on their way. */
  get waiting(): number {
    return alertsOf(this.#lane.waiting());
  }

  /** True from a parcel that was given up to the next one that arrived. */
  get failing(): boolean {
    return this.#failing;
  }

  push(parcel: Parcel): void {
    this.#lane.push(parcel);
  }

  /** Settles when nothing waits any more, delivered or not. */
  idle(): Promise<void> {
    return this.#lane.idle();
  }

  /** Ends: what waits is dropped, and what is on its way counts as dropped, since nobody knows. */
  close(): void {
    this.dropped += alertsOf(this.#lane.close());
  }

  #arrived(parcel: Parcel): void {
    this.delivered += parcel.alerts;
    this.#failing = false;
    this.#sinceNotice += 1;
    if (this.#untold > 0 && (this.#lane.queued === 0 || this.#sinceNotice >= NOTICE_EVERY)) {
      this.#lane.pushFirst(droppedNotice(this.#options.now(), this.#options.name, this.#untold));
      this.#untold = 0;
      this.#sinceNotice = 0;
    }
    this.#full &&= this.#lane.queued > 0;
  }

  #lost(parcel: Parcel, loss: Loss): void {
    this.dropped += parcel.alerts;
    this.#untold += parcel.alerts;
    if (loss.kind === 'no-room') this.#noRoom();
    else if (loss.kind === 'undelivered') this.#gaveUp(parcel, loss.reason);
  }

  #noRoom(): void {
    if (this.#full) return;
    this.#full = true;
    this.#options.onProblem('its queue is full; alerts are dropped, the trail has them');
  }

  #gaveUp(parcel: Parcel, reason: string): void {
    // A notice that is lost must not make its number be forgotten: the next one tells it.
    if (parcel.kind === 'notice') this.#untold += parcel.dropped;
    this.#full &&= this.#lane.queued > 0;
    if (this.#failing) return;
    this.#failing = true;
    this.#options.onProblem(`alerts cannot be delivered: ${reason}`);
  }
}

const alertsOf = (parcels: readonly Parcel[]): number => parcels.reduce((sum, { alerts }) => sum + alerts, 0);
