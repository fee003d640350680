import type { GuestFrame } from '../outcome.ts';

/** Frames of the guest that are kept of a trap, innermost first. */
export const GUEST_FRAMES_MAX = 32;

/** Characters of a script's name. */
const SCRIPT_CHARS_MAX = 200;

/** Frames that the engine keeps of what is thrown: those of the glue are among them. */
const ENGINE_FRAMES_MAX = 48;

/** What the engine says of one frame; V8's own, and not in the type library. */
interface CallSite {
  getScriptNameOrSourceURL?(): unknown;
  getFileName?(): unknown;
  getPosition?(): unknown;
}

/**
 * Lets the engine keep enough of a stack for a guest's trap to be explained. It costs nothing until something is thrown.
 *
 * Thread: a cell worker, once.
 */
export function keepGuestFrames(): void {
  Error.stackTraceLimit = ENGINE_FRAMES_MAX;
}

/**
 * The frames of guest code on the stack of something thrown. Names of functions are not looked at: they are the guest's, and could look like
 * frames.
 *
 * @param thrown - anything; its stack must not have been asked for. @returns at most 32, innermost first.
 */
export function guestFramesOf(thrown: unknown): readonly GuestFrame[] {
  if (!(thrown instanceof Error)) return [];
  const sites = callSitesOf(thrown);
  const frames: GuestFrame[] = [];
  for (const site of sites) {
    const script = site.getScriptNameOrSourceURL?.() ?? site.getFileName?.();
    const position = site.getPosition?.();
    if (typeof script !== 'string' || !script.startsWith('wasm://') || typeof position !== 'number') continue;
    if (!Number.isSafeInteger(position) || position < 0) continue;
    frames.push({ script: script.slice(0, SCRIPT_CHARS_MAX), position });
    if (frames.length === GUEST_FRAMES_MAX) break;
  }
  return frames;
}

/** The engine forms the stack when it is first asked for, in the way that is set at that moment. */
function callSitesOf(thrown: Error): readonly CallSite[] {
  const errors = Error as { prepareStackTrace?: unknown }; // as above
  const before = errors.prepareStackTrace;
  errors.prepareStackTrace = (_: unknown, sites: unknown) => sites;
  try {
    const sites: unknown = thrown.stack;
    return Array.isArray(sites) ? sites : [];
  } catch {
    return [];
  } finally {
    errors.prepareStackTrace = before;
  }
}

/** Frames that came from a worker, which is not trusted. @returns undefined for anything else. */
export function readGuestFrames(value: unknown): readonly GuestFrame[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > GUEST_FRAMES_MAX) return undefined;
  const frames: GuestFrame[] = [];
  for (const item of value) {
    const { script, position } = (item ?? {}) as Readonly<Record<string, unknown>>; // any value has members or none
    if (typeof script !== 'string' || script.length > SCRIPT_CHARS_MAX) return undefined;
    if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0) return undefined;
    frames.push({ script, position });
  }
  return frames;
}
