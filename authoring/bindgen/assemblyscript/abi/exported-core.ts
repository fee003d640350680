import type { FunctionType } from '../../../../runtime/index.ts';
import { paramNames } from '../scope.ts';
import { indented } from '../text.ts';
import type { Site } from './abi-file.ts';
import { type CoreShape, coreShape } from './core-shape.ts';
import { flatOf, layoutOf, offsetsOf } from './layout.ts';
import { hasBorrows, hasPointers, needsScratch } from './lifetimes.ts';
import { lift } from './lift.ts';
import { load } from './load.ts';
import { lowerSimply, lowerToLocals } from './lower.ts';
import { store } from './store.ts';

/** Writes the call of the author's code, from expressions for its arguments. */
export type AuthorCall = (args: readonly string[]) => string;

/** Parameters of the core function, and what becomes of them. */
interface Lifted {
  readonly core: readonly string[];
  /** Statements before the call of the author's code. */
  readonly before: string;
  /** Expressions for the arguments of that call. */
  readonly args: readonly string[];
}

/**
 * A core function that the component exports: lifts its parameters, calls the author's code and lowers what that gives.
 *
 * @param exported - name of the core function, as AssemblyScript can spell it.
 */
export function exportedCore(site: Site, exported: string, type: FunctionType, call: AuthorCall): string {
  const shape = coreShape(type, 'lift');
  const lifted = shape.spillsParams ? liftFromMemory(site, type) : liftFlat(site, type);
  const end = type.params.some((param) => hasBorrows(param.type, site.model)) ? 'cm.endBorrows();\n' : '';
  const body = `cm.enter();\n${lifted.before}${callAndLower(site, type, shape, call(lifted.args), end)}`;
  return `export function ${exported}(${lifted.core.join(', ')}): ${shape.result ?? 'void'} {\n${indented(body)}}\n`;
}

/** Parameters in memory are lifted by one expression each, and only then their block may go. */
function liftFromMemory(site: Site, { params }: FunctionType): Lifted {
  const offsets = offsetsOf(params.map((param) => param.type));
  const args = params.map((_, index) => `arg${index}`);
  const locals = params.map(
    ({ type }, index) => `const ${args[index] ?? ''} = ${load(site, type, 'at', offsets[index] ?? 0)};\n`,
  );
  return { core: ['at: usize'], before: `${locals.join('')}cm.release(at, 1);\n`, args };
}

function liftFlat(site: Site, { params }: FunctionType): Lifted {
  const names = paramNames(params);
  const core: string[] = [];
  const args = params.map(({ type }, index) => {
    const flat = flatOf(type).map((one, part) => ({ name: `${names[index] ?? ''}${part}`, core: one }));
    core.push(...flat.map((one) => `${one.name}: ${one.core}`));
    return lift(
      site,
      type,
      flat.map(({ name }) => name),
    );
  });
  return { core, before: '', args };
}

/** @param end - statements for after the author's code. */
function callAndLower(site: Site, { result }: FunctionType, shape: CoreShape, call: string, end: string): string {
  if (result === undefined) return `${call};\n${end}`;
  const keep = hasPointers(result) ? 'cm.keep(changetype<Object>(result));\n' : '';
  const value = `const result = ${call};\n${end}`;
  if (shape.spillsResult) {
    const area = site.area(layoutOf(result).size);
    return `${value}${keep}${store(site, result, area, 0, 'result')}return <i32>${area};\n`;
  }
  if (shape.result === undefined) return value;
  const simple = lowerSimply(site, result, 'result');
  if (simple !== undefined) return `${value}return ${simple.join('')};\n`;
  return `${value}${lowerToLocals(site, result, 'result', ['flat'])}return flat;\n`;
}

/** The core function that the host calls after it has lifted a result; nothing where there is nothing to free. */
export function postReturn(exported: string, { result }: FunctionType): string {
  if (result === undefined || !hasPointers(result)) return '';
  const scratch = needsScratch(result) ? '  cm.freeScratch();\n' : '';
  return `export function ${exported}(_at: i32): void {\n  cm.keep(null);\n${scratch}}\n`;
}
