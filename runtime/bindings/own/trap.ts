import { CodedError } from '../../error.ts';

/** To be thrown where the Canonical ABI traps: the guest broke a rule of it. @param message - without final stop. */
export function abiTrap(message: string): CodedError {
  return new CodedError('trap/abi', `the guest broke the canonical ABI: ${message}`);
}
