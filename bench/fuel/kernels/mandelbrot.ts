/** Floating-point arithmetic with an exit that depends on it. */

const SIZE = 320;
const TURNS_MAX = 120;

export function run(): i32 {
  let sum = 0;
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      sum += escape((f64(column) / SIZE) * 3.0 - 2.0, (f64(row) / SIZE) * 2.0 - 1.0);
    }
  }
  return sum;
}

function escape(real: f64, imaginary: f64): i32 {
  let x = 0.0;
  let y = 0.0;
  let turns = 0;
  while (turns < TURNS_MAX && x * x + y * y <= 4.0) {
    const next = x * x - y * y + real;
    y = 2.0 * x * y + imaginary;
    x = next;
    turns++;
  }
  return turns;
}
