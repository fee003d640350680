import { type MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CodedError } from '../error.ts';
import { Mailbox, mailboxMemory } from './mailbox.ts';

/**
 * The one road between the trusted side and a cell: length-capped byte frames, in order, nothing else.
 *
 * `send` gives the frame away: the sender must not touch its buffer afterwards.
 */
export interface Port {
  /** @throws CodedError `internal/invariant` when the frame is longer than `FRAME_BYTES_MAX`. */
  send(frame: Uint8Array): void;
  onFrame(listener: (frame: Uint8Array) => void): void;
  close(): void;
}

/** The trusted side's end of a road between threads. */
export interface NearPort extends Port {
  /** Sends a frame to a cell that sleeps in `ask`. */
  answer(frame: Uint8Array): void;
}

/** The cell's end: it can also sleep until the next frame, because a guest's host call is synchronous. */
export interface BlockingPort extends Port {
  /** Sends a frame and blocks the thread until one comes back. Only the thread's end wakes it otherwise. */
  ask(frame: Uint8Array): Uint8Array;
}

/** Bytes of one frame: above the largest parameters, result and output that limits allow, with their headers. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** What both ends of a road between threads share. */
interface SharedMemory {
  /** Counts answers: wakes a cell that sleeps in `ask`. */
  readonly answered: Int32Array;
  /** Mailboxes to the cell and to the trusted side. */
  readonly toCell: SharedArrayBuffer;
  readonly toHost: SharedArrayBuffer;
  /**
   * The plan whose next instance the worker made ahead, 0 for none. Written by the worker at no cost to a call; the
   * trusted side reads it only to choose between workers, so a wrong number costs time and nothing else.
   */
  readonly ahead: Int32Array;
}

/** What one side needs to make its end. */
export interface PortEnd extends SharedMemory {
  readonly messages: MessagePort;
}

/** Makes the pair of ends for one worker. */
export function portEnds(channel: MessageChannel): { readonly near: PortEnd; readonly far: PortEnd } {
  const number = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));
  const shared = { answered: number(), ahead: number(), toCell: mailboxMemory(), toHost: mailboxMemory() };
  return { near: { messages: channel.port1, ...shared }, far: { messages: channel.port2, ...shared } };
}

/** The trusted side's end. */
export function openPort(end: PortEnd): NearPort {
  const { toCell, toHost, answered } = end;
  const mailbox = new Mailbox(toCell);
  return {
    ...common(end, new Mailbox(toHost)),
    send: (frame) => post(frame, end.messages, mailbox),
    answer(frame) {
      checkFrameLength(frame.length);
      if (!mailbox.put(frame)) end.messages.postMessage(frame, [frame.buffer as ArrayBuffer]); // never a view of shared memory
      Atomics.add(answered, 0, 1);
      Atomics.notify(answered, 0);
    },
  };
}

/** The worker's end. */
export function openBlockingPort(end: PortEnd): BlockingPort {
  const { messages, toCell, toHost, answered } = end;
  const [incoming, outgoing] = [new Mailbox(toCell), new Mailbox(toHost)];
  const send = (frame: Uint8Array): void => post(frame, messages, outgoing);
  return {
    ...common(end, incoming),
    send,
    ask(frame) {
      const before = Atomics.load(answered, 0); // no answer is on its way: the next one changes it
      send(frame);
      // Not once: the trusted side counts an answer and then notifies, and a notification that comes late may be that of the answer before, which
      // this thread took without sleeping.
      while (Atomics.load(answered, 0) === before) Atomics.wait(answered, 0, before);
      return frameOf(incoming.take() ?? receiveMessageOnPort(messages)?.message);
    },
  };
}

/** A message that says that a frame is in the mailbox. */
const MAIL = null;

/** Sends a frame to an event loop: short ones through the mailbox, since giving a buffer away takes longer than copying it. */
function post(frame: Uint8Array, messages: MessagePort, mailbox: Mailbox): void {
  checkFrameLength(frame.length);
  if (mailbox.put(frame)) messages.postMessage(MAIL);
  else messages.postMessage(frame, [frame.buffer as ArrayBuffer]); // frames are never views of shared memory
}

function common({ messages }: PortEnd, mailbox: Mailbox): Pick<Port, 'onFrame' | 'close'> {
  return {
    onFrame: (listener) =>
      void messages.on('message', (message: unknown) => listener(frameOf(message === MAIL ? mailbox.take() : message))),
    close: () => messages.close(),
  };
}

function frameOf(message: unknown): Uint8Array {
  if (!(message instanceof Uint8Array)) throw new CodedError('internal/invariant', 'a message on a port was not a frame');
  checkFrameLength(message.length);
  return message;
}

/** @param length - of a frame, bytes. @throws CodedError `internal/invariant` past `FRAME_BYTES_MAX`. */
export function checkFrameLength(length: number): void {
  if (length > FRAME_BYTES_MAX) {
    throw new CodedError('internal/invariant', `a frame of ${length} bytes passes the limit of ${FRAME_BYTES_MAX}`);
  }
}
