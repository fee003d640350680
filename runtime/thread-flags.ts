/**
 * Flags for a thread of ours: the permissions of its process, and no others. Node gives a thread that is started without them
 * all rights, whatever its process may do.
 *
 * @param startsThreads - whether it may start threads, which are then free of any: only where no guest is.
 */
export function threadFlags(startsThreads: boolean): string[] {
  const flags = process.execArgv.filter((flag) => PERMISSION.test(flag) && (startsThreads || flag !== '--allow-worker'));
  return flags.length === 0 ? [] : [...flags, '--no-warnings'];
}

const PERMISSION = /^--(experimental-)?permission$|^--allow-/;
