/** CRC-32 by table, byte by byte: each turn waits for the one before. */

const LENGTH = 1 << 20;
const ROUNDS = 8;
const table = new StaticArray<u32>(256);
const data = new StaticArray<u8>(LENGTH);

export function run(): i32 {
  for (let i = 0; i < 256; i++) {
    let entry: u32 = i;
    for (let bit = 0; bit < 8; bit++) entry = entry & 1 ? 0xedb88320 ^ (entry >> 1) : entry >> 1;
    unchecked((table[i] = entry));
  }
  for (let i = 0; i < LENGTH; i++) unchecked((data[i] = u8((i * 7) ^ (i >> 8))));
  let crc: u32 = 0xffffffff;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < LENGTH; i++) crc = unchecked(table[(crc ^ data[i]) & 255]) ^ (crc >> 8);
  }
  return ~crc;
}
