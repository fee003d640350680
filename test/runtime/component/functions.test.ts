import { describe, expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import { findFunctions, resolveFunction } from '../../../runtime/component/functions.ts';
import type { Component } from '../../../runtime/component/types.ts';
import { assemble, fixture } from '../../support/assemble.ts';

function reasons(component: Component): Record<string, string | boolean> {
  return Object.fromEntries(findFunctions(component).map((one) => [one.id, one.reason ?? one.callable]));
}

function failure(work: () => unknown): { code: string; message: string; help: string; data: Record<string, unknown> } {
  try {
    work();
  } catch (error) {
    return error as ReturnType<typeof failure>; // a CodedError; its fields are what the tests compare
  }
  throw new Error('expected an error');
}

describe('findFunctions', () => {
  it('lists functions of the world and of its interfaces, each with its id', async () => {
    const functions = findFunctions(decodeComponent(await fixture('nested.wat')));
    expect(functions.map((one) => [one.id, one.interface, one.name, one.callable])).toEqual([
      ['test:nested/whole#own', 'test:nested/whole', 'own', true],
      ['test:nested/whole#seed', 'test:nested/whole', 'seed', true],
      ['test:nested/whole#deep', 'test:nested/whole', 'deep', true],
      ['test:nested/parts#first', 'test:nested/parts', 'first', true],
      ['test:nested/parts#second', 'test:nested/parts', 'second', true],
      ['direct', undefined, 'direct', true],
    ]);
  });

  it('says why functions with handles and members of resources are not callable', async () => {
    expect(reasons(decodeComponent(await fixture('resources.wat')))).toEqual({
      'test:fs/counters@1.2.3#[constructor]counter': 'belongs to the resource `counter`, whose instances are handles, not data',
      'test:fs/counters@1.2.3#[method]counter.count': 'belongs to the resource `counter`, whose instances are handles, not data',
      'test:fs/counters@1.2.3#open': 'takes an owned handle of the resource `file` in the parameter `file`',
    });
    expect(reasons(decodeComponent(await fixture('every-type.wat')))).toEqual({
      primitives: true,
      compound: true,
      named: true,
      handles: 'takes an owned handle of the resource `canvas` in the parameter `canvas`',
      nothing: true,
    });
  });

  it('says why functions of the asynchronous ABI are not callable', async () => {
    const bytes = await assemble(`(component
      (type $r (record (field "a" (list (stream u8)))))
      (import "r" (type $r2 (eq $r)))
      (import "a" (func $a async (param "x" u8)))
      (import "b" (func $b (param "x" (option $r2))))
      (import "c" (func $c (result (result (error error-context)))))
      (export "later" (func $a))
      (export "streaming" (func $b))
      (export "failing" (func $c)))`);
    expect(reasons(decodeComponent(bytes))).toEqual({
      later: 'is asynchronous',
      streaming: 'takes a value of the unsupported type `stream` in the parameter `x`',
      failing: 'returns a value of the unsupported type `error-context`',
    });
  });

  it('looks at a type that many functions share once', async () => {
    const fields = Array.from({ length: 20_000 }, (_, index) => `(field "f${index}" u8)`).join(' ');
    const exports = Array.from({ length: 20_000 }, (_, index) => `(export "e${index}" (func $f))`).join(' ');
    const bytes = await assemble(`(component (type $r' (record ${fields})) (import "r" (type $r (eq $r')))
      (import "f" (func $f (param "r" $r))) ${exports})`);
    const component = decodeComponent(bytes);
    const started = performance.now();
    expect(findFunctions(component)).toHaveLength(20_000);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('carries docs', async () => {
    const functions = findFunctions(decodeComponent(await fixture('documented.wat')));
    expect(functions.map((one) => [one.id, one.docs])).toEqual([
      ['test:docs/redaction@0.1.0#redact', 'Masks personal data.\nTwo lines.'],
      ['ping', 'Does nothing.'],
    ]);
  });
});

describe('resolveFunction', () => {
  it('finds a function by its full id, without the version, and by its name', async () => {
    const component = decodeComponent(await fixture('documented.wat'));
    for (const name of ['test:docs/redaction@0.1.0#redact', 'test:docs/redaction#redact', 'redact']) {
      expect(resolveFunction(component, name).id).toBe('test:docs/redaction@0.1.0#redact');
    }
    expect(resolveFunction(component, 'ping').id).toBe('ping');
  });

  it('gives a function that is not callable, too', async () => {
    const component = decodeComponent(await fixture('resources.wat'));
    expect(resolveFunction(component, 'open').callable).toBe(false);
  });

  it('refuses a version that is not exported', async () => {
    const component = decodeComponent(await fixture('documented.wat'));
    expect(failure(() => resolveFunction(component, 'test:docs/redaction@0.2.0#redact'))).toMatchObject({
      code: 'component/unknown-function',
      message: 'no function `test:docs/redaction@0.2.0#redact` is exported',
      help: 'use one of `test:docs/redaction@0.1.0#redact`, `ping`',
    });
  });

  it('names the nearest functions first', async () => {
    const component = decodeComponent(await fixture('every-type.wat'));
    const error = failure(() => resolveFunction(component, 'compund'));
    expect(error.message).toBe('no function `compund` is exported');
    expect(error.data).toEqual({ candidates: ['compound', 'named', 'nothing', 'primitives'] });
  });

  it('refuses a name that fits two interfaces, and names both', async () => {
    const component = decodeComponent(
      await assemble(`(component
        (import "f" (func $f))
        (instance $i (export "run" (func $f)))
        (export "a:b/c@1.0.0" (instance $i))
        (export "a:b/c@2.0.0" (instance $i)))`),
    );
    const candidates = ['a:b/c@1.0.0#run', 'a:b/c@2.0.0#run'];
    expect(failure(() => resolveFunction(component, 'run'))).toMatchObject({
      code: 'component/unknown-function',
      message: 'the name `run` fits 2 functions',
      data: { candidates },
    });
    expect(failure(() => resolveFunction(component, 'a:b/c#run')).data).toEqual({ candidates });
    expect(resolveFunction(component, 'a:b/c@2.0.0#run').interface).toBe('a:b/c@2.0.0');
  });

  it('says so when the component exports nothing', async () => {
    const component = decodeComponent(await assemble('(component)'));
    expect(failure(() => resolveFunction(component, 'f'))).toMatchObject({ data: { candidates: [] }, help: undefined });
  });
});
