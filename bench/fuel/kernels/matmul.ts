/** Product of two matrices, without bounds checks: the inner loop of numeric code. */

const SIZE = 300;
const left = new StaticArray<f64>(SIZE * SIZE);
const right = new StaticArray<f64>(SIZE * SIZE);
const product = new StaticArray<f64>(SIZE * SIZE);

export function run(): i32 {
  for (let i = 0; i < SIZE * SIZE; i++) {
    unchecked((left[i] = f64(i % 17) * 0.5));
    unchecked((right[i] = f64(i % 13) - 6.0));
  }
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      let sum = 0.0;
      for (let k = 0; k < SIZE; k++) sum += unchecked(left[row * SIZE + k]) * unchecked(right[k * SIZE + column]);
      unchecked((product[row * SIZE + column] = sum));
    }
  }
  let sum = 0.0;
  for (let i = 0; i < SIZE * SIZE; i += 7) sum += unchecked(product[i]);
  return i32(sum);
}
