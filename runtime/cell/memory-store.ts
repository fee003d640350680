import { WASM_PAGE_BYTES } from '../limits.ts';

/** What a memory is made with, in 64 KiB pages. */
interface MemorySize {
  readonly initial: number;
  readonly maximum: number;
}

/**
 * Memories of calls of one plan that ended well, emptied for the next. Making one takes longer than all else of a small instance
 * (the engine reserves 10 GB of addresses for each), and so does letting it go.
 *
 * INVARIANT: what is taken is as a new one: all its bytes are 0, and it has its first size. Only small ones are kept, for which
 * that is quick, and none that was grown, since a memory cannot shrink. Nothing of the call before can run or look into it: its
 * instance is dropped, and values were copied.
 */
export class MemoryStore {
  readonly #free = new Map<WebAssembly.Module, WebAssembly.Memory>();

  take(module: WebAssembly.Module, size: MemorySize): WebAssembly.Memory {
    const kept = this.#free.get(module);
    if (kept === undefined) return new WebAssembly.Memory(size);
    this.#free.delete(module);
    return kept;
  }

  /** Takes a memory back, which nobody may use any more. */
  giveBack(module: WebAssembly.Module, { initial }: MemorySize, memory: WebAssembly.Memory): void {
    const { buffer } = memory;
    if (buffer.byteLength !== initial * WASM_PAGE_BYTES) return;
    new Uint8Array(buffer).fill(0);
    this.#free.set(module, memory);
  }
}
