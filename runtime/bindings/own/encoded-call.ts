import type { FunctionType } from '../../component/types.ts';
import { ByteReader } from '../../value/byte-reader.ts';
import type { AbiLimits, EncodedHostFunction } from '../bindings.ts';
import type { Abi } from './abi.ts';
import { bytesSignature } from './bytes-signature.ts';
import type { CoreValue } from './codec.ts';
import { guestBytes } from './guest-bytes.ts';

/** A call of the guest's to a host function that takes encodings: memory to bytes, bytes to memory, nothing in between. */
export function encodedCall(
  abi: Abi,
  type: FunctionType,
  call: EncodedHostFunction,
  limits: AbiLimits['hostCall'],
): (core: CoreValue[]) => CoreValue | undefined {
  const signature = bytesSignature(type);
  return (core) => {
    abi.refresh();
    const place = core[core.length - 1];
    const args = guestBytes(limits, 'hostCall', (out) => signature.liftParams(abi, core, out));
    abi.budget.chargeCrossing(args.length);
    const answer = call(args);
    if (type.result === undefined) return undefined;
    return signature.lowerResult(abi, place === undefined ? [] : [place], new ByteReader(answer, SLOTS_MAX));
  };
}

/** Elements of an answer: its bytes are bounded where it comes from, and no element takes less than one. */
const SLOTS_MAX = 2 ** 31;
