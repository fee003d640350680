import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import { signatureOf } from '../../../runtime/component/signature.ts';
import { HOST_SIGNATURES } from '../../../runtime/wasi/host-signatures.ts';
import { isMet, servedSignatures } from '../../../runtime/wasi/index.ts';

it.each(Object.keys(HOST_SIGNATURES))('%s is served as its WIT has it', async (name) => {
  const text = readFileSync(new URL(`../../../wit/host/${name.split('/')[1]}.wit`, import.meta.url), 'utf8');
  const nested = text.replace(/^package cellblock:host@0\.1\.0;/, '');
  const witSource = `package test:all; world w { import ${name}@0.1.0; } package cellblock:host@0.1.0 { ${nested} }`;
  const component = decodeComponent(await componentNew(await componentEmbed({ witSource, world: 'w', dummy: true })));
  const declared = component.imports.flatMap((item) => (item.kind === 'interface' ? item.items : []));
  const functions = declared.flatMap((item) => (item.kind === 'func' ? [[item.name, signatureOf(item.type)] as const] : []));
  expect(Object.fromEntries(functions)).toEqual(HOST_SIGNATURES[name]);
  expect(functions.length).toBe(Object.keys(HOST_SIGNATURES[name]!).length);
});

it('is served in every patch of its version and no other, and only where it is granted', () => {
  expect(servedSignatures('cellblock:host/files@0.1.7')).toBe(HOST_SIGNATURES['cellblock:host/files']);
  for (const name of [
    'cellblock:host/files@0.2.0',
    'cellblock:host/files',
    'cellblock:host/constructor@0.1.0',
    'constructor@0.1.0',
  ]) {
    expect(servedSignatures(name)).toEqual({});
  }
  expect(isMet('cellblock:host/files@0.1.0')).toBe(false);
  expect(isMet('cellblock:host/config@0.1.0')).toBe(false);
});
