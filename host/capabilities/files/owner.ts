import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { STAGING_PREFIX } from './guest-path.ts';

/*
 * Whose a staging folder is, told by its name: `.cellblock-staging-BOOT-NAMESPACE-PID-START-RANDOM`. A process is known by its id together
 * with the instant at which it started, within one start of one machine and one space of process ids; elsewhere the numbers mean others.
 */

/** After this time a folder of another machine, container or start of this machine is taken for abandoned: no call lasts so long. */
const FOREIGN_MS_MAX = 24 * 60 * 60 * 1000;

const NAME = /^\.cellblock-staging-([0-9a-f]{8})-([0-9]{1,20})-([0-9]{1,10})-([0-9]{1,20})-[0-9a-f]{16}$/;

interface Surroundings {
  readonly boot: string;
  readonly namespace: string;
  readonly pid: string;
  readonly start: string;
}

let own: Surroundings | undefined;

/** A fresh name for a staging folder of this process. */
export function stagingName(): string {
  own ??= surroundings();
  const { boot, namespace, pid, start } = own;
  return `${STAGING_PREFIX}${boot}-${namespace}-${pid}-${start}-${randomBytes(8).toString('hex')}`;
}

/**
 * True for the name of a staging folder whose process is gone, so that nobody uses it any more.
 *
 * @param changedMs - when it was last changed, milliseconds since 1970.
 */
export function isAbandoned(name: string, changedMs: number, nowMs: number): boolean {
  const [, boot, namespace, pid, start] = NAME.exec(name) ?? [];
  if (boot === undefined || pid === undefined) return false;
  own ??= surroundings();
  if (boot !== own.boot || namespace !== own.namespace) return nowMs - changedMs > FOREIGN_MS_MAX;
  const startNow = startOf(pid);
  return startNow === undefined || startNow !== start;
}

function surroundings(): Surroundings {
  const boot = createHash('sha256').update(readOr('/proc/sys/kernel/random/boot_id')).digest('hex').slice(0, 8);
  const pid = String(process.pid);
  return { boot, namespace: namespaceOf(), pid, start: startOf(pid) ?? '0' };
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function namespaceOf(): string {
  try {
    return /\d{1,20}/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** When a process started, in ticks since the machine did; undefined where there is none of this id. */
function startOf(pid: string): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`);
  // The name of the program is in brackets and may have any character: count from behind it. See proc(5), field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A process that ended and was not waited for yet writes no more.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
