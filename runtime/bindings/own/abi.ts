import type { StringEncoding } from '../../component/definitions.ts';
import type { ResourceType } from '../../component/types.ts';
import type { Budget } from './budget.ts';
import { abiTrap } from './trap.ts';

/** A guest's `cabi_realloc`. */
export type Realloc = (pointer: number, oldBytes: number, alignment: number, newBytes: number) => number;

/** What handles need of the component instance that they live in; see `handles.ts`. */
export interface HandleSpace {
  /** Takes an owned handle out of the guest's table. @returns its representation. */
  liftOwn(handle: number, resource: ResourceType): unknown;
  /** Lends a handle to the callee for the length of a call. @returns its representation. */
  liftBorrow(handle: number, resource: ResourceType): unknown;
  /** Puts a representation into the guest's table. @returns the new handle. */
  lowerOwn(representation: unknown, resource: ResourceType): number;
  lowerBorrow(representation: unknown, resource: ResourceType): number;
}

/**
 * What a value needs to cross between the host and one component instance: its memory, its `realloc`, its string
 * encoding, its handles and what may still be lifted. One for each set of canonical options of an instance.
 *
 * INVARIANT: `bytes` and `view` are of the memory as it is now. Only guest code can make them stale; so `refresh` follows
 * every call into the guest, and code that lowers reads them anew after each `allocate`.
 */
export class Abi {
  bytes: Uint8Array = EMPTY;
  view: DataView = EMPTY_VIEW;
  readonly encoding: StringEncoding;
  readonly handles: HandleSpace;
  readonly budget: Budget;
  /** How the guest that the value comes from has its strings; undefined when the value comes from the host. */
  sourceEncoding: StringEncoding | undefined = undefined;
  readonly #memory: WebAssembly.Memory | undefined;
  readonly #realloc: Realloc | undefined;

  /** @param realloc - already guarded against leaving the instance. */
  constructor(
    encoding: StringEncoding,
    handles: HandleSpace,
    budget: Budget,
    memory: WebAssembly.Memory | undefined,
    realloc: Realloc | undefined,
  ) {
    this.encoding = encoding;
    this.handles = handles;
    this.budget = budget;
    this.#memory = memory;
    this.#realloc = realloc;
    this.refresh();
  }

  /** Looks at the memory again. Growing detaches the old buffer, which leaves views of it without bytes: that is cheap to see. */
  refresh(): void {
    if (this.bytes.length === 0 && this.#memory !== undefined) this.#open(this.#memory.buffer);
  }

  #open(buffer: ArrayBuffer): void {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  /** Room in the guest's memory. Calls the guest. @throws CodedError `trap/abi` when what it returns is no room. */
  allocate(alignment: number, bytes: number): number {
    return this.reallocate(0, 0, alignment, bytes);
  }

  reallocate(pointer: number, oldBytes: number, alignment: number, newBytes: number): number {
    if (this.#realloc === undefined) throw abiTrap('the function has no `realloc`');
    const found = this.#realloc(pointer, oldBytes, alignment, newBytes) >>> 0;
    this.refresh();
    this.budget.chargeCrossing(newBytes - oldBytes); // what is lowered goes into such room
    this.check(found, alignment, newBytes, 'realloc returned');
    return found;
  }

  /**
   * Checks that a pointer is aligned and that so many bytes from it are in the memory.
   *
   * @param bytes - may be larger than any memory.
   */
  check(pointer: number, alignment: number, bytes: number, what: string): void {
    if (pointer % alignment !== 0) throw abiTrap(`${what} an unaligned pointer`);
    if (pointer + bytes > this.bytes.length) throw abiTrap(`${what} a pointer out of bounds of memory`);
  }
}

const EMPTY = new Uint8Array(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer);
