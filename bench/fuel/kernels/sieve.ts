/** The sieve of Eratosthenes: short loops of stores, with bounds checks. */

const SIZE = 1_500_000;
const composite = new StaticArray<u8>(SIZE);

export function run(): i32 {
  let primes = 0;
  for (let round = 0; round < 3; round++) primes += count();
  return primes;
}

function count(): i32 {
  for (let i = 0; i < SIZE; i++) composite[i] = 0;
  let primes = 0;
  for (let i = 2; i < SIZE; i++) {
    if (composite[i]) continue;
    primes++;
    for (let multiple = i + i; multiple < SIZE; multiple += i) composite[multiple] = 1;
  }
  return primes;
}
