/** Compares what we decode with what wasm-tools (through jco) prints for the same bytes, and with WIT source. */
import { readFileSync } from 'node:fs';
import { componentWit, metadataShow } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import type { Component, InterfaceItem, WorldItem } from '../../../runtime/component/types.ts';
import { declarationsToWit, functionToWit } from '../../../runtime/component/wit-text.ts';
import { dummyComponent, fixture, fixtureText } from '../../support/assemble.ts';

function published(path: string): Uint8Array {
  return readFileSync(new URL(`../../../node_modules/${path}`, import.meta.url));
}

const COMPONENTS: readonly [string, () => Uint8Array | Promise<Uint8Array>][] = [
  ['@arcjet/analyze-wasm', () => published('@arcjet/analyze-wasm/wasm/arcjet_analyze_js_req.component.wasm')],
  ['@arcjet/redact-wasm', () => published('@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm')],
  ...['every-type.wat', 'resources.wat', 'nested.wat', 'shared-types.wat'].map(
    (name) => [name, () => fixture(name)] as [string, () => Promise<Uint8Array>],
  ),
  ['every-type.wit', () => dummyComponent(fixtureText('every-type.wit'), 'every')],
];

/** The imports and exports of a world as lines of WIT; types are compared on their own. */
function worldLines(component: Component): string[] {
  const line = (side: string, item: WorldItem) => {
    if (item.kind === 'interface') return [`${side} ${item.name};`];
    return item.kind === 'func' ? [`${side} ${functionToWit(item.name, item.type)};`] : [];
  };
  return [
    ...component.imports.flatMap((item) => line('import', item)),
    ...component.exports.flatMap((item) => line('export', item)),
  ].sort();
}

/** The declaration of one item of an interface, without what it depends on. */
function declaration(item: InterfaceItem): string | undefined {
  if (item.kind === 'func') return `${functionToWit(item.name, item.type)};`;
  return item.kind === 'type' ? declarationsToWit(item.type).split('\n\n').at(-1) : `resource ${item.name};`;
}

describe.each(COMPONENTS)('%s', (_, load) => {
  it('imports and exports what wasm-tools says', async () => {
    const bytes = await load();
    const wit = await componentWit(bytes);
    const expected = wit.split('\n').filter((line) => /^ {2}(import|export) /.test(line));
    expect(worldLines(decodeComponent(bytes))).toEqual(expected.map((line) => line.trim()).sort());
  });

  it('declares the types of the world as wasm-tools does', async () => {
    const bytes = await load();
    const wit = await componentWit(bytes);
    const own = decodeComponent(bytes).imports.flatMap((item) =>
      item.kind === 'type' && item.type.typeName?.interface === undefined
        ? [declarationsToWit(item.type).split('\n\n').at(-1)]
        : [],
    );
    const printed = wit
      .slice(wit.indexOf('{\n') + 2)
      .split('\n\n')
      .map((block) => block.replaceAll(/^ {2}/gm, ''));
    for (const text of own) expect(printed).toContain(text);
    const declared = wit.match(/^ {2}(record|variant|enum|flags|type) /gm) ?? [];
    expect(own).toHaveLength(declared.length);
  });

  it('holds as many core modules and components as wasm-tools finds', async () => {
    const bytes = await load();
    const component = decodeComponent(bytes);
    const metadata = await metadataShow(bytes);
    const count = (tag: string) => metadata.filter((one) => one.metaType.tag === tag).length;
    expect(component.coreModules).toHaveLength(count('module'));
    expect(component.nestedComponents).toBe(count('component') - 1); // the root is one too
    const starts = metadata.filter((one) => one.metaType.tag === 'module').map((one) => one.range[0]);
    expect(component.coreModules.map((module) => module.offset).sort()).toEqual(starts.sort());
  });
});

describe('interfaces that wasm-tools encoded from WIT source', () => {
  const source = fixtureText('every-type.wit');

  async function interfaces(side: 'imports' | 'exports', name: string): Promise<readonly InterfaceItem[]> {
    const component = decodeComponent(await dummyComponent(source, 'every'));
    const item = component[side].find((one) => one.name === `test:every/${name}@1.0.0`);
    if (item?.kind !== 'interface') throw new Error(`no interface ${name}`);
    return item.items;
  }

  it.each(['imports', 'exports'] as const)('prints back the source of an interface without `use`, from the %s', async (side) => {
    const declared = (await interfaces(side, 'shapes')).map(declaration);
    const block = /interface shapes \{\n(.*?)\n\}/s.exec(source)?.[1]?.replaceAll(/^ {2}/gm, '');
    // wasm-tools writes types in an order of its own.
    expect(declared.sort()).toEqual(block?.split('\n\n').sort());
  });

  it.each(['imports', 'exports'] as const)('tells used types from declared ones, from the %s', async (side) => {
    const items = await interfaces(side, 'drawing');
    const from = (name: string) => {
      const item = items.find((one) => one.name === name);
      if (item?.kind === 'type') return item.type.typeName;
      return item?.kind === 'resource' ? { name: item.resource.name, interface: item.resource.interface } : undefined;
    };
    expect(from('shape')).toEqual({ name: 'shape', interface: 'test:every/shapes@1.0.0' });
    expect(from('position')).toEqual({ name: 'position', interface: 'test:every/drawing@1.0.0' });
    expect(from('frame')).toEqual({ name: 'frame', interface: 'test:every/drawing@1.0.0' });
    expect(from('canvas')).toEqual({ name: 'canvas', interface: 'test:every/drawing@1.0.0' });
    expect(items.map(declaration)).toContain(
      'paint: func(canvas: canvas, over: borrow<canvas>, frame: frame) -> option<canvas>;',
    );
  });
});
