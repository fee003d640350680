import type { InstrumentOptions } from '../instrument/instrument.ts';
import type { GuestFrame } from '../outcome.ts';
import { customSections } from './custom-sections.ts';
import { demangle, oneLine } from './demangle.ts';
import { findLines, type SourceLine } from './dwarf-lines.ts';
import { type FunctionNames, functionNames } from './function-names.ts';
import { type OffsetMap, offsetMap } from './offset-map.ts';

/** One frame of a guest's stack, in the words of its author. The same on every version of the engine. */
export interface StackFrame {
  /** Demangled; `func[12]` where nothing names it. */
  readonly function: string;
  /** Which core module of the component. */
  readonly module: number;
  /** Bytes from that module's start. */
  readonly offset: number;
  /** Of the source, where debug information says so. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** A core module that may be on the stack, and how it was instrumented. */
export interface StackModule {
  /** Position in the component. */
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly options: InstrumentOptions;
}

/** Characters of a path; the end of a longer one is kept. */
const FILE_CHARS_MAX = 240;

/** First bytes of calls: what every frame but the innermost is at. */
const CALLS = [0x10, 0x11, 0x12, 0x13];

/**
 * Says what frames of instrumented modules are in the source.
 *
 * @param frames - of one stack, innermost first. @param modules - all that may be on it.
 * @returns innermost first; frames of what instrumentation added, or of which nothing fits, are left out.
 * @throws CodedError as `instrument`. Thread: one that may take long; modules are instrumented again.
 */
export function explainFrames(frames: readonly GuestFrame[], modules: readonly StackModule[]): StackFrame[] {
  const scripts = new Map<string, MappedModule | undefined>();
  const mapped = modules.map((module) => new MappedModule(module));
  for (const { script } of frames)
    if (!scripts.has(script))
      scripts.set(
        script,
        mapped.find((one) => one.fits(script, frames)),
      );
  for (const [script, module] of scripts) module?.findLines(frames.filter((frame) => frame.script === script));
  return frames.flatMap(({ script, position }) => scripts.get(script)?.frame(position) ?? []);
}

class MappedModule {
  readonly #module: StackModule;
  #map: OffsetMap | undefined;
  #names: FunctionNames | undefined;
  #lines: ReadonlyMap<number, SourceLine> = new Map();

  constructor(module: StackModule) {
    this.#module = module;
  }

  get #offsets(): OffsetMap {
    this.#map ??= offsetMap(this.#module.bytes, this.#module.options);
    return this.#map;
  }

  /** The engine names a module by a digest of its own, so it is known by what its frames are at: calls, but for the innermost. */
  fits(script: string, frames: readonly GuestFrame[]): boolean {
    return frames.every((frame, at) => {
      if (frame.script !== script) return true;
      return this.#offsets.of(frame.position) !== undefined || this.#offsets.isAppended(frame.position)
        ? at === 0 || this.#offsets.hasByte(frame.position, CALLS)
        : false;
    });
  }

  findLines(frames: readonly GuestFrame[]): void {
    const sections = customSections(this.#module.bytes);
    const lines = sections.get('.debug_line');
    if (lines === undefined) return;
    const { codeStart } = this.#offsets;
    const places = frames.flatMap(({ position }) => this.#offsets.of(position)?.offset ?? []);
    const strings = { str: sections.get('.debug_str'), lineStr: sections.get('.debug_line_str') };
    const found = findLines(
      lines,
      strings,
      places.map((offset) => offset - codeStart),
    );
    this.#lines = new Map([...found].map(([address, line]) => [address + codeStart, line]));
  }

  frame(position: number): StackFrame[] {
    const place = this.#offsets.of(position);
    if (place === undefined) return [];
    this.#names ??= functionNames(this.#module.bytes); // once: a module may have names by the hundred thousand
    const name = this.#names.of(place.function);
    const line = this.#lines.get(place.offset);
    return [
      {
        function: name === undefined ? `func[${place.function}]` : demangle(name),
        module: this.#module.index,
        offset: place.offset,
        ...(line === undefined ? {} : { ...line, file: oneLine(line.file.slice(-FILE_CHARS_MAX)) }),
      },
    ];
  }
}
