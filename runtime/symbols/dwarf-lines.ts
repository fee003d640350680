import { DwarfReader, type DwarfStrings } from './dwarf-reader.ts';

/** A line of source. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  /** From 1; absent where it is not known. */
  readonly column?: number;
}

/** Rows of all line programs that are looked at for one module. */
const ROWS_MAX = 20_000_000;

/** Files and folders of one unit. */
const FILES_MAX = 10_000;

/** Entries of all units' tables of files: an entry need not have a single byte. */
const ENTRIES_MAX = 500_000;

/**
 * Finds lines in DWARF's `.debug_line` (versions 2 to 5), as compilers for WebAssembly write it.
 *
 * @param lines - content of `.debug_line`. @param strings - content of the sections that it points into.
 * @param addresses - bytes from the start of the code section's content. @returns by address; what is not known is not in it. Damaged parts
 * give nothing.
 * Source: DWARF 5, chapter 6.2; "DWARF for WebAssembly" of the tool conventions for what an address is.
 */
export function findLines(lines: Uint8Array, strings: DwarfStrings, addresses: readonly number[]): Map<number, SourceLine> {
  const finder = new LineFinder(strings, addresses);
  const reader = new DwarfReader(lines);
  try {
    while (reader.remaining > 0) finder.unit(reader);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the reader's word for damage
  }
  return finder.found();
}

interface FileTable {
  readonly folders: readonly string[];
  readonly files: readonly { readonly name: string; readonly folder: number }[];
  /** Number of the first file in `files`: 1 before version 5. */
  readonly first: number;
}

interface Header {
  readonly version: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly minimumLength: number;
  readonly isStatement: boolean;
  /** By opcode: how many operands a standard opcode has. */
  readonly operands: readonly number[];
  readonly table: FileTable;
}

interface Row {
  readonly address: number;
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

class LineFinder {
  readonly #strings: DwarfStrings;
  /** Sorted, each once. */
  readonly #addresses: readonly number[];
  /** By address: the line, and where its sequence begins. Code that a linker dropped begins at 0: what begins later is more likely true. */
  readonly #found = new Map<number, { readonly line: SourceLine; readonly sequence: number }>();
  #rows = 0;
  #entriesRead = 0;

  constructor(strings: DwarfStrings, addresses: readonly number[]) {
    this.#strings = strings;
    this.#addresses = [...new Set(addresses)].sort((a, b) => a - b);
  }

  found(): Map<number, SourceLine> {
    return new Map([...this.#found].map(([address, { line }]) => [address, line]));
  }

  /** Reads one unit, to its end whatever is in it. */
  unit(reader: DwarfReader): void {
    const unit = reader.sub(reader.u32());
    try {
      const header = this.#header(unit);
      if (header !== undefined) this.#program(unit, header);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }

  #header(unit: DwarfReader): Header | undefined {
    const version = unit.u16();
    if (version < 2 || version > 5) return undefined;
    if (version >= 5) unit.skip(2); // sizes of addresses and of segment selectors
    const rest = unit.u32();
    const program = unit.position + rest;
    const minimumLength = unit.u8();
    if (version >= 4) unit.skip(1); // operations of one instruction
    const isStatement = unit.u8() !== 0;
    const lineBase = unit.i8();
    const lineRange = unit.u8();
    const opcodeBase = unit.u8();
    const operands = [0];
    for (let at = 1; at < opcodeBase; at += 1) operands.push(unit.u8());
    const table = version >= 5 ? this.#tableOf5(unit) : tableOf4(unit);
    unit.position = program;
    return lineRange === 0
      ? undefined
      : { version, lineBase, lineRange, opcodeBase, minimumLength, isStatement, operands, table };
  }

  #tableOf5(unit: DwarfReader): FileTable {
    const folders = this.#entries(unit).map(({ name }) => name);
    return { folders, files: this.#entries(unit), first: 0 };
  }

  #entries(unit: DwarfReader): { readonly name: string; readonly folder: number }[] {
    const formats = Array.from({ length: unit.u8() }, () => ({ content: unit.leb(), form: unit.leb() }));
    const count = Math.min(unit.leb(), FILES_MAX);
    this.#entriesRead += count;
    if (this.#entriesRead > ENTRIES_MAX) throw new RangeError('too many files');
    return Array.from({ length: count }, () => {
      let [name, folder] = ['', 0];
      for (const { content, form } of formats) {
        const value = unit.form(form, this.#strings);
        if (content === 1) name = String(value);
        else if (content === 2) folder = Number(value);
      }
      return { name, folder };
    });
  }

  #program(unit: DwarfReader, header: Header): void {
    const state = new LineState();
    const sequence = new Sequence(this.#addresses);
    const emit = (): void => {
      this.#rows += 1;
      if (this.#rows > ROWS_MAX) throw new RangeError('too many rows');
      sequence.add(state);
    };
    while (unit.remaining > 0) {
      const opcode = unit.u8();
      if (opcode >= header.opcodeBase) {
        const adjusted = opcode - header.opcodeBase;
        state.address += Math.floor(adjusted / header.lineRange) * header.minimumLength;
        state.line += header.lineBase + (adjusted % header.lineRange);
        emit();
      } else if (opcode === 0) {
        const extended = unit.sub(unit.leb());
        const kind = extended.remaining === 0 ? 0 : extended.u8();
        if (kind === 2) state.address = extended.remaining >= 8 ? extended.u64() : extended.u32();
        else if (kind === 1) {
          emit();
          this.#take(sequence, header.table);
          sequence.reset();
          state.reset();
        }
      } else this.#standard(opcode, unit, header, state, emit);
    }
  }

  #standard(opcode: number, unit: DwarfReader, header: Header, state: LineState, emit: () => void): void {
    if (opcode === 1) emit();
    else if (opcode === 2) state.address += unit.leb() * header.minimumLength;
    else if (opcode === 3) state.line += unit.sleb();
    else if (opcode === 4) state.file = unit.leb();
    else if (opcode === 5) state.column = unit.leb();
    else if (opcode === 8) state.address += Math.floor((255 - header.opcodeBase) / header.lineRange) * header.minimumLength;
    else if (opcode === 9) state.address += unit.u16();
    else for (let at = 0; at < (header.operands[opcode] ?? 0); at += 1) unit.leb();
  }

  /** Looks for the addresses among the rows of one sequence, whose last row is its end. */
  #take({ first, end, rows }: Sequence, table: FileTable): void {
    for (const [at, address] of this.#addresses.entries()) {
      if (address < first || address >= end) continue;
      const known = this.#found.get(address);
      if (known !== undefined && known.sequence >= first) continue;
      const row = rows[at];
      if (row === undefined || !isCount(row.line)) continue;
      const column = isCount(row.column) ? { column: row.column } : {};
      this.#found.set(address, { line: { file: pathOf(row.file, table), line: row.line, ...column }, sequence: first });
    }
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

/** The rows of one sequence, of which those are kept that an address may be in: a module may have millions. */
class Sequence {
  readonly #addresses: readonly number[];
  /** By address: the last row that begins at or before it. */
  rows: (Row | undefined)[] = [];
  first = 0;
  /** Address of the last row. */
  end = 0;
  #isEmpty = true;

  constructor(addresses: readonly number[]) {
    this.#addresses = addresses;
  }

  add({ address, file, line, column }: Row): void {
    if (this.#isEmpty) this.first = address;
    this.#isEmpty = false;
    this.end = address;
    // Rows come in the order of their addresses, so that most are of no address that is looked for.
    let row: Row | undefined;
    for (let at = this.#addresses.length - 1; at >= 0 && (this.#addresses[at] as number) >= address; at -= 1) {
      row ??= { address, file, line, column };
      this.rows[at] = row;
    }
  }

  reset(): void {
    this.rows = [];
    this.#isEmpty = true;
    [this.first, this.end] = [0, 0];
  }
}

class LineState {
  address = 0;
  file = 1;
  line = 1;
  column = 0;

  reset(): void {
    this.address = 0;
    this.file = 1;
    this.line = 1;
    this.column = 0;
  }
}

/** Versions 2 to 4: lists that an empty name ends. Folder 0 is that of the compilation, which is not in it. */
function tableOf4(unit: DwarfReader): FileTable {
  const folders = [''];
  for (let name = unit.text(); name !== '' && folders.length < FILES_MAX; name = unit.text()) folders.push(name);
  const files: { name: string; folder: number }[] = [];
  for (let name = unit.text(); name !== '' && files.length < FILES_MAX; name = unit.text()) {
    files.push({ name, folder: unit.leb() });
    unit.leb(); // when it was changed
    unit.leb(); // its size
  }
  return { folders, files, first: 1 };
}

function pathOf(number: number, { folders, files, first }: FileTable): string {
  const file = files[number - first];
  if (file === undefined) return '?';
  const folder = folders[file.folder] ?? '';
  return file.name.startsWith('/') || folder === '' || folder === '.' ? file.name : `${folder.replace(/\/$/, '')}/${file.name}`;
}
