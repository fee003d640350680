import { createHash } from 'node:crypto';
import { CodedError } from '../error.ts';
import { DECODE_LIMITS, type DecodeLimits } from './decode-limits.ts';
import { addDocs } from './package-docs.ts';
import { ByteReader, tooLarge } from './reader.ts';
import { COMPONENT_HEADER, SectionReader } from './sections.ts';
import { type Extern, type Externs, TypeSpace } from './type-space.ts';
import type { Component, InterfaceItem, WorldItem } from './types.ts';

/**
 * Decodes and validates a component binary: the WIT types of all that it imports and exports, what instantiating it does,
 * and where its core modules are.
 *
 * All that the component model asks of a valid component is checked, above all what nothing else would notice in
 * JavaScript: that core functions have the signatures by which they are lifted and lowered. Of core modules, imports
 * and exports are read; the engine validates the rest when it compiles them.
 * Sections that are only hints (`package-docs`, names) never make a component unreadable.
 *
 * @param bytes - the binary; kept, not copied. The caller must not change it afterwards.
 * @param limits - replaces single limits of `DECODE_LIMITS`.
 * @returns plain data; `coreModules` are views of `bytes`.
 * @throws CodedError `component/malformed`, `component/too-large`, `component/not-a-component` or `component/unsupported`;
 * `data.offset` is in bytes from the start.
 * Thread: any. Pure and synchronous. Time is linear in the bytes plus the items, which `itemsMax` bounds.
 * Source: component model, design/mvp/Binary.md.
 */
export function decodeComponent(bytes: Uint8Array, limits: Partial<DecodeLimits> = {}): Component {
  const all: DecodeLimits = { ...DECODE_LIMITS, ...limits };
  checkHeader(bytes);
  if (bytes.length > all.componentBytesMax) {
    throw tooLarge(
      all.componentBytesMax,
      'componentBytesMax',
      all.componentBytesMax,
      `the ${bytes.length} bytes of the component`,
    );
  }
  const space = new TypeSpace(all);
  const sections = new SectionReader(space);
  const { template: root, body } = sections.component(new ByteReader(bytes, 0, bytes.length, all.nameBytesMax), []);
  const { found } = sections;
  const component = {
    bytes,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    imports: worldItems(root.imports),
    exports: worldItems(root.exports),
    body,
    coreModules: found.coreModules,
    nestedComponents: found.nestedComponents,
    ...(space.asyncAbi ? { asyncAbi: true as const } : {}),
    ...(space.jcoRefuses === undefined ? {} : { jcoRefuses: space.jcoRefuses }),
  };
  return found.docs.reduce<Component>(
    (documented, section) => addDocs(documented, section, all.docsBytesMax / found.docs.length),
    component,
  );
}

function checkHeader(bytes: Uint8Array): void {
  if (bytes.length >= 8 && COMPONENT_HEADER.every((byte, index) => bytes[index] === byte)) return;
  const isWasm = [0x00, 0x61, 0x73, 0x6d].every((byte, index) => bytes[index] === byte);
  if (!isWasm) {
    throw new CodedError('component/not-a-component', 'expected the header of a WebAssembly component at byte 0', {
      data: { offset: 0 },
    });
  }
  const isModule = bytes[4] === 0x01 && bytes[6] === 0x00;
  const found = isModule ? 'a core module' : 'another version of the format';
  throw new CodedError('component/not-a-component', `expected a component (version 13, layer 1) at byte 4, found ${found}`, {
    data: { offset: 4 },
    ...(isModule
      ? {
          help: 'make a component of it, for example with `wasm-tools component new` (a WASI preview 1 program needs its adapter by `--adapt`)',
        }
      : {}),
  });
}

function worldItems(externs: Externs): WorldItem[] {
  return Array.from(externs, ([name, extern]) => worldItem(name, extern));
}

function worldItem(name: string, extern: Extern): WorldItem {
  switch (extern.kind) {
    case 'func':
    case 'type':
      return { kind: extern.kind, name, type: extern.type } as WorldItem; // func holds a function type, type a value type
    case 'resource':
      return { kind: 'resource', name, resource: extern.resource };
    case 'instance':
      return { kind: 'interface', name, items: interfaceItems(extern.instance.exports) };
    case 'module':
    case 'component':
    case 'value':
      return { kind: extern.kind, name };
    case 'definition':
      throw new CodedError('internal/invariant', 'expected no type definition among the items of a world');
  }
}

function interfaceItems(externs: Externs): InterfaceItem[] {
  return Array.from(externs, ([name, extern]): InterfaceItem => {
    if (extern.kind === 'func') return { kind: 'func', name, type: extern.type };
    if (extern.kind === 'type') return { kind: 'type', name, type: extern.type };
    if (extern.kind === 'resource') return { kind: 'resource', name, resource: extern.resource };
    throw new CodedError('internal/invariant', 'expected functions and types only in an interface');
  });
}
