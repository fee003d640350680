import { type CoreFuncType, describeCoreFunc } from './core-types.ts';
import type { CanonOptions, StringEncoding } from './definitions.ts';
import { article, type ByteReader, hex, malformed, unsupported } from './reader.ts';
import type { CoreSort, Scope } from './scope.ts';
import type { Mutable } from './type-space.ts';

/** The options of a canonical definition, checked as far as they do not depend on its function. */
export interface ReadOptions {
  readonly options: CanonOptions;
  /** Core function that goes on with an asynchronous call. */
  readonly callback?: number;
  /** In bytes from the start of the binary. */
  readonly offset: number;
}

const ENCODINGS: readonly StringEncoding[] = ['utf8', 'utf16', 'latin1+utf16'];

/**
 * Takes the options of a canonical definition; each kind at most once (the three string encodings are one kind).
 * Source: component model, CanonicalABI.md, canonopt Validation.
 */
export function readOptions(reader: ByteReader, scope: Scope): ReadOptions {
  const start = reader.position;
  const count = reader.count('canonical options');
  const seen = new Set<number>();
  const options: Mutable<CanonOptions> = { encoding: 'utf8' };
  let callback: number | undefined;
  for (let index = 0; index < count; index++) {
    const offset = reader.position;
    const option = reader.byte('a canonical option');
    const kind = option <= 0x02 ? 0x00 : option;
    if (seen.has(kind)) throw malformed(offset, `expected each canonical option once, found ${hex(option)} again`);
    seen.add(kind);
    if (option === 0x07) callback = readIndex(reader, scope, 'core func');
    else readOption(option, offset, reader, scope, options);
  }
  checkTogether(options, callback, scope, start);
  return { options, ...(callback === undefined ? {} : { callback }), offset: start };
}

function readOption(option: number, offset: number, reader: ByteReader, scope: Scope, options: Mutable<CanonOptions>): void {
  const { space } = scope;
  if (option <= 0x02) {
    options.encoding = ENCODINGS[option] as StringEncoding; // 0 to 2
    if (option === 0x02) space.jcoRefuses ??= `jco fails on the string encoding latin1+utf16 at byte ${offset}`;
  } else if (option === 0x03) options.memory = readMemory(reader, scope);
  else if (option === 0x04) options.realloc = readIndex(reader, scope, 'core func');
  else if (option === 0x05) options.postReturn = readIndex(reader, scope, 'core func');
  else if (option === 0x06) {
    options.async = true;
    space.asyncAbi = true;
  } else if (option === 0x08 || option === 0x09) throw unsupported(offset, `the canonical option ${hex(option)} (GC)`);
  else throw malformed(offset, `expected a canonical option, found ${hex(option)}`);
}

function readMemory(reader: ByteReader, scope: Scope): number {
  const offset = reader.position;
  const index = readIndex(reader, scope, 'core memory');
  const { is64, isShared, pageBits } = scope.at('core memory', index, offset).limits;
  if (isShared) throw malformed(offset, 'expected an unshared memory, found a shared one');
  if (is64) throw unsupported(offset, 'a memory with 64-bit addresses for values');
  if (pageBits !== 16) throw unsupported(offset, 'a memory with pages of another size for values');
  return index;
}

function checkTogether(options: CanonOptions, callback: number | undefined, scope: Scope, offset: number): void {
  if (callback !== undefined && options.async === undefined) throw malformed(offset, 'expected `async` beside `callback`');
  if (options.postReturn !== undefined && options.async) throw malformed(offset, 'expected no `post-return` beside `async`');
  if (options.realloc === undefined) return;
  if (options.memory === undefined)
    throw malformed(offset, 'expected the canonical option `memory` beside `realloc`, found none');
  const wanted = scope.space.coreFuncs.of(['i32', 'i32', 'i32', 'i32'], ['i32']);
  checkFunc(scope, options.realloc, wanted, 'realloc', offset);
}

/** Checks the type of a core function that an option names. */
export function checkFunc(scope: Scope, func: number, wanted: CoreFuncType, option: string, offset: number): void {
  const { type } = scope.at('core func', func, offset);
  if (type === wanted) return;
  throw malformed(offset, `expected ${describeCoreFunc(wanted)} for \`${option}\`, found ${describeCoreFunc(type)}`);
}

/** Throws `component/malformed` when what is needed of `memory` and `realloc` is not given. */
export function requireOptions({ options, offset }: ReadOptions, needsMemory: boolean, needsRealloc: boolean): void {
  for (const [name, needed] of [['memory', needsMemory || needsRealloc] as const, ['realloc', needsRealloc] as const]) {
    if (needed && options[name] === undefined) throw malformed(offset, `expected the canonical option \`${name}\`, found none`);
  }
}

/** Throws `component/malformed` for options that only a lifted function can have. */
export function refuseLiftOptions({ options, callback, offset }: ReadOptions): void {
  if (options.postReturn !== undefined) throw malformed(offset, 'expected `post-return` for a lifted function only');
  if (callback !== undefined) throw malformed(offset, 'expected `callback` for a lifted function only');
}

function readIndex(reader: ByteReader, scope: Scope, sort: CoreSort): number {
  const offset = reader.position;
  const index = reader.u32(`${article(sort)} index`);
  scope.at(sort, index, offset);
  return index;
}
