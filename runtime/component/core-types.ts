import { readPlainName } from './plain-names.ts';
import { type ByteReader, hex, malformed, unsupported } from './reader.ts';
import type { CoreType } from './scope.ts';

/**
 * Reads one core type definition of a component: a function type, or a module type with its imports and exports. The
 * contents are checked for shape and dropped, since the WIT tree holds no core types.
 * Throws `component/unsupported` for the types of the GC proposal.
 */
export function readCoreType(reader: ByteReader, sizeOfTypes: number): CoreType {
  const offset = reader.position;
  const form = reader.byte('a core type');
  if (form === 0x60) {
    skipFuncType(reader);
    return 'func';
  }
  if (form === 0x50) {
    skipModuleType(reader, sizeOfTypes);
    return 'module';
  }
  if ([0x00, 0x4e, 0x4f, 0x5e, 0x5f].includes(form)) throw unsupported(offset, `the core type ${hex(form)}`);
  throw malformed(offset, `expected a core type, found ${hex(form)}`);
}

/** Takes a core value type and drops it. */
export function skipCoreValueType(reader: ByteReader): void {
  const offset = reader.position;
  const byte = reader.byte('a core value type');
  if (byte >= 0x7b && byte <= 0x7f) return;
  if (byte >= 0x69 && byte <= 0x74) return;
  if (byte === 0x63 || byte === 0x64) {
    const heapType = reader.peek();
    if (heapType >= 0x40 && heapType < 0x80) reader.byte('a heap type');
    else reader.typeIndex('a heap type');
    return;
  }
  throw malformed(offset, `expected a core value type, found ${hex(byte)}`);
}

function skipFuncType(reader: ByteReader): void {
  for (const what of ['core parameters', 'core results']) {
    const count = reader.count(what);
    for (let index = 0; index < count; index++) skipCoreValueType(reader);
  }
}

function skipModuleType(reader: ByteReader, outerTypes: number): void {
  const count = reader.count('module type declarations');
  let types = 0;
  for (let index = 0; index < count; index++) {
    const offset = reader.position;
    const kind = reader.byte('a module type declaration');
    if (kind === 0x00) {
      readPlainName(reader, 'a core import module');
      readPlainName(reader, 'a core import name');
      skipCoreExternType(reader, types);
    } else if (kind === 0x01) {
      reader.expect(0x60, 'a core function type');
      skipFuncType(reader);
      types++;
    } else if (kind === 0x02) {
      skipOuterAlias(reader, outerTypes);
      types++;
    } else if (kind === 0x03) {
      readPlainName(reader, 'a core export name');
      skipCoreExternType(reader, types);
    } else throw malformed(offset, `expected a module type declaration, found ${hex(kind)}`);
  }
}

function skipOuterAlias(reader: ByteReader, outerTypes: number): void {
  reader.expect(0x10, 'the core type sort');
  reader.expect(0x01, 'an outer alias');
  const offset = reader.position;
  const levels = reader.u32('a number of scopes');
  const index = reader.u32('a core type index');
  if (levels === 1 && index >= outerTypes) {
    throw malformed(offset, `expected a core type index below ${outerTypes}, found ${index}`);
  }
}

function skipCoreExternType(reader: ByteReader, types: number): void {
  const offset = reader.position;
  const kind = reader.byte('a core extern type');
  switch (kind) {
    case 0x00:
      checkIndex(reader, types);
      return;
    case 0x01:
      skipCoreValueType(reader);
      skipLimits(reader);
      return;
    case 0x02:
      skipLimits(reader);
      return;
    case 0x03:
      skipCoreValueType(reader);
      reader.flag('the mutability of a global');
      return;
    case 0x04:
      reader.expect(0x00, 'the attribute of a tag');
      checkIndex(reader, types);
      return;
    default:
      throw malformed(offset, `expected a core extern type, found ${hex(kind)}`);
  }
}

function checkIndex(reader: ByteReader, types: number): void {
  const offset = reader.position;
  const index = reader.u32('a core type index');
  if (index >= types) throw malformed(offset, `expected a core type index below ${types}, found ${index}`);
}

function skipLimits(reader: ByteReader): void {
  const offset = reader.position;
  const flags = reader.byte('the flags of limits');
  if (flags > 0x03) throw unsupported(offset, `limits with the flags ${hex(flags)}`);
  reader.u32('a minimum');
  if ((flags & 1) !== 0) reader.u32('a maximum');
}
