import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import type { Component, InterfaceItem, WorldItem } from '../../../runtime/component/types.ts';
import { assemble, fixture } from '../../support/assemble.ts';

type Interface = Extract<WorldItem, { kind: 'interface' }>;

function world(items: readonly WorldItem[], name: string): WorldItem {
  const item = items.find((one) => one.name === name);
  if (item === undefined) throw new Error(`no item ${name}`);
  return item;
}

function items(component: Component, side: 'imports' | 'exports', name: string): readonly InterfaceItem[] {
  return (world(component[side], name) as Interface).items;
}

function func(list: readonly (WorldItem | InterfaceItem)[], name: string) {
  const item = list.find((one) => one.name === name);
  if (item?.kind !== 'func') throw new Error(`no function ${name}`);
  return item.type;
}

function typeOf(list: readonly (WorldItem | InterfaceItem)[], name: string) {
  const item = list.find((one) => one.name === name);
  if (item?.kind !== 'type') throw new Error(`no type ${name}`);
  return item.type;
}

function resource(list: readonly (WorldItem | InterfaceItem)[], name: string) {
  const item = list.find((one) => one.name === name);
  if (item?.kind !== 'resource') throw new Error(`no resource ${name}`);
  return item.resource;
}

describe('the value types', () => {
  it('gives each primitive by its WIT name, in the order of the parameters', async () => {
    const type = func(decodeComponent(await fixture('every-type.wat')).exports, 'primitives');
    expect(type.params.map((param) => `${param.name}: ${param.type.kind}`)).toEqual([
      'a: bool',
      'b: s8',
      'c: u8',
      'd: s16',
      'e: u16',
      'f: s32',
      'g: u32',
      'h: s64',
      'i: u64',
      'j: f32',
      'k: f64',
      'l: char',
      'm: string',
    ]);
    expect('result' in type).toBe(false);
    expect(type.isAsync).toBe(false);
  });

  it('gives lists, options, results and tuples with their parts', async () => {
    const type = func(decodeComponent(await fixture('every-type.wat')).exports, 'compound');
    const bytes = { kind: 'list', element: { kind: 'u8' } };
    const pair = { kind: 'tuple', items: [{ kind: 'char' }, { kind: 'string' }] };
    expect(type).toEqual({
      params: [
        { name: 'bytes', type: bytes },
        { name: 'maybe', type: { kind: 'option', some: { kind: 'bool' } } },
        { name: 'plain', type: { kind: 'result' } },
        { name: 'from', type: pair },
      ],
      result: { kind: 'result', ok: bytes, err: pair },
      isAsync: false,
    });
  });

  it('gives named types with their name, and one object for one type', async () => {
    const { exports, imports } = decodeComponent(await fixture('every-type.wat'));
    const type = func(exports, 'named');
    const [shape, colour, access, at] = type.params.map((param) => param.type);
    expect(shape?.typeName).toEqual({ name: 'shape' });
    expect(colour).toEqual({ kind: 'enum', names: ['red', 'green', 'blue'], typeName: { name: 'colour' } });
    expect(access).toEqual({ kind: 'flags', names: ['read', 'write', 'type'], typeName: { name: 'access' } });
    expect(type.result).toEqual({ kind: 'u64', typeName: { name: 'id' } });
    const point = {
      kind: 'record',
      fields: [
        { name: 'x', type: { kind: 's32' } },
        { name: 'y', type: { kind: 's32' } },
      ],
      typeName: { name: 'point' },
    };
    expect(at).toEqual(point);
    expect(shape).toMatchObject({
      cases: [
        { name: 'nothing' },
        { name: 'dot', type: point },
        { name: 'line', type: { kind: 'tuple', items: [point, point] } },
      ],
    });
    expect(typeOf(imports, 'point')).toBe(at);
    expect(shape?.kind === 'variant' && shape.cases[1]?.type).toBe(at);
  });

  it('gives handles with the resource that they are of', async () => {
    const { exports, imports } = decodeComponent(await fixture('every-type.wat'));
    const canvas = resource(imports, 'canvas');
    expect(canvas).toEqual({ kind: 'resource', name: 'canvas' });
    const [own, borrow] = func(exports, 'handles').params.map((param) => param.type);
    expect([own?.kind, borrow?.kind]).toEqual(['own', 'borrow']);
    expect(own?.kind === 'own' && own.resource).toBe(canvas);
    expect(borrow?.kind === 'borrow' && borrow.resource).toBe(canvas);
  });

  it('names types of the asynchronous ABI and newer ones without failing', async () => {
    const bytes = await assemble(`(component
      (type $s (stream u8)) (type $f (future (list string))) (type $n (list u8 4))
      (type $fn (func async (param "s" $s) (param "f" $f) (param "n" $n) (param "e" error-context)))
      (import "f" (func (type $fn))))`);
    const type = func(decodeComponent(bytes).imports, 'f');
    expect(type.isAsync).toBe(true);
    expect(type.params.map((param) => param.type)).toEqual([
      { kind: 'unsupported', what: 'stream', parts: [{ kind: 'u8' }] },
      { kind: 'unsupported', what: 'future', parts: [{ kind: 'list', element: { kind: 'string' } }] },
      { kind: 'unsupported', what: 'fixed-length list', parts: [{ kind: 'u8' }], length: 4 },
      { kind: 'unsupported', what: 'error-context' },
    ]);
  });
});

describe('resources', () => {
  it('is one resource through an alias and a `use`, and another where the same type is imported again', async () => {
    const component = decodeComponent(await fixture('resources.wat'));
    const file = resource(items(component, 'imports', 'test:fs/files@1.2.3'), 'file');
    expect(file).toEqual({ kind: 'resource', name: 'file', interface: 'test:fs/files@1.2.3' });
    expect(resource(items(component, 'imports', 'test:fs/cache@1.2.3'), 'file')).toBe(file);
    expect(func(items(component, 'imports', 'test:fs/cache@1.2.3'), 'get').result).toEqual({ kind: 'own', resource: file });
    const other = resource(items(component, 'imports', 'test:fs/other-files'), 'file');
    expect(other).not.toBe(file);
    expect(other).toEqual({ kind: 'resource', name: 'file', interface: 'test:fs/other-files' });
  });

  it('keeps the methods with handles of their own resource', async () => {
    const component = decodeComponent(await fixture('resources.wat'));
    for (const name of ['test:fs/files@1.2.3', 'test:fs/other-files']) {
      const list = items(component, 'imports', name);
      const file = resource(list, 'file');
      const read = func(list, '[method]file.read');
      expect(read.params[0]?.name).toBe('self');
      expect(read.params[0]?.type.kind === 'borrow' && read.params[0].type.resource).toBe(file);
      const made = func(list, '[constructor]file').result;
      expect(made?.kind === 'own' && made.resource).toBe(file);
    }
  });

  it('puts the real resources into the exports of a nested component', async () => {
    const component = decodeComponent(await fixture('resources.wat'));
    const list = items(component, 'exports', 'test:fs/counters@1.2.3');
    const counter = resource(list, 'counter');
    expect(counter).toEqual({ kind: 'resource', name: 'counter', interface: 'test:fs/counters@1.2.3' });
    const self = func(list, '[method]counter.count').params[0]?.type;
    expect(self?.kind === 'borrow' && self.resource).toBe(counter);
    const file = resource(items(component, 'imports', 'test:fs/files@1.2.3'), 'file');
    expect(resource(list, 'file')).toBe(file);
    const opened = func(list, 'open').params[0]?.type;
    expect(opened?.kind === 'own' && opened.resource).toBe(file);
  });

  it('makes a new resource of a component for each instance of it', async () => {
    const bytes = await assemble(`(component
      (component $c
        (type $r' (resource (rep i32)))
        (export $r "r" (type $r'))
        (core module $m (func (export "f") (result i32) unreachable))
        (core instance $i (instantiate $m))
        (func $f (result (own $r')) (canon lift (core func $i "f")))
        (export "make" (func $f) (func (result (own $r)))))
      (instance $a (instantiate $c))
      (instance $b (instantiate $c))
      (export "a" (instance $a))
      (export "b" (instance $b)))`);
    const component = decodeComponent(bytes);
    const [a, b] = [items(component, 'exports', 'a'), items(component, 'exports', 'b')];
    expect(resource(a, 'r')).not.toBe(resource(b, 'r'));
    for (const list of [a, b]) {
      const made = func(list, 'make').result;
      expect(made?.kind === 'own' && made.resource).toBe(resource(list, 'r'));
    }
    expect([resource(a, 'r').interface, resource(b, 'r').interface]).toEqual(['a', 'b']);
  });
});

describe('interfaces that share types', () => {
  it('leads a used type back to the interface that declares it', async () => {
    const component = decodeComponent(await fixture('shared-types.wat'));
    const a = items(component, 'imports', 'test:shared/a@0.1.0');
    const b = items(component, 'imports', 'test:shared/b@0.1.0');
    const rule = typeOf(a, 'rule');
    expect(rule.typeName).toEqual({ name: 'rule', interface: 'test:shared/a@0.1.0' });
    expect(typeOf(b, 'rule')).toBe(rule);
    expect(typeOf(b, 'grade').typeName).toEqual({ name: 'grade', interface: 'test:shared/b@0.1.0' });
    const rules = func(b, 'apply').params[0]?.type;
    expect(rules?.typeName).toEqual({ name: 'rules', interface: 'test:shared/b@0.1.0' });
    expect(rules?.kind === 'list' && rules.element).toBe(rule);
  });

  it('does so for exported interfaces, through the nested components that carry them', async () => {
    const component = decodeComponent(await fixture('shared-types.wat'));
    const entry = typeOf(items(component, 'exports', 'test:shared/data@0.1.0'), 'entry');
    expect(entry.typeName).toEqual({ name: 'entry', interface: 'test:shared/data@0.1.0' });
    const checks = items(component, 'exports', 'test:shared/checks@0.1.0');
    expect(typeOf(checks, 'entry')).toBe(entry);
    const check = func(checks, 'check');
    expect(check.params[0]?.type).toBe(entry);
    expect(check.result).toBe(entry);
  });
});

describe('components in components', () => {
  it('counts them and finds each core module with its path and offset', async () => {
    const bytes = await fixture('nested.wat');
    const component = decodeComponent(bytes);
    expect(component.nestedComponents).toBe(2);
    expect(component.coreModules.map((module) => module.path)).toEqual([[], [0], [0, 0]]);
    for (const module of component.coreModules) {
      expect(module.bytes.buffer).toBe(bytes.buffer);
      expect(module.bytes.byteOffset - bytes.byteOffset).toBe(module.offset);
      expect(WebAssembly.validate(module.bytes as BufferSource)).toBe(true);
    }
    expect(component.digest).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });

  it('finds the functions of instances of instances', async () => {
    const component = decodeComponent(await fixture('nested.wat'));
    expect(items(component, 'exports', 'test:nested/whole').map((item) => item.name)).toEqual(['own', 'seed', 'deep']);
    expect(items(component, 'exports', 'test:nested/parts').map((item) => item.name)).toEqual(['first', 'second']);
    expect(func(items(component, 'exports', 'test:nested/parts'), 'second')).toEqual({
      params: [],
      result: { kind: 'u32' },
      isAsync: false,
    });
  });

  it('carries types and resources through imported components and components that pass components on', async () => {
    const bytes = await assemble(`(component
      (import "source" (instance $source (export "r" (type (sub resource)))))
      (alias export $source "r" (type $r))
      (type $named' (record (field "a" u8)))
      (import "named" (type $named (eq $named')))
      (component $outer
        (import "r" (type $r (sub resource)))
        (import "t" (type $t (sub resource)))
        (component $inner
          (import "i" (type $i (sub resource)))
          (export "same" (type $i)))
        (export "inner" (component $inner))
        (export "kept" (type $t)))
      (instance $o (instantiate $outer (with "r" (type $r)) (with "t" (type $r))))
      (alias export $o "inner" (component $inner))
      (instance $i (instantiate $inner (with "i" (type $r))))
      (instance $again (instantiate $inner (with "i" (type $r))))
      (export "done" (instance $i))
      (export "again" (instance $again)))`);
    const component = decodeComponent(bytes);
    const r = resource(items(component, 'imports', 'source'), 'r');
    expect(resource(items(component, 'exports', 'done'), 'same')).toBe(r);
    expect(resource(items(component, 'exports', 'again'), 'same')).toBe(r);
  });
});

describe('docs', () => {
  it('adds the docs of package-docs to world, interface, function, types, fields and cases', async () => {
    const component = decodeComponent(await fixture('documented.wat'));
    expect(component.docs).toBe('Redacts text.');
    expect(world(component.exports, 'ping')).toMatchObject({ docs: 'Does nothing.' });
    const redaction = world(component.exports, 'test:docs/redaction@0.1.0') as Interface;
    expect(redaction.docs).toBe('How to redact.');
    expect(redaction.items.find((item) => item.name === 'redact')?.docs).toBe('Masks personal data.\nTwo lines.');
    const { params, result } = func(redaction.items, 'redact');
    expect(params[1]?.type).toMatchObject({
      docs: 'What to do.',
      fields: [{ name: 'mask', docs: 'Written in place of each letter.' }],
    });
    expect(result).toMatchObject({ cases: [{ name: 'clean' }, { name: 'masked', docs: 'How many.' }] });
  });

  it('reads version 0, where a function has a plain string', async () => {
    const docs = JSON.stringify({ worlds: { w: { funcs: { f: ' Says f. ' } } } }).replaceAll('"', '\\22');
    const component = decodeComponent(await assemble(`(component (import "f" (func)) (@custom "package-docs" "\\00${docs}"))`));
    expect(component.imports).toEqual([{ kind: 'func', name: 'f', type: { params: [], isAsync: false }, docs: 'Says f.' }]);
  });

  it.each([
    ['of another version', '\\02{}'],
    ['that is not JSON', '\\01{'],
    ['of another shape', '\\01[]'],
    ['whose keys are those of every object', '\\01{\\22worlds\\22:{\\22__proto__\\22:{\\22docs\\22:1}},\\22interfaces\\22:7}'],
    ['that is empty', ''],
  ])('leaves out docs %s', async (_, text) => {
    const component = decodeComponent(await assemble(`(component (import "f" (func)) (@custom "package-docs" "${text}"))`));
    expect(component.docs).toBeUndefined();
    expect(component.imports).toEqual([{ kind: 'func', name: 'f', type: { params: [], isAsync: false } }]);
  });

  it('does not give the docs of one interface to another of the same label', async () => {
    const docs = JSON.stringify({ interfaces: { types: { docs: 'Mine.' } } }).replaceAll('"', '\\22');
    const component = decodeComponent(
      await assemble(`(component
        (import "a:a/types" (instance)) (import "b:b/types" (instance))
        (@custom "package-docs" "\\01${docs}"))`),
    );
    expect(component.imports.map((item) => 'docs' in item)).toEqual([false, false]);
  });
});

describe('what a world may hold', () => {
  it('lists imported modules, components and values by their kind', async () => {
    const component = decodeComponent(
      await assemble(`(component
        (import "m" (core module (import "a" "b" (func)) (import "a" "m" (memory 1)) (export "c" (func (param i32)))))
        (import "c" (component (import "f" (func)) (export "g" (func (result u8)))))
        (type $r (func (result string)))
        (import "f" (func (type $r))))`),
    );
    expect(component.imports.map((item) => `${item.kind} ${item.name}`)).toEqual(['module m', 'component c', 'func f']);
  });

  it('marks a component that uses the asynchronous ABI', async () => {
    const text = (canon: string) => `(component (core func ${canon}))`;
    expect(decodeComponent(await assemble(text('(canon waitable-set.new)'))).asyncAbi).toBe(true);
    expect(decodeComponent(await fixture('resources.wat')).asyncAbi).toBeUndefined();
  });

  it('reads values and a start function, which no toolchain writes yet', () => {
    const header = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
    const bytes = Uint8Array.from([
      ...header,
      ...[7, 8, 1, 0x40, 1, 1, 0x78, 0x79, 0, 0x73], // (type (func (param "x" u32) (result string)))
      ...[10, 12, 2, 0, 1, 0x66, 1, 0, 0, 1, 0x76, 2, 1, 0x79], // (import "f" (func (type 0))) (import "v" (value u32))
      ...[9, 4, 0, 1, 0, 1], // (start 0 (value 0) (result (value)))
      ...[12, 4, 1, 0x7d, 1, 7], // (value u8 7)
      ...[11, 13, 2, 0, 1, 0x73, 2, 1, 0, 0, 1, 0x6e, 2, 2, 0], // (export "s" (value 1)) (export "n" (value 2))
    ]);
    const component = decodeComponent(bytes);
    expect(component.imports.map((item) => `${item.kind} ${item.name}`)).toEqual(['func f', 'value v']);
    expect(component.exports.map((item) => `${item.kind} ${item.name}`)).toEqual(['value s', 'value n']);
  });

  it('is empty for the empty component', async () => {
    const bytes = await assemble('(component)');
    expect(decodeComponent(bytes)).toEqual({
      bytes,
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      imports: [],
      exports: [],
      body: { definitions: [] },
      coreModules: [],
      nestedComponents: 0,
    });
  });
});
