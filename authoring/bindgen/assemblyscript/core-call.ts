import type { FunctionType } from '../../../runtime/index.ts';
import type { Abi, Place } from './abi.ts';
import { type Core, FLAT_PARAMS_MAX, flatAll, flatOf, layoutOf, offsetsOf, struct } from './layout.ts';
import { paramNames, type Scope } from './scope.ts';
import { quoted } from './text.ts';

/** How a function looks in core WebAssembly, seen by who calls it (`lower`) or implements it (`lift`). */
interface CoreShape {
  readonly params: readonly Core[];
  readonly result: Core | undefined;
  /** Whether all parameters, or the result, go through memory. */
  readonly spillsParams: boolean;
  readonly spillsResult: boolean;
}

function coreShape({ params, result }: FunctionType, side: 'lower' | 'lift'): CoreShape {
  const flat = flatAll(params.map((param) => param.type));
  const spillsParams = flat.length > FLAT_PARAMS_MAX;
  const results = result === undefined ? [] : flatOf(result);
  const spillsResult = results.length > 1;
  const core: Core[] = spillsParams ? ['i32'] : flat;
  if (spillsResult && side === 'lower') core.push('i32');
  return { params: core, result: spillsResult ? (side === 'lift' ? 'i32' : undefined) : results[0], spillsParams, spillsResult };
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
 * @param made - how the result is returned, when not as it is.
 */
export function callImport(
  core: string,
  type: FunctionType,
  args: readonly string[],
  abi: Abi,
  scope: Scope,
  made = (expression: string) => `return ${expression};\n`,
): string {
  const shape = coreShape(type, 'lower');
  const types = type.params.map((param) => param.type);
  abi.handleScope = scope;
  const q = `${scope.whole('abi', 'abi')}.`;
  const passed: string[] = [];
  let before = '';
  if (shape.spillsParams) {
    const { size } = struct(types);
    const offsets = offsetsOf(types);
    before += `const args = cm.scratch(${size});\n`;
    types.forEach((one, index) => {
      before += abi.store(one, 'args', offsets[index] ?? 0, args[index] ?? '', q);
    });
    passed.push('<i32>args');
  } else before += lowerAll(types, args, passed, abi, q);
  if (shape.spillsResult && type.result !== undefined) passed.push(`<i32>${q}${abi.area(layoutOf(type.result).size)}`);
  const call = `${core}(${passed.join(', ')})`;
  const free = shape.spillsParams || types.some((one) => abi.needsScratch(one)) ? 'cm.freeScratch();\n' : '';
  const text = before + callAndReturn(call, free, shape, type, abi, q, made);
  abi.handleScope = undefined;
  return text;
}

function callAndReturn(
  call: string,
  free: string,
  shape: CoreShape,
  { result }: FunctionType,
  abi: Abi,
  q: string,
  made: (expression: string) => string,
): string {
  if (result === undefined) return `${call};\n${free}`;
  if (shape.spillsResult) return `${call};\n${free}${made(abi.load(result, `${q}area`, 0, q))}`;
  if (shape.result === undefined) return `${call};\n${free}${made(abi.lift(result, [], q))}`;
  if (free === '') return made(abi.lift(result, [call], q));
  return `const flat = ${call};\n${free}${made(abi.lift(result, ['flat'], q))}`;
}

/** Flat values of all arguments: simple ones as expressions, others in locals. */
function lowerAll(
  types: readonly FunctionType['params'][number]['type'][],
  args: readonly string[],
  passed: string[],
  abi: Abi,
  q: string,
): string {
  let text = '';
  types.forEach((type, index) => {
    const flat = flatOf(type);
    const value = args[index] ?? '';
    const expressions: string[] = [];
    const attempt = abi.lower(
      type,
      value,
      flat.map(() => into(expressions)),
      q,
    );
    if (attempt === '' && expressions.length === flat.length) {
      passed.push(...expressions);
      return;
    }
    const names = flat.map((_, at) => `flat${passed.length + at}`);
    text += names.map((name, at) => `let ${name}: ${flat[at] ?? 'i32'} = 0;\n`).join('');
    text += abi.lower(
      type,
      value,
      names.map(
        (name): Place =>
          (expression) =>
            `${name} = ${expression};\n`,
      ),
      q,
    );
    passed.push(...names);
  });
  return text;
}

/** A place that writes no statement and notes the expression. */
function into(expressions: string[]): Place {
  return (expression) => {
    expressions.push(expression);
    return '';
  };
}

/**
 * A core function that the component exports: lifts its parameters, calls the author's code and lowers what that gives.
 *
 * @param exported - name of the core function, as AssemblyScript can spell it.
 * @param call - the call of the author's code, from expressions for its arguments.
 */
export function exportedCore(
  exported: string,
  type: FunctionType,
  call: (args: readonly string[]) => string,
  abi: Abi,
  scope: Scope,
): string {
  const shape = coreShape(type, 'lift');
  const types = type.params.map((param) => param.type);
  abi.handleScope = scope;
  const q = `${scope.whole('abi', 'abi')}.`;
  const names = paramNames(type.params);
  const coreParams: string[] = [];
  const args: string[] = [];
  if (shape.spillsParams) {
    const offsets = offsetsOf(types);
    coreParams.push('at: usize');
    args.push(...types.map((one, index) => abi.load(one, 'at', offsets[index] ?? 0, q)));
  } else {
    types.forEach((one, index) => {
      const flat = flatOf(one).map((core, part) => ({ name: `${names[index] ?? ''}${part}`, core }));
      coreParams.push(...flat.map(({ name, core }) => `${name}: ${core}`));
      args.push(
        abi.lift(
          one,
          flat.map(({ name }) => name),
          q,
        ),
      );
    });
  }
  const end = types.some((one) => abi.hasBorrows(one)) ? 'cm.endBorrows();\n' : '';
  const body = `cm.enter();\n${exportedBody(type, shape, args, call, end, abi, q)}`;
  abi.handleScope = undefined;
  const head = `export function ${exported}(${coreParams.join(', ')}): ${shape.result ?? 'void'} {\n`;
  return `${head}${body.replace(/^(?=.)/gm, '  ')}}\n`;
}

function exportedBody(
  { result }: FunctionType,
  shape: CoreShape,
  args: readonly string[],
  call: (args: readonly string[]) => string,
  end: string,
  abi: Abi,
  q: string,
): string {
  // Parameters in memory are lifted by one expression each, and only then their block may go.
  const locals = shape.spillsParams
    ? `${args.map((arg, index) => `const arg${index} = ${arg};\n`).join('')}cm.release(at, 1);\n`
    : '';
  const passed = shape.spillsParams ? args.map((_, index) => `arg${index}`) : args;
  if (result === undefined) return `${locals}${call(passed)};\n${end}`;
  const value = `${locals}const result = ${call(passed)};\n${end}`;
  const keep = abi.hasPointers(result) ? 'cm.keep(changetype<Object>(result));\n' : '';
  if (shape.spillsResult) {
    const area = `${q}${abi.area(layoutOf(result).size)}`;
    return `${value}${keep}${abi.store(result, area, 0, 'result', q)}return <i32>${area};\n`;
  }
  if (shape.result === undefined) return value;
  const expressions: string[] = [];
  const simple = abi.lower(result, 'result', [into(expressions)], q);
  if (simple === '' && expressions.length === 1) return `${value}return ${expressions[0] ?? ''};\n`;
  return `${value}let flat: ${shape.result} = 0;\n${abi.lower(result, 'result', [(expression) => `flat = ${expression};\n`], q)}return flat;\n`;
}

/** The core function that the host calls after it has lifted a result; nothing where there is nothing to free. */
export function postReturn(exported: string, { result }: FunctionType, abi: Abi): string {
  if (result === undefined || !abi.hasPointers(result)) return '';
  const scratch = abi.needsScratch(result) ? '  cm.freeScratch();\n' : '';
  return `export function ${exported}(_at: i32): void {\n  cm.keep(null);\n${scratch}}\n`;
}
