const ENCODER = new TextEncoder();

/** One message of a stream. */
export interface StreamEvent {
  readonly name: string;
  /** Place in the trail, where it is a record. */
  readonly seq?: number;
  /** Plain JSON data. */
  readonly data: unknown;
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
    this.#send(': open\nretry: 2000\n\n');
  }

  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  send({ name, seq, data }: StreamEvent): void {
    // JSON.stringify leaves no line break in its text, so nothing in it can begin another field.
    this.#send(`${seq === undefined ? '' : `id: ${seq}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  beat(): void {
    this.#send(': beat\n\n');
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

  #send(text: string): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    const bytes = ENCODER.encode(text);
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
