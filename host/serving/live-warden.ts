import { EventEmitter } from 'node:events';
import { statSync } from 'node:fs';
import { isCoded } from '../../runtime/index.ts';
import type { TrailRecord } from '../audit/trail.ts';
import type { CallProgress } from '../capability-host.ts';
import { openWarden, type WardenOptions } from '../open-warden.ts';
import { formatPolicyError } from '../policy/index.ts';
import type { Warden } from '../warden.ts';

/** What `LiveWarden.events` tells. */
export interface LiveEvents {
  /** As those of `Warden.events`, of whichever warden is in force. */
  record: [TrailRecord];
  progress: [CallProgress];
  /** Another policy is in force now. */
  reloaded: [];
  /** What agents may call, or how it is described, may be different now: another policy, or another component. */
  toolsChanged: [];
}

/** Whether the policy that is in force is the one in the file. */
export interface PolicyState {
  /** Digest of the policy that decides. */
  readonly digest: string;
  /** Why the file that is there now is not in force; absent where it is. */
  readonly problem?: string;
}

export interface LiveWardenOptions extends WardenOptions {
  /** Looks at the policy file so often, in milliseconds, and reloads it when it has changed; 0: only when it is told to. Default 1000. */
  readonly lookMs?: number;
}

/** Milliseconds that calls under the policy before have to end. */
const DRAIN_MS = 60_000;

/**
 * A warden whose policy may change while it serves: a changed file that is valid makes a new warden, on the same trail, and the one before it ends its
 * calls and is closed. A file with a mistake changes nothing, and is reported: the policy before stays in force.
 */
export class LiveWarden {
  readonly events = new EventEmitter<LiveEvents>();
  readonly #options: LiveWardenOptions;
  #current: Warden;
  #problem: string | undefined;
  /** Of the policy's files, and of the components that it names. */
  #stamp: string;
  #components: string;
  #reloading: Promise<boolean> | undefined;
  readonly #draining = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(options: LiveWardenOptions, warden: Warden, stamp: string) {
    this.#options = options;
    this.#current = warden;
    this.#stamp = stamp;
    this.#components = componentsStamp(warden);
    this.#listenTo(warden);
    this.events.setMaxListeners(0);
    const { lookMs = 1000 } = options;
    if (lookMs > 0) this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  /** @throws CodedError as `openWarden`: without a valid policy nothing is served. */
  static async open(options: LiveWardenOptions): Promise<LiveWarden> {
    const stamp = stampOf(options);
    return new LiveWarden(options, await openWarden(options), stamp);
  }

  /** The warden in force: ask for it again for each thing that is done. */
  get current(): Warden {
    return this.#current;
  }

  get policyState(): PolicyState {
    const { digest } = this.#current.policy;
    return this.#problem === undefined ? { digest } : { digest, problem: this.#problem };
  }

  /**
   * Puts the policy in the file in force.
   *
   * @returns false when it cannot be: `policyState` says why, and the one before stays.
   */
  reload(): Promise<boolean> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  /** Ends in peace, as `Warden.drain`. */
  async drain(graceMs: number): Promise<void> {
    this.#stop();
    await this.#reloading;
    await Promise.all([this.#current.drain(graceMs), ...this.#draining]);
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#reloading;
    await Promise.all([this.#current.close(), ...this.#draining]);
  }

  #stop(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    if (stampOf(this.#options) !== this.#stamp) await this.reload();
    const components = componentsStamp(this.#current);
    if (components === this.#components) return;
    this.#components = components;
    this.#tell('toolsChanged');
  }

  async #reload(): Promise<boolean> {
    const stamp = stampOf(this.#options);
    this.#stamp = stamp;
    if (this.#isClosed) return false;
    try {
      const next = await openWarden(this.#options);
      if (this.#isClosed || next.policy.digest === this.#current.policy.digest) {
        await next.close();
        this.#problem = undefined;
        return !this.#isClosed;
      }
      this.#swap(next);
      return true;
    } catch (error) {
      this.#problem = isCoded(error) ? formatPolicyError(error) : 'the policy cannot be loaded';
      this.#options.onProblem?.(`the policy in force stays, since its file cannot be: ${this.#problem}`);
      return false;
    }
  }

  #swap(next: Warden): void {
    const before = this.#current;
    this.#current = next;
    this.#problem = undefined;
    this.#listenTo(next);
    const draining = before.drain(DRAIN_MS).finally(() => this.#draining.delete(draining));
    this.#draining.add(draining);
    this.#components = componentsStamp(next);
    this.#tell('reloaded');
    this.#tell('toolsChanged');
  }

  /** The policy is in force, and the process goes on, whatever somebody who listens makes of it. */
  #tell(name: 'reloaded' | 'toolsChanged'): void {
    try {
      this.events.emit(name);
    } catch {
      this.#options.onProblem?.(`a listener of \`${name}\` events threw an error`);
    }
  }

  /** Each warden on the trail hears of all records, so only the one in force is listened to. */
  #listenTo(warden: Warden): void {
    warden.events.on('record', (record) => this.#current === warden && this.events.emit('record', record));
    warden.events.on('progress', (progress) => this.events.emit('progress', progress));
  }
}

function stampOf({ policy, ceiling }: LiveWardenOptions): string {
  return [policy, ceiling].map((file) => (file === undefined ? '' : fileStamp(file))).join(' ');
}

function componentsStamp({ policy }: Warden): string {
  return [...policy.tools.values()].map(({ componentPath }) => fileStamp(componentPath)).join(' ');
}

function fileStamp(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch {
    return 'missing';
  }
}
