import { Abi, type HandleSpace } from '../../../runtime/bindings/own/abi.ts';
import { Budget } from '../../../runtime/bindings/own/budget.ts';
import type { StringEncoding } from '../../../runtime/component/definitions.ts';

function never(): never {
  throw new Error('no type here has handles');
}

const noHandles: HandleSpace = { liftOwn: never, liftBorrow: never, lowerOwn: never, lowerBorrow: never };

const PAGE_BYTES = 65536;

/** A guest without code: real memory, and a `realloc` that never frees and grows the memory when it must. */
export class FakeGuest {
  readonly memory: WebAssembly.Memory;
  readonly abi: Abi;
  /** What `realloc` was asked for: old pointer, old bytes, alignment, new bytes. */
  readonly asked: (readonly [number, number, number, number])[] = [];
  top = 16;

  constructor(encoding: StringEncoding = 'utf8', pages = 1) {
    this.memory = new WebAssembly.Memory({ initial: pages });
    const budget = new Budget();
    budget.start({ bytesMax: 2 ** 40, elementsMax: 2 ** 40 }, 'limit/result');
    this.abi = new Abi(encoding, noHandles, budget, this.memory, (...args) => this.realloc(...args));
  }

  realloc(pointer: number, oldBytes: number, alignment: number, newBytes: number): number {
    this.asked.push([pointer, oldBytes, alignment, newBytes]);
    const found = Math.ceil(this.top / alignment) * alignment;
    this.top = found + newBytes;
    const missing = this.top - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    new Uint8Array(this.memory.buffer).copyWithin(found, pointer, pointer + Math.min(oldBytes, newBytes));
    return found;
  }

  /** Room as `store` wants it, without a call of `realloc` in the list. */
  place(alignment: number, bytes: number): number {
    const found = this.realloc(0, 0, alignment, bytes);
    this.asked.pop();
    this.abi.refresh();
    return found;
  }

  /** All of the memory that was handed out. */
  image(): Uint8Array {
    return new Uint8Array(this.memory.buffer, 0, this.top);
  }
}
