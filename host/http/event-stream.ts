const ENCODER = new TextEncoder();
const BEAT = ENCODER.encode(': beat\n\n');

/** One message of a stream. */
export interface StreamEvent {
  readonly name: string;
  /** Place in the trail, where it is a record. */
  readonly seq?: number;
  /** Plain JSON data. */
  readonly data: unknown;
  /** Sent in its place where it is more than half of what may wait: it could never reach its reader. */
  readonly short?: unknown;
}

/**
 * Server-Sent Events to one reader, with a bound on what waits for it.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #onRoom: (() => void) | undefined;
  readonly #bytesMax: number;
  readonly #cut: () => void;
  readonly #onEnd: () => void;

  /** @param cut - closes the connection of a reader that is too slow. @param onEnd - called once, however it ends. */
  constructor({ bytesMax, cut, onEnd }: { readonly bytesMax: number; readonly cut: () => void; readonly onEnd: () => void }) {
    this.#bytesMax = bytesMax;
    this.#cut = cut;
    this.#onEnd = onEnd;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#onRoom?.(),
        cancel: () => this.#ended(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: bytesMax }),
    );
    this.#send(ENCODER.encode(': open\nretry: 2000\n\n'));
  }

  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  send({ name, seq, data, short }: StreamEvent): void {
    // JSON.stringify leaves no line break in its text, so nothing in it can begin another field.
    const bytesOf = (json: unknown) =>
      ENCODER.encode(`${seq === undefined ? '' : `id: ${seq}\n`}event: ${name}\ndata: ${JSON.stringify(json)}\n\n`);
    const bytes = bytesOf(data);
    this.#send(short !== undefined && bytes.byteLength > this.#bytesMax / 2 ? bytesOf(short) : bytes);
  }

  beat(): void {
    this.#send(BEAT);
  }

  /** Resolves when half of what may wait is free, or the stream has ended: for whoever can go slower. */
  async room(): Promise<void> {
    while (this.#controller !== undefined && (this.#controller.desiredSize ?? 0) < this.#bytesMax / 2) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
    this.#onRoom = undefined;
  }

  /** Ends in peace: the reader gets what waits for it. */
  end(): void {
    this.#controller?.close();
    this.#ended();
  }

  #send(bytes: Uint8Array): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    if ((controller.desiredSize ?? 0) >= bytes.byteLength) return controller.enqueue(bytes);
    this.#ended();
    this.#cut();
  }

  #ended(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#onRoom?.();
    this.#onEnd();
  }
}
