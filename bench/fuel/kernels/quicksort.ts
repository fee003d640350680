/** Recursion and loops whose lengths depend on data, with bounds checks. */

const SIZE = 180_000;
const values = new StaticArray<i32>(SIZE);

export function run(): i32 {
  let state: u32 = 7;
  for (let i = 0; i < SIZE; i++) {
    state = state * 1664525 + 1013904223;
    values[i] = state >> 8;
  }
  sort(0, SIZE - 1);
  let sum = 0;
  for (let i = 0; i < SIZE; i += 97) sum = sum * 31 + values[i];
  return sum;
}

function sort(first: i32, last: i32): void {
  const pivot = values[(first + last) >> 1];
  let low = first;
  let high = last;
  while (low <= high) {
    while (values[low] < pivot) low++;
    while (values[high] > pivot) high--;
    if (low > high) break;
    const value = values[low];
    values[low++] = values[high];
    values[high--] = value;
  }
  if (first < high) sort(first, high);
  if (low < last) sort(low, last);
}
