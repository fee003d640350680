import { type MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CodedError } from '../error.ts';

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

/** The cell's end: it can also sleep until the next frame, because a guest's host call is synchronous. */
export interface BlockingPort extends Port {
  /** Blocks the thread until a frame is there and takes it. Only the thread's end wakes it otherwise. */
  receive(): Uint8Array;
}

/** Bytes of one frame: above the largest parameters, result and output that limits allow, with their headers. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** What a worker needs to make its end: a message port, a counter of frames sent to it, and what it has ready. */
export interface PortEnd {
  readonly messages: MessagePort;
  readonly sent: Int32Array;
  /**
   * The plan whose next instance the worker made ahead, 0 for none. Written by the worker at no cost to a call; the
   * trusted side reads it only to choose between workers, so a wrong number costs time and nothing else.
   */
  readonly ahead: Int32Array;
}

/** Makes the pair of ends for one worker; `sent` is 4 bytes of shared memory that wake a sleeping receiver. */
export function portEnds(channel: MessageChannel): { readonly near: PortEnd; readonly far: PortEnd } {
  const sent = new Int32Array(new SharedArrayBuffer(4));
  const ahead = new Int32Array(new SharedArrayBuffer(4));
  return { near: { messages: channel.port1, sent, ahead }, far: { messages: channel.port2, sent, ahead } };
}

/** The trusted side's end. */
export function openPort(end: PortEnd): Port {
  return {
    ...common(end),
    send(frame) {
      checkFrameLength(frame.length);
      end.messages.postMessage(frame, [frame.buffer as ArrayBuffer]); // frames are never views of shared memory
      Atomics.add(end.sent, 0, 1);
      Atomics.notify(end.sent, 0);
    },
  };
}

/** The worker's end. */
export function openBlockingPort(end: PortEnd): BlockingPort {
  return {
    ...common(end),
    send(frame) {
      checkFrameLength(frame.length);
      end.messages.postMessage(frame, [frame.buffer as ArrayBuffer]);
    },
    receive() {
      for (;;) {
        // Read the counter before the port: a frame sent between the two changes the counter, so the wait returns at once.
        const seen = Atomics.load(end.sent, 0);
        const received = receiveMessageOnPort(end.messages);
        if (received !== undefined) return frameOf(received.message);
        Atomics.wait(end.sent, 0, seen);
      }
    },
  };
}

function common(end: PortEnd): Pick<Port, 'onFrame' | 'close'> {
  return {
    onFrame: (listener) => void end.messages.on('message', (message: unknown) => listener(frameOf(message))),
    close: () => end.messages.close(),
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
