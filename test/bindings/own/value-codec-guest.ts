import { Abi, type HandleSpace } from '../../../runtime/bindings/own/abi.ts';
import { Budget } from '../../../runtime/bindings/own/budget.ts';
import type { StringEncoding } from '../../../runtime/component/definitions.ts';
import { BumpGuest, type Cx } from './value-codec-reference.ts';

export const PAGE = 65536;

/** The first free byte, for values that the test itself places below it. */
export const HEAP = 8192;

export interface Guest {
  readonly abi: Abi;
  readonly memory: WebAssembly.Memory;
  /** Of the same size and with the same allocator, for the reference. */
  readonly cx: Cx;
  /** What the codec asked `realloc` for; the reference's calls are in `cx.guest`. */
  readonly calls: BumpGuest['calls'];
}

export interface GuestOptions {
  readonly sourceEncoding?: StringEncoding;
  readonly pages?: number;
  readonly bytesMax?: number;
  readonly elementsMax?: number;
  readonly handles?: HandleSpace;
}

/** A guest twice: memory behind an `Abi`, and the reference's byte array. Each `realloc` detaches the memory's buffer. */
export function makeGuest(encoding: StringEncoding, options: GuestOptions = {}): Guest {
  const { pages = 4, bytesMax = 2 ** 30, elementsMax = 2 ** 30, sourceEncoding, handles = noHandles } = options;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const allocator = new BumpGuest(new Uint8Array(0), HEAP);
  const budget = new Budget();
  budget.start({ bytesMax, elementsMax }, 'limit/result');
  const abi = new Abi(encoding, handles, budget, memory, (pointer, oldBytes, alignment, newBytes) => {
    memory.grow(0);
    allocator.memory = new Uint8Array(memory.buffer);
    return allocator.realloc(pointer, oldBytes, alignment, newBytes);
  });
  abi.sourceEncoding = sourceEncoding;
  const guest = new BumpGuest(new Uint8Array(pages * PAGE), HEAP);
  return { abi, memory, cx: { guest, encoding, sourceEncoding }, calls: allocator.calls };
}

const unexpected = (): never => {
  throw new Error('no handles here');
};
const noHandles: HandleSpace = { liftOwn: unexpected, liftBorrow: unexpected, lowerOwn: unexpected, lowerBorrow: unexpected };

/** Fills both memories with the same bytes. */
export function fill(guest: Guest, bytes: Uint8Array, at = 0): void {
  guest.abi.bytes.set(bytes, at);
  guest.cx.guest.memory.set(bytes, at);
}

/** The code of the error that `work` throws, or undefined. */
export function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
