import type { ReadRecord, TrailRecord } from '../audit/index.ts';
import type { Principal } from '../policy/index.ts';
import type { LiveWarden } from '../serving/index.ts';
import { agentEvent } from './agent-event.ts';
import { EventStream, type StreamEvent } from './event-stream.ts';
import type { HttpLimits } from './limits.ts';
import { Turns } from './turns.ts';

/** Requests and approvals whose agents are remembered; of others the trail says it. */
const OWNERS_MAX = 20_000;

export interface Viewer {
  readonly principal: Principal;
  /** Whether the token that was shown still stands for that principal. */
  readonly isKnown: () => Promise<boolean>;
  /** The last record that it has, from `Last-Event-ID`; undefined: begins with what happens now. */
  readonly afterSeq: number | undefined;
  /** Closes its connection. */
  readonly cut: () => void;
}

interface Reader extends Viewer {
  readonly stream: EventStream;
  readonly untilMs: number;
  /** Aborted when the stream has ended: then nothing is read for it any more. */
  readonly over: AbortSignal;
  /** Gives its place back. */
  readonly leave: () => void;
  /** The last record that was looked at for it, whether it was sent or not. */
  seq: number;
  /** While records come from the trail, those that are told live are left to the trail, too. */
  isReplaying: boolean;
}

/**
 * Tells what happens, to each reader what it may know: operators all, agents what is about their own requests. Every record of the trail reaches a
 * reader once and in order, from the trail where it comes late, and live then.
 */
export class EventHub {
  readonly #live: LiveWarden;
  readonly #limits: HttpLimits;
  readonly #onProblem: (problem: string) => void;
  readonly #readers = new Set<Reader>();
  readonly #turns: Turns;
  readonly #turnsOfAgents: Turns;
  readonly #owners = new Map<string, string>();
  readonly #timers: readonly NodeJS.Timeout[];
  #looking: Promise<unknown> | undefined;
  #latestSeq: number;
  #folder: string;
  readonly #undo: readonly (() => void)[];

  constructor(live: LiveWarden, limits: HttpLimits, onProblem: (problem: string) => void) {
    this.#live = live;
    this.#limits = limits;
    this.#latestSeq = live.current.vitals.seq;
    this.#folder = live.current.policy.trail.folder;
    this.#onProblem = onProblem;
    this.#turns = new Turns('event streams', limits.streamsPerPrincipalMax, limits.streamsMax);
    this.#turnsOfAgents = new Turns('event streams', limits.streamsPerPrincipalMax, limits.streamsOfAgentsMax);
    this.#timers = [
      setInterval(() => this.#everyBeat(), limits.streamBeatMs).unref(),
      setInterval(() => this.#look(), limits.streamLookMs).unref(),
    ];
    this.#undo = this.#listen();
  }

  /** @throws CodedError `busy/overloaded`. */
  open(viewer: Viewer): ReadableStream<Uint8Array> {
    const { kind, name } = viewer.principal;
    const leave = this.#takePlace(kind, name);
    const over = new AbortController();
    const stream = new EventStream({
      bytesMax: this.#limits.streamBytesMax,
      cut: viewer.cut,
      onEnd: () => {
        this.#readers.delete(reader);
        over.abort();
        if (!reader.isReplaying) leave(); // else its place is taken until the trail is no longer read for it
      },
    });
    const untilMs = performance.now() + this.#limits.streamMsMax;
    // A place that the trail does not have yet is one of another trail: then what happens from now on is sent.
    const seq = Math.min(viewer.afterSeq ?? this.#latestSeq, this.#latestSeq);
    const reader: Reader = { ...viewer, stream, untilMs, over: over.signal, leave, seq, isReplaying: false };
    this.#readers.add(reader);
    if (viewer.afterSeq !== undefined) void this.#replay(reader);
    return stream.body;
  }

  /** Ends all streams. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const undo of this.#undo) undo();
    for (const { stream } of this.#readers) stream.end();
  }

  #listen(): readonly (() => void)[] {
    const { events } = this.#live;
    const record = (told: TrailRecord) => this.#onRecord(told);
    const progress = ({ agent, ...said }: { readonly agent: string }) =>
      this.#tell((principal) => {
        if (principal.kind === 'operator') return { name: 'progress', data: { agent, ...said } };
        return principal.name === agent ? { name: 'progress', data: said } : undefined;
      });
    const reloaded = () => {
      const { digest } = this.#live.policyState;
      this.#tell(({ kind }) => (kind === 'operator' ? { name: 'reloaded', data: { digest } } : undefined));
      this.#moveToTrail();
      for (const reader of this.#readers) void this.#recheck(reader);
    };
    const toolsChanged = () => this.#tell(() => ({ name: 'tools-changed', data: {} }));
    events.on('record', record);
    events.on('progress', progress);
    events.on('reloaded', reloaded);
    events.on('toolsChanged', toolsChanged);
    return [
      () => events.off('record', record),
      () => events.off('progress', progress),
      () => events.off('reloaded', reloaded),
      () => events.off('toolsChanged', toolsChanged),
    ];
  }

  /** @returns gives it back. @throws CodedError `busy/overloaded`. */
  #takePlace(kind: Principal['kind'], name: string): () => void {
    if (kind === 'operator') return this.#turns.take(`${kind} ${name}`);
    const leaveAgents = this.#turnsOfAgents.take(name);
    try {
      const leave = this.#turns.take(`${kind} ${name}`);
      return () => {
        leaveAgents();
        leave();
      };
    } catch (error) {
      leaveAgents();
      throw error;
    }
  }

  /** Places in one trail say nothing of another: whoever reads begins anew. */
  #moveToTrail(): void {
    const { policy, vitals } = this.#live.current;
    if (policy.trail.folder === this.#folder) return;
    this.#folder = policy.trail.folder;
    this.#latestSeq = vitals.seq;
    this.#owners.clear();
    for (const { stream } of [...this.#readers]) stream.end();
  }

  #tell(eventFor: (principal: Principal) => StreamEvent | undefined): void {
    for (const { principal, stream } of [...this.#readers]) {
      const event = eventFor(principal);
      if (event !== undefined) stream.send(event);
    }
  }

  #onRecord(record: TrailRecord): void {
    this.#latestSeq = record.seq;
    const owner = this.#ownerOf(record);
    for (const reader of [...this.#readers]) {
      if (reader.isReplaying) continue;
      if (owner === undefined && reader.principal.kind === 'agent' && agentEvent(record) !== undefined) {
        // Whose it is was said before this server began to listen: the trail knows.
        reader.seq = Math.max(reader.seq, record.seq - 1);
        void this.#replay(reader);
      } else this.#give(reader, record, owner);
    }
  }

  #give(reader: Reader, record: TrailRecord | ReadRecord, owner: string | undefined): void {
    if (record.seq <= reader.seq) return;
    reader.seq = record.seq;
    if (record.kind === 'segment') return; // how the trail is kept is nothing that happened
    const { principal, stream } = reader;
    const data = principal.kind === 'operator' ? record : owner === principal.name ? agentEvent(record) : undefined;
    if (data !== undefined) stream.send({ name: 'record', seq: record.seq, data, short: shortOf(record) });
  }

  #ownerOf(record: TrailRecord): string | undefined {
    const { audit, approval } = record as { readonly audit?: string; readonly approval?: string }; // where the kind has them
    if (record.kind === 'requested') this.#remember(record.audit, record.agent);
    if (record.kind === 'approval' && record.event === 'asked') this.#remember(record.approval, record.subject.agent);
    return (
      (audit === undefined ? undefined : this.#owners.get(audit)) ??
      (approval === undefined ? undefined : this.#owners.get(approval))
    );
  }

  #remember(id: string, agent: string): void {
    this.#owners.set(id, agent);
    if (this.#owners.size <= OWNERS_MAX) return;
    for (const [oldest] of this.#owners) {
      this.#owners.delete(oldest);
      return;
    }
  }

  /** Sends what the trail has behind the reader's last record; ends when it has seen all that was told meanwhile. */
  async #replay(reader: Reader): Promise<void> {
    const { principal, stream } = reader;
    const filter = principal.kind === 'agent' ? { agent: principal.name } : {};
    reader.isReplaying = true;
    let left = this.#limits.streamReplayMax;
    try {
      do {
        const toldSeq = this.#latestSeq;
        for await (const record of this.#recordsFor(reader, filter)) {
          await stream.room();
          if (!stream.isOpen) return;
          if (left === 0) return stream.end();
          left -= 1;
          this.#give(reader, record, principal.name); // an agent's filter lets only its own through
        }
        reader.seq = Math.max(reader.seq, toldSeq);
      } while (reader.seq < this.#latestSeq);
      reader.isReplaying = false;
    } catch {
      this.#onProblem('an event stream was ended, since the trail cannot be read');
      stream.end();
    } finally {
      if (!stream.isOpen) reader.leave();
    }
  }

  #recordsFor({ seq, over }: Reader, filter: { readonly agent?: string }): AsyncIterable<ReadRecord> {
    return this.#live.current.audit.query({ ...filter, afterSeq: seq }, { signal: over });
  }

  #everyBeat(): void {
    for (const reader of [...this.#readers]) {
      const { stream, untilMs } = reader;
      if (performance.now() >= untilMs) stream.end();
      else stream.beat();
      if (stream.isOpen) void this.#recheck(reader);
    }
  }

  /** What other processes wrote becomes known when somebody asks for it. */
  #look(): void {
    if (this.#readers.size === 0 || this.#looking !== undefined) return;
    this.#looking = this.#live.current.approvals
      .list()
      .catch(() => undefined) // `/readyz` tells of a trail that cannot be read
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** Under another policy a token may be somebody else's, or nobody's; and a JWT has its time. */
  async #recheck({ isKnown, stream }: Reader): Promise<void> {
    if (!(await isKnown().catch(() => false))) stream.end();
  }
}

/** A record that is too large for a stream, by its names: the trail has all of it. */
function shortOf(record: TrailRecord | ReadRecord): object {
  const { seq, at, kind, audit, approval, shape } = record as Partial<Record<string, unknown>>; // where the kind has them
  return { seq, at, kind, audit, approval, shape, tooLarge: true }; // JSON leaves out what is undefined
}
