import { CodedError } from '../error.ts';

/** The error for bytes that are not a valid core module; the offset counts from the module's start. */
export function invalid(offset: number, problem: string): CodedError {
  return new CodedError('component/invalid-core-module', `core module: ${problem} at byte ${offset}`, { data: { offset } });
}

/** The error for a feature of core modules, other than an instruction, that this runtime does not run. */
export function unsupported(offset: number, what: string): CodedError {
  return new CodedError('component/unsupported', `core module: ${what} at byte ${offset} is not supported`, { data: { offset } });
}

/** The error for a count that passes one of `MODULE_LIMITS`; `limitName` says which, with its unit. */
export function tooLarge(limitName: string, limit: number, used: number, where: string): CodedError {
  return new CodedError('component/too-large', `core module: ${where} has ${used}, more than ${limit} (\`${limitName}\`)`, {
    data: { limitName, limit, used },
  });
}
