import { completesVersion, isLabel, isPlainName, parseInterfaceId } from './names.ts';
import { readCoreName } from './plain-names.ts';
import { type ByteReader, hex, malformed, quote, unsupported } from './reader.ts';
import { describeExtern, type Extern, type TypeSpace } from './type-space.ts';

/** The name of an import or export as the binary has it. */
export interface ExternName {
  /** A plain name, one with an annotation such as `[method]r.m`, or an interface id. It alone identifies. */
  readonly name: string;
  /** Of the name, in bytes from the start of the binary. */
  readonly offset: number;
  readonly attributes: Attributes;
}

/** What the newer encodings say beside a name. */
interface Attributes {
  /** Interface that an instance under a plain name has. */
  readonly implements?: string;
  /** Rest of a version of which the interface id has the compatible part only. */
  readonly versionSuffix?: string;
}

const OUTSIDE_WIT = /^(?:unlocked-dep|locked-dep|url|integrity)=</;

/**
 * Takes the name of an import or export.
 * @throws CodedError `component/malformed`; `component/unsupported` for names of dependencies.
 */
export function readExternName(reader: ByteReader, space: TypeSpace): ExternName {
  const offset = reader.position;
  const form = reader.byte('the kind of a name');
  if (form > 2) throw malformed(offset, `expected the kind of a name (0x00 to 0x02), found ${hex(form)}`);
  const name = reader.name('the name of an import or export');
  if (OUTSIDE_WIT.test(name)) throw unsupported(offset, `the dependency name ${quote(name)}`);
  if (!isPlainName(name) && parseInterfaceId(name) === undefined) {
    throw malformed(offset, `expected a kebab-case name or an interface id, found ${quote(name)}`);
  }
  return { name, offset, attributes: form === 2 ? readAttributes(reader, space) : {} };
}

const ATTRIBUTES = ['implements', 'versionSuffix', 'externalId'] as const;

function readAttributes(reader: ByteReader, space: TypeSpace): Attributes {
  const found: { [key in (typeof ATTRIBUTES)[number]]?: string } = {};
  const count = reader.count('name attributes', 2);
  for (let index = 0; index < count; index++) {
    const offset = reader.position;
    const kind = reader.byte('the kind of a name attribute');
    const key = ATTRIBUTES[kind];
    if (key === undefined || found[key] !== undefined) {
      throw malformed(offset, `expected a name attribute not given before (0x00 to 0x02), found ${hex(kind)}`);
    }
    found[key] = readCoreName(reader, space, 'a name attribute');
  }
  return found;
}

/** Checks that the attributes of a name fit it and what it names. @throws CodedError `component/malformed`. */
export function checkAttributes({ name, offset, attributes }: ExternName, extern: Extern): void {
  const { implements: iface, versionSuffix } = attributes;
  if (iface === undefined && versionSuffix === undefined) return;
  if (extern.kind !== 'instance')
    throw malformed(offset, `expected an instance for ${quote(name)}, found ${describeExtern(extern)}`);
  if (iface !== undefined && !isLabel(name))
    throw malformed(offset, `expected a plain name of what implements ${quote(iface)}, found ${quote(name)}`);
  const id = parseInterfaceId(iface ?? name);
  if (id === undefined) throw malformed(offset, `expected an interface id, found ${quote(iface ?? name)}`);
  if (versionSuffix !== undefined && !completesVersion(id, versionSuffix)) {
    throw malformed(offset, `expected the rest of the version of ${quote(iface ?? name)}, found ${quote(versionSuffix)}`);
  }
}
