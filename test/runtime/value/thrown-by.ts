import { type CodedError, isCoded } from '../../../runtime/error.ts';

/** The coded error that `work` throws; fails the test when it throws none, or another one. */
export function thrownBy(work: () => unknown): CodedError {
  try {
    work();
  } catch (error) {
    if (isCoded(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
