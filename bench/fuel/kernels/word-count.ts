/** Counts words in a hash table: short unpredictable branches on bytes. */

const LENGTH = 4_000_000;
const SLOTS = 4096;
const text = new StaticArray<u8>(LENGTH);
const keys = new StaticArray<u32>(SLOTS);
const counts = new StaticArray<i32>(SLOTS);
let isWritten = false;

export function run(): i32 {
  if (!isWritten) write();
  isWritten = true;
  for (let i = 0; i < SLOTS; i++) {
    keys[i] = 0;
    counts[i] = 0;
  }
  let hash: u32 = 0;
  let words = 0;
  for (let i = 0; i < LENGTH; i++) {
    const byte = text[i];
    if (byte >= 97 && byte <= 122) hash = hash * 31 + byte;
    else if (hash != 0) {
      count(hash);
      words++;
      hash = 0;
    }
  }
  let sum = words;
  for (let i = 0; i < SLOTS; i++) sum = sum * 31 + counts[i];
  return sum;
}

function count(hash: u32): void {
  let slot = (hash ^ (hash >> 12)) & (SLOTS - 1);
  while (keys[slot] != 0 && keys[slot] != hash) slot = (slot + 1) & (SLOTS - 1);
  keys[slot] = hash;
  counts[slot] += 1;
}

/** Words of 1 to 8 letters out of 2048 that differ; a line ends now and then. */
function write(): void {
  let state: u32 = 3;
  for (let at = 0; at < LENGTH; ) {
    state = state * 1664525 + 1013904223;
    let word = (state >> 16) & 2047;
    for (let left = 1 + (word & 7); left > 0 && at < LENGTH - 1; left--) {
      text[at++] = u8(97 + (word % 26));
      word = word * 7 + 5;
    }
    text[at++] = state >> 28 == 0 ? 10 : 32;
  }
}
