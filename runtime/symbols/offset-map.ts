import { type InstrumentOptions, instrument } from '../instrument/instrument.ts';
import { ModuleReader } from '../instrument/reader.ts';
import { SECTION, scanSections } from '../instrument/scan.ts';
import { ByteWriter } from '../instrument/writer.ts';
import { functionNames } from './function-names.ts';

/** A place in a core module as it came. */
export interface CodePlace {
  /** Index of the function, the imported ones counted. */
  readonly function: number;
  /** Bytes from the module's start. */
  readonly offset: number;
}

/** From places in an instrumented module to those in the module as it came. */
export interface OffsetMap {
  /** Bytes from the start of the module to the content of its code section; debug information counts from there. */
  readonly codeStart: number;
  /**
   * @param offset - of an instruction of the instrumented module.
   * @returns undefined where no function of the module as it came is there: in what instrumentation appended, or outside of its code.
   */
  of(offset: number): CodePlace | undefined;
  /** Whether a function is there that instrumentation appended. */
  isAppended(offset: number): boolean;
  /** Whether an instruction of the instrumented module begins with one of these bytes. */
  hasByte(offset: number, bytes: readonly number[]): boolean;
}

/** A run of bytes that were copied. Offsets in the new code section's content, behind the number of its bodies; and in the old module. */
interface Run {
  at: number;
  readonly from: number;
  readonly size: number;
}

/**
 * Instruments a module once more, to know where its instructions went. For what has to be explained; never on a call's path.
 *
 * @param moduleBytes - the module as it came. @param options - those with which the running module was made.
 * @throws CodedError as `instrument`.
 */
export function offsetMap(moduleBytes: Uint8Array, options: InstrumentOptions): OffsetMap {
  const recorder = new CopyRecorder(moduleBytes);
  const { bytes } = instrument(moduleBytes, { ...options, codeWriter: recorder });
  return new RunMap(moduleBytes, bytes, recorder.runs);
}

/** Writes a code section, and takes down what of it is copied from the module. */
class CopyRecorder extends ByteWriter {
  readonly runs: Run[] = [];
  readonly #source: Uint8Array;

  constructor(source: Uint8Array) {
    super(source.length + (source.length >> 2));
    this.#source = source;
  }

  override copy(source: Uint8Array, from = 0, to: number = source.length): void {
    const { runs } = this;
    // What was written again from an earlier place on is no longer there.
    while (runs.length > 0 && (runs.at(-1) as Run).at >= this.length) runs.pop(); // tested
    if (source === this.#source && to > from) runs.push({ at: this.length, from, size: to - from });
    super.copy(source, from, to);
  }

  /** Moves a body to the front, where its length took less room than was kept. */
  override close(mark: number): number {
    const size = super.close(mark);
    const moved = mark - (this.length - size);
    for (let at = this.runs.length - 1; at >= 0 && (this.runs[at] as Run).at >= mark; at -= 1) (this.runs[at] as Run).at -= moved; // in range
    return size;
  }
}

interface BodyRange {
  readonly start: number;
  readonly end: number;
}

class RunMap implements OffsetMap {
  readonly codeStart: number;
  readonly #bytes: Uint8Array;
  readonly #imported: number;
  readonly #old: readonly BodyRange[];
  readonly #new: readonly BodyRange[];
  /** In the order of both modules. */
  readonly #runs: readonly Run[];
  /** Offset in the new module from which runs count. */
  readonly #base: number;

  constructor(oldBytes: Uint8Array, newBytes: Uint8Array, runs: readonly Run[]) {
    const [before, after] = [bodiesOf(oldBytes), bodiesOf(newBytes)];
    this.codeStart = before.start;
    this.#bytes = newBytes;
    this.#imported = functionNames(oldBytes).importedFunctions;
    this.#old = before.bodies;
    this.#new = after.bodies;
    this.#runs = runs;
    this.#base = after.first;
  }

  of(offset: number): CodePlace | undefined {
    const body = indexAt(this.#new, offset, ({ start }) => start);
    const found = this.#new[body];
    const old = this.#old[body];
    if (found === undefined || old === undefined || offset >= found.end) return undefined;
    return { function: this.#imported + body, offset: this.#oldOffset(offset - this.#base, old) };
  }

  isAppended(offset: number): boolean {
    const body = indexAt(this.#new, offset, ({ start }) => start);
    return body >= this.#old.length && offset < (this.#new[body]?.end ?? 0);
  }

  hasByte(offset: number, bytes: readonly number[]): boolean {
    return bytes.includes(this.#bytes[offset] ?? -1);
  }

  /** What was put in stands for the instruction before which it was, or which it replaced. */
  #oldOffset(at: number, { start, end }: BodyRange): number {
    const run = this.#runs[indexAt(this.#runs, at, (one) => one.at)];
    if (run === undefined) return start;
    const offset = run.from + Math.min(at - run.at, run.size);
    return Math.min(Math.max(offset, start), end - 1);
  }
}

/** The last of ordered items that starts at or before a place; -1 where there is none. */
function indexAt<T>(items: readonly T[], place: number, startOf: (item: T) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf(items[middle] as T) <= place)
      low = middle + 1; // in range
    else high = middle;
  }
  return low - 1;
}

function bodiesOf(bytes: Uint8Array): {
  readonly start: number;
  readonly first: number;
  readonly bodies: readonly BodyRange[];
} {
  const span = scanSections(bytes).sections.get(SECTION.code);
  if (span === undefined) return { start: 0, first: 0, bodies: [] };
  const reader = new ModuleReader(bytes, span.start, span.end);
  const count = reader.u32();
  const first = reader.position;
  const bodies: BodyRange[] = [];
  for (let body = 0; body < count; body += 1) {
    const size = reader.u32();
    bodies.push({ start: reader.position, end: reader.position + size });
    reader.skip(size);
  }
  return { start: span.start, first, bodies };
}
