import type { Abi } from './abi.ts';
import type { WordSize } from './layout.ts';

/* Discriminants and flags in a guest's memory: unsigned words of 1, 2 or 4 bytes. The range was checked. */

export function loadWord(abi: Abi, pointer: number, size: WordSize): number {
  if (size === 1) return abi.bytes[pointer]!;
  return size === 2 ? abi.view.getUint16(pointer, true) : abi.view.getUint32(pointer, true);
}

export function storeWord(abi: Abi, pointer: number, size: WordSize, value: number): void {
  if (size === 1) abi.bytes[pointer] = value;
  else if (size === 2) abi.view.setUint16(pointer, value, true);
  else abi.view.setUint32(pointer, value, true);
}
