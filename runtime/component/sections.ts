import { readAlias } from './aliases.ts';
import { readCanon } from './canon.ts';
import { Comparison } from './compare.ts';
import { readCoreModule } from './core-module.ts';
import { readCoreType } from './core-type-section.ts';
import { Declarations } from './declarations.ts';
import type { ComponentBody } from './definitions.ts';
import { readExport, readImport } from './imports-exports.ts';
import { readCoreInstance, readInstance, useValue } from './instances.ts';
import { DOCS_SECTIONS } from './package-docs.ts';
import { type ByteReader, hex, malformed, quote, tooLarge } from './reader.ts';
import { Scope } from './scope.ts';
import { TypeReader } from './type-section.ts';
import type { Template, TypeSpace } from './type-space.ts';
import type { CoreModule } from './types.ts';

/** First eight bytes of a component: the magic number, version 13, layer 1. */
export const COMPONENT_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const MODULE_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** What the sections of the root component hold, beside its imports and exports. */
export interface Found {
  readonly coreModules: CoreModule[];
  nestedComponents: number;
  /** Contents of the root component's sections of doc comments, in the order of the binary. */
  readonly docs: Uint8Array[];
}

/** Reads components, section by section; one for the whole binary. Recursion is bounded by `nestingMax`. */
export class SectionReader {
  readonly space: TypeSpace;
  readonly found: Found = { coreModules: [], nestedComponents: 0, docs: [] };
  readonly #types: TypeReader;

  constructor(space: TypeSpace) {
    this.space = space;
    this.#types = new TypeReader(space);
  }

  /** Takes one component from its header to the end of the range. `path` is that of `CoreModule`. */
  component(reader: ByteReader, path: readonly number[], parent?: Scope): ReadComponent {
    for (const byte of COMPONENT_HEADER) reader.expect(byte, 'the header of a component');
    const scope = new Scope('component', parent, this.space);
    const max = this.space.limits.nestingMax;
    if (scope.level > max) throw tooLarge(reader.position, 'nestingMax', max, 'the levels of nested components');
    const body: Body = { scope, path, declarations: new Declarations(scope), nested: 0, hasStart: false };
    while (reader.remaining > 0) {
      const offset = reader.position;
      const id = reader.byte('a section id');
      const section = reader.range(reader.u32('the size of a section'), 'a section');
      this.#section(id, section, body, offset);
    }
    const { imports, exports } = body.declarations;
    this.#finish(body, reader.position);
    const around = this.space.around([...imports.values(), ...exports.values()]);
    return { template: { imports, exports, start: scope.start, ...around }, body: { definitions: scope.definitions } };
  }

  #section(id: number, section: ByteReader, body: Body, offset: number): void {
    this.space.at = offset;
    this.space.charge(1);
    if (id === 0) this.#custom(section, body);
    else if (id === 1) this.#coreModule(section, body);
    else if (id === 4) this.#nested(section, body);
    else if (id === 9) this.#start(section, body);
    else {
      const part = PARTS[id];
      if (part === undefined) throw malformed(offset, `expected a section id (0x00 to 0x0c), found ${hex(id)}`);
      const count = section.count(part.what, part.bytesMin);
      for (let index = 0; index < count; index++) {
        this.space.at = section.position;
        this.space.charge(1);
        part.read(section, body, this.#types);
      }
      section.finish(`the section of ${part.what}`);
    }
  }

  #custom(section: ByteReader, body: Body): void {
    const name = section.name('the name of a custom section');
    const isRoot = body.path.length === 0 && body.scope.level === 1;
    if (isRoot && DOCS_SECTIONS.has(name)) this.found.docs.push(section.bytes.subarray(section.position, section.end));
  }

  #coreModule(section: ByteReader, body: Body): void {
    const { position: offset, end } = section;
    for (const byte of MODULE_HEADER) section.expect(byte, 'the header of a core module');
    const module = this.found.coreModules.push({ path: body.path, bytes: section.bytes.subarray(offset, end), offset }) - 1;
    body.scope.definitions.push({ kind: 'core-module', module });
    body.scope.add('core module', readCoreModule(section, this.space));
  }

  #nested(section: ByteReader, parent: Body): void {
    this.found.nestedComponents++;
    const { template, body } = this.component(section, [...parent.path, parent.nested++], parent.scope);
    parent.scope.definitions.push({ kind: 'component', body });
    parent.scope.add('component', template);
  }

  #start(section: ByteReader, body: Body): void {
    const { scope } = body;
    const offset = section.position;
    if (body.hasStart) throw malformed(offset, 'expected one start function, found another');
    body.hasStart = true;
    const { params, result } = scope.at('func', section.u32('a function index'), offset);
    const count = section.count('start arguments');
    if (count !== params.length) throw malformed(offset, `expected ${params.length} start arguments, found ${count}`);
    for (const param of params) {
      const at = section.position;
      const type = useValue(scope, section.u32('a value index'), at);
      if (!new Comparison(this.space).types(param.type, type))
        throw malformed(at, `expected a value for ${quote(param.name)}, found one of another type`);
    }
    const at = section.position;
    const results = section.u32('the number of start results');
    const wanted = result === undefined ? 0 : 1;
    if (results !== wanted) throw malformed(at, `expected ${wanted} start results, found ${results}`);
    scope.definitions.push({ kind: 'start' });
    if (result !== undefined) scope.add('value', { type: result, used: false });
    section.finish('the start section');
  }

  /** After the last section. */
  #finish({ scope, declarations }: Body, offset: number): void {
    declarations.finish(offset);
    const unused = scope.unusedValues();
    if (unused > 0) throw malformed(offset, `expected each value to be used once, found ${unused} not used`);
  }
}

/** One component, read: as others see it, and what its body does. */
export interface ReadComponent {
  readonly template: Template;
  readonly body: ComponentBody;
}

/** One component while its sections are read. */
interface Body {
  readonly scope: Scope;
  readonly path: readonly number[];
  readonly declarations: Declarations;
  nested: number;
  hasStart: boolean;
}

interface Part {
  readonly what: string;
  /** Fewest bytes that one item can have. */
  readonly bytesMin: number;
  readonly read: (reader: ByteReader, body: Body, types: TypeReader) => void;
}

/** Sections that are vectors of definitions. */
const PARTS: Readonly<Record<number, Part>> = {
  2: { what: 'core instances', bytesMin: 2, read: (reader, { scope }) => readCoreInstance(reader, scope) },
  3: {
    what: 'core types',
    bytesMin: 1,
    read: (reader, { scope }) => scope.add('core type', readCoreType(reader, scope)),
  },
  5: {
    what: 'instances',
    bytesMin: 2,
    read: (reader, { scope }) => scope.add('instance', readInstance(reader, scope)),
  },
  6: { what: 'aliases', bytesMin: 3, read: (reader, { scope }) => readAlias(reader, scope) },
  7: { what: 'types', bytesMin: 1, read: (reader, { scope }, types) => scope.add('type', types.definition(reader, scope)) },
  8: { what: 'canonical definitions', bytesMin: 1, read: (reader, { scope }, types) => readCanon(reader, scope, types) },
  10: { what: 'imports', bytesMin: 4, read: readImport },
  11: { what: 'exports', bytesMin: 5, read: readExport },
  12: { what: 'values', bytesMin: 2, read: readValue },
};

/** Value definitions are only skipped: WIT has none, and their contents are never needed. */
function readValue(reader: ByteReader, body: Body, types: TypeReader): void {
  const type = types.valueType(reader, body.scope);
  reader.range(reader.u32('the size of a value'), 'a value');
  body.scope.definitions.push({ kind: 'value' });
  body.scope.add('value', { type, used: false });
}
