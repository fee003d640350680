import { ByteWriter } from '../../value/byte-writer.ts';
import { type Crossing, guestValueError } from '../guest-value.ts';
import type { BudgetLimits } from './budget.ts';

/** Kept between crossings of this thread; undefined while in use. */
let idleWriter: ByteWriter | undefined = new ByteWriter();

/**
 * Takes a value out of a guest as canonical bytes, within limits.
 *
 * @param write - must not run guest code.
 * @returns bytes that stay as they are until the next value leaves a guest in this thread.
 * @throws CodedError `limit/result` or `limit/host-calls`, `trap/abi`.
 */
export function guestBytes(limits: BudgetLimits, crossing: Crossing, write: (out: ByteWriter) => void): Uint8Array {
  const writer = idleWriter ?? new ByteWriter();
  idleWriter = undefined;
  try {
    writer.reset(limits.bytesMax, limits.elementsMax);
    write(writer);
    return writer.written();
  } catch (error) {
    throw guestValueError(error, crossing);
  } finally {
    idleWriter = writer;
  }
}
