import { EventEmitter } from 'node:events';
import type { Warden } from '../warden.ts';
import type { LiveEvents } from './live-warden.ts';

/** Where a door finds its warden: a `LiveWarden`, whose policy may change, or a plain one by `wardenSource`. */
export interface WardenSource {
  /** The warden in force: asked for again for each thing that is done. */
  readonly current: Warden;
  readonly events: Pick<EventEmitter<LiveEvents>, 'on' | 'off'>;
}

const sources = new WeakMap<Warden, WardenSource>();

/** A warden of `openWarden` for `agentDoor`: its policy is the same as long as it is open. Closing it stays its owner's. */
export function wardenSource(warden: Warden): WardenSource {
  const known = sources.get(warden);
  if (known !== undefined) return known;
  const source = { current: warden, events: new EventEmitter<LiveEvents>().setMaxListeners(0) };
  sources.set(warden, source);
  return source;
}
