import { CodedError } from '../../error.ts';

/** Bytes that header fields and unsent bodies of one call may take in the worker, all together. */
const HTTP_BYTES_MAX = 8 * 1024 * 1024;

/** What the guest makes the worker keep for `wasi:http`: else it could keep without end what its own memory's limit does not count. */
export class HttpMemory {
  #used = 0;

  get left(): number {
    return HTTP_BYTES_MAX - this.#used;
  }

  /** @throws CodedError `limit/host-calls`; `data` has `limit` and `used`. */
  take(bytes: number): void {
    const used = this.#used + bytes;
    if (used > HTTP_BYTES_MAX) {
      throw new CodedError(
        'limit/host-calls',
        `the headers and bodies that wait here have ${used} bytes, more than ${HTTP_BYTES_MAX}`,
        {
          data: { limit: HTTP_BYTES_MAX, used },
        },
      );
    }
    this.#used = used;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}
