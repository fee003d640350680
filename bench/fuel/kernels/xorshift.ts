/** A loop of pure arithmetic: xorshift, 32 bits. */

export function run(): i32 {
  let state: u32 = 1;
  let sum: u32 = 0;
  for (let i = 0; i < 12_000_000; i++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    sum += state;
  }
  return sum;
}
