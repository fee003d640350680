import type { FunctionType, ValueType } from '../../../../runtime/index.ts';
import { quoted } from '../text.ts';
import type { Site } from './abi-file.ts';
import { type CoreShape, coreShape } from './core-shape.ts';
import { flatOf, layoutOf, offsetsOf, struct } from './layout.ts';
import { needsScratch } from './lifetimes.ts';
import { lift } from './lift.ts';
import { load } from './load.ts';
import { lowerSimply, lowerToLocals } from './lower.ts';
import { store } from './store.ts';

/** Arguments of a core function, and the statements that must come before the call. */
interface Passed {
  readonly before: string;
  readonly args: readonly string[];
}

/** The declaration of a core function that is imported. */
export function importedCore(name: string, module: string, field: string, type: FunctionType): string {
  const { params, result } = coreShape(type, 'lower');
  const list = params.map((core, index) => `p${index}: ${core}`).join(', ');
  return `@external(${quoted(module)}, ${quoted(field)})\ndeclare function ${name}(${list}): ${result ?? 'void'};\n`;
}

/**
 * Statements that call an imported core function and return what it gives.
 *
 * @param core - name of the core function.
 * @param args - expressions for the parameters, which are names or `this`.
 */
export function callImport(site: Site, core: string, type: FunctionType, args: readonly string[]): string {
  const shape = coreShape(type, 'lower');
  const types = type.params.map((param) => param.type);
  const passed = shape.spillsParams ? inMemory(site, types, args) : flat(site, types, args);
  const free = shape.spillsParams || types.some(needsScratch) ? 'cm.freeScratch();\n' : '';
  return passed.before + callAndReturn(site, core, passed.args, type.result, shape, free);
}

function callAndReturn(
  site: Site,
  core: string,
  args: readonly string[],
  result: ValueType | undefined,
  shape: CoreShape,
  free: string,
): string {
  if (result !== undefined && shape.spillsResult) {
    const area = site.area(layoutOf(result).size);
    return `${core}(${[...args, `<i32>${area}`].join(', ')});\n${free}return ${load(site, result, area, 0)};\n`;
  }
  const call = `${core}(${args.join(', ')})`;
  if (result === undefined) return `${call};\n${free}`;
  if (shape.result === undefined) return `${call};\n${free}return ${lift(site, result, [])};\n`;
  if (free === '') return `return ${lift(site, result, [call])};\n`;
  return `const flat = ${call};\n${free}return ${lift(site, result, ['flat'])};\n`;
}

/** All arguments as one block of scratch memory. */
function inMemory(site: Site, types: readonly ValueType[], args: readonly string[]): Passed {
  const offsets = offsetsOf(types);
  const stores = types.map((type, index) => store(site, type, 'args', offsets[index] ?? 0, args[index] ?? ''));
  return { before: `const args = cm.scratch(${struct(types).size});\n${stores.join('')}`, args: ['<i32>args'] };
}

/** Flat values of all arguments: simple ones as expressions, others in local variables. */
function flat(site: Site, types: readonly ValueType[], args: readonly string[]): Passed {
  let before = '';
  const passed: string[] = [];
  types.forEach((type, index) => {
    const value = args[index] ?? '';
    const expressions = lowerSimply(site, type, value);
    if (expressions !== undefined) {
      passed.push(...expressions);
      return;
    }
    const names = flatOf(type).map((_, at) => `flat${passed.length + at}`);
    before += lowerToLocals(site, type, value, names);
    passed.push(...names);
  });
  return { before, args: passed };
}
