import { type Bodies, type CallGraph, walkCalls } from '../../../runtime/instrument/call-graph.ts';
import { CompileCost } from '../../../runtime/instrument/compile-cost.ts';
import { COST_MODELS, type CostModelName } from '../../../runtime/instrument/costs.ts';
import { Decoder } from '../../../runtime/instrument/decode.ts';
import type { FlowTape } from '../../../runtime/instrument/flow-tape.ts';
import { ModuleReader } from '../../../runtime/instrument/reader.ts';
import { SECTION, type Span, scanSections } from '../../../runtime/instrument/scan.ts';
import { emptySpaces, type IndexSpaces, readFunctions, readTypes } from '../../../runtime/instrument/spaces.ts';
import { wat } from './guest.ts';

/** The code of a module, decoded and not yet charged. */
export interface Decoded {
  readonly tape: FlowTape;
  readonly bodies: Bodies;
  readonly decoder: Decoder;
  /** By body: its instructions, the last `end` included. */
  readonly instructions: readonly number[];
  /** Who calls whom. @param taken - by function: 1 where its address is taken. */
  graph(taken: Uint8Array): CallGraph;
}

/** Decodes the bodies of a module without imports; what code refers to need not be there. @param globals - as if these were renumbered, which puts them on the tape. */
export function decoded(source: string | Uint8Array, model: CostModelName = 'exact', globals = false): Decoded {
  const bytes = typeof source === 'string' ? wat(source) : source;
  const { sections } = scanSections(bytes);
  const reader = (id: number): ModuleReader => {
    const { start, end } = sections.get(id) ?? ({ start: 0, end: 0 } satisfies Span);
    return new ModuleReader(bytes, start, end);
  };
  const spaces: IndexSpaces = { ...emptySpaces(), memories: 1, globals: 10, tables: [0x70, 0x70] };
  readTypes(reader(SECTION.type), spaces);
  readFunctions(reader(SECTION.function), spaces);
  const compileCost = new CompileCost();
  const decoder = new Decoder(spaces, COST_MODELS[model], compileCost, globals);
  const code = reader(SECTION.code);
  const count = code.u32();
  const firsts = new Uint32Array(count + 1);
  const sizes = new Uint32Array(count + 1);
  const instructions: number[] = [];
  for (let body = 0; body < count; body += 1) {
    const size = code.u32();
    sizes[body] = size;
    const end = code.position + size;
    skipLocals(code);
    firsts[body] = decoder.tape.length;
    const results = spaces.types[spaces.functions[body] as number]?.results ?? 0; // one for each body
    compileCost.begin(results, 0);
    instructions.push(decoder.decode(code, results));
    if (code.position !== end) throw new Error(`body ${body} ends at byte ${code.position}, not at ${end}`);
  }
  firsts[count] = decoder.tape.length;
  const bodies = { count, firsts, sizes };
  return { tape: decoder.tape, bodies, decoder, instructions, graph: (taken) => walkCalls(decoder.tape, bodies, 0, taken) };
}

/** Skips the locals that a body declares: groups of a count and a value type, which has one byte here. */
function skipLocals(code: ModuleReader): void {
  for (let groups = code.u32(); groups > 0; groups -= 1) {
    code.u32();
    code.skip(1);
  }
}
