/**
 * The Canonical ABI, as far as this tool needs it: strings and lists of strings come in, one record goes out.
 *
 * Strings are UTF-16 on both sides, as AssemblyScript has them in memory, so nothing is transcoded. Every call gets a
 * fresh instance and the runtime is `stub`: nothing is freed, and a pointer stays good until the call is over.
 * Layout: https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md ("Loading", "Storing").
 */

/** Size of a `string` in a list, in bytes: pointer and length. */
const STRING_BYTES: usize = 8;

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

/** The first strings, `max` at most, of the list that the host lowered to `length` elements at `pointer`. */
export function liftStrings(pointer: usize, length: u32, max: u32): string[] {
  const strings: string[] = [];
  for (let at: u32 = 0; at < length && at < max; at++) {
    const element = pointer + <usize>at * STRING_BYTES;
    strings.push(liftString(load<u32>(element), load<u32>(element, 4)));
  }
  return strings;
}

/**
 * Stores the fields of a record one after another.
 *
 * Everything this tool returns has an alignment of 4 or is followed by such, so the next field always begins at the next
 * multiple of 4.
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

  /** A `u32`, the case of an enum, or the discriminant of a type that is aligned to 4: padding is zero either way. */
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
    if (value === null) this.at += 8;
    else this.string(value);
  }

  strings(values: string[]): void {
    const elements = Writer.over(<usize>values.length * STRING_BYTES);
    this.u32(<u32>elements.pointer);
    this.u32(<u32>values.length);
    for (let i = 0; i < values.length; i++) elements.string(values[i]);
  }
}
