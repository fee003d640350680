// The Canonical ABI by hand, as an author would write it who needs one function: AssemblyScript's strings, and nothing leaks.

const area = memory.data(8, 8);

export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (size == 0) return align;
  return old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

export function cm$greet(at: usize, units: usize): usize {
  const name = String.UTF16.decodeUnsafe(at, units << 1);
  if (units != 0) heap.free(at);
  const result = 'Hello, ' + name + '!';
  __pin(changetype<usize>(result));
  store<usize>(area, changetype<usize>(result));
  store<i32>(area, result.length, 4);
  return area;
}

export function cm$cabi$5fpost$5fgreet(result: usize): void {
  __unpin(load<usize>(result));
}
