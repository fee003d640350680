/**
 * The Canonical ABI, as far as this tool needs it: strings come in, one record goes out.
 *
 * Strings are UTF-16 on both sides, as AssemblyScript has them in memory, so nothing is transcoded. Every call gets a
 * fresh instance and the runtime is `stub`: nothing is freed, and a pointer stays good until the call is over.
 * Layout: https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md ("Loading", "Storing").
 */

/** Memory for the host to put arguments into. Transcoding hosts also shrink or grow what they had. */
export function cabi_realloc(old: usize, _oldSize: usize, align: usize, size: usize): usize {
  // `heap` aligns to 16 bytes, which is more than any WIT type asks for. No bytes need no place, only a valid pointer.
  if (size == 0) return align;
  return old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

/** The string that the host lowered to `units` UTF-16 code units at `pointer`. */
export function liftString(pointer: usize, units: usize): string {
  return String.UTF16.decodeUnsafe(pointer, units << 1);
}

/**
 * Stores the fields of a record one after another.
 *
 * Everything this tool returns has an alignment of 4, so the next field always begins at the next multiple of 4.
 */
export class Writer {
  constructor(private at: usize) {}

  /** A writer over `size` new bytes, all zero. */
  static over(size: usize): Writer {
    const pointer = heap.alloc(size);
    memory.fill(pointer, 0, size);
    return new Writer(pointer);
  }

  get pointer(): usize {
    return this.at;
  }

  /** A `u32` or `s32`, or the discriminant of a type that is aligned to 4: its padding is zero either way. */
  u32(value: u32): void {
    store<u32>(this.at, value);
    this.at += 4;
  }

  string(value: string): void {
    this.u32(<u32>changetype<usize>(value));
    this.u32(<u32>value.length);
  }

  optionString(value: string | null): void {
    this.u32(value === null ? 0 : 1);
    if (value === null) this.skip(8);
    else this.string(value);
  }

  /** `value` below 0 is none. */
  optionU32(value: i64): void {
    this.u32(value < 0 ? 0 : 1);
    this.u32(value < 0 ? 0 : <u32>value);
  }

  /** A list whose elements a second writer fills; `size` is that of one element in bytes. */
  list(length: i32, size: usize): Writer {
    const elements = Writer.over(<usize>length * size);
    this.u32(<u32>elements.pointer);
    this.u32(<u32>length);
    return elements;
  }

  skip(bytes: usize): void {
    this.at += bytes;
  }
}
