import { CodedError } from '../error.ts';
import { unsupported } from './faults.ts';
import type { ModuleReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

/** Largest memory and table that the format allows, for a declaration without a maximum. */
export const MEMORY_PAGES_CEILING = 65_536;
const TABLE_ELEMENTS_CEILING = 0xffff_ffff;

/** Size of a memory (64 KiB pages) or a table (elements), as declared. */
export interface SizeLimits {
  readonly min: number;
  /** Absent when none is declared. */
  readonly max?: number;
}

/** Takes the limits of a memory or table. @throws CodedError `component/unsupported` for shared and 64-bit ones. */
export function readSizeLimits(reader: ModuleReader, what: 'memory' | 'table'): SizeLimits {
  const offset = reader.position;
  const form = reader.byte();
  if (form > 7) throw unsupported(offset, `a ${what} with limits of form 0x${form.toString(16)}`);
  if (form >= 4) throw unsupported(offset, `a ${what} with 64-bit addresses`);
  if (form >= 2) throw unsupported(offset, `a shared ${what}`);
  const min = reader.u32();
  return form === 0 ? { min } : { min, max: reader.u32() };
}

/** Writes limits whose maximum is at most `cap`; what the guest declared lower stays. */
export function writeClamped(out: ByteWriter, limits: SizeLimits, cap: number, what: 'memory' | 'table'): void {
  out.byte(1);
  out.u32(limits.min);
  out.u32(clampedMax(limits, cap, what));
}

/** The maximum that `writeClamped` writes. */
export function clampedMax({ max }: SizeLimits, cap: number, what: 'memory' | 'table'): number {
  return Math.min(max ?? (what === 'memory' ? MEMORY_PAGES_CEILING : TABLE_ELEMENTS_CEILING), cap);
}

/** @throws CodedError `limit/memory` or `limit/table` when `used` passes the cap, with `data: {limit, used, unit}`. */
export function checkCap(what: 'memory' | 'table', used: number, limit: number): void {
  if (used <= limit) return;
  const unit = what === 'memory' ? '64 KiB pages' : 'elements';
  throw new CodedError(`limit/${what}`, `a core module starts with ${used} ${unit} of ${what}, more than ${limit}`, {
    data: { limit, used, unit },
  });
}
