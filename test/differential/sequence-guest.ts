import type { ValueType } from '../../runtime/component/types.ts';
import { WitTypes } from '../support/echo-component.ts';
import { component } from './assembly.ts';
import { coreSignature, importType, loadCode, memoryText } from './core-code.ts';
import { GuestData } from './guest-data.ts';
import { PLACES, type Program, type ProgramFunction } from './sequence-program.ts';
import { alignmentOf, sizeOf } from './spec-layout.ts';

/*
 * The guest of a program: its one function `run` makes the calls, with arguments that lie in its data, and tells the host
 * each answer (`heard-...`) before it goes on. It returns the last answer of all.
 */

export const RUN_INTERFACE = 'test:diff/run';
const DATA_AT = 1024;

/** The step whose answer `run` returns: the last with one; -1 for none. */
export function returningStep(program: Program): number {
  return program.steps.findLastIndex(({ func }) => program.functions[func]!.result !== undefined);
}

export function sequenceGuest(program: Program): Promise<Uint8Array> {
  return component(coreText(program), sequenceWit(program), program.encoding);
}

/** `call-a` tells its answers to `heard-a`. */
export function heardName(name: string): string {
  return name.replace('call-', 'heard-');
}

export function sequenceWit({ functions, ...program }: Program): string {
  const imports = PLACES.map((place) => {
    const types = new WitTypes();
    const lines = functions
      .filter((one) => one.place === place)
      .flatMap(({ name, params, result }) => [
        `${name}: func(${params.map((type, at) => `${'abc'[at]}: ${types.of(type)}`).join(', ')})${result === undefined ? '' : ` -> ${types.of(result)}`};`,
        ...(result === undefined ? [] : [`${heardName(name)}: func(value: ${types.of(result)});`]),
      ]);
    return { place, declared: types.lines, lines };
  }).filter(({ lines }) => lines.length > 0);
  const types = new WitTypes();
  const returning = returningStep({ functions, ...program });
  const returned = returning < 0 ? undefined : functions[program.steps[returning]!.func]!.result;
  const result = returned === undefined ? '' : ` -> ${types.of(returned)}`;
  const interfaces = imports.filter(({ place }) => place !== '');
  const root = imports.find(({ place }) => place === '');
  return `package test:diff;
    ${interfaces.map(({ place, declared, lines }) => `interface ${place.split('/')[1]} {\n${[...declared, ...lines].join('\n')}\n}`).join('\n')}
    interface run { ${types.lines.join('\n')} run: func()${result}; }
    world w {
      ${interfaces.map(({ place }) => `import ${place.split('/')[1]};`).join('\n')}
      ${root === undefined ? '' : [...root.declared, ...root.lines.map((line) => `import ${line}`)].join('\n')}
      export run;
    }`;
}

function coreText(program: Program): string {
  const data = new GuestData(DATA_AT, program.encoding);
  const returning = returningStep(program);
  const steps = program.steps.map((_, at) => stepCode(program, at, data));
  const returned = returning < 0 ? undefined : program.functions[program.steps[returning]!.func]!.result;
  const signature = coreSignature([], returned);
  const leaves = returned === undefined ? '' : `(result ${signature.resultInMemory ? 'i32' : signature.result})`;
  return `(module
    ${program.functions.map(importText).join('\n')}
    ${memoryText(Math.ceil(data.end / 8) * 8)}
    ${data.segment()}
    (func (export "${RUN_INTERFACE}#run") ${leaves} (local $zero i32) ${resultLocals(program)}
      ${steps.map(({ code }) => code).join('\n')}
      ${returning < 0 ? '' : steps[returning]!.left}))`;
}

function importText({ place, name, params, result }: ProgramFunction): string {
  const within = place === '' ? '$root' : place;
  const call = `(import "${within}" "${name}" (func $${name} ${importType(coreSignature(params, result))}))`;
  if (result === undefined) return call;
  const heard = heardName(name);
  return `${call} (import "${within}" "${heard}" (func $${heard} ${importType(coreSignature([result], undefined))}))`;
}

/** A local for each answer that is one core value. */
function resultLocals({ steps, functions }: Program): string {
  return steps
    .map(({ func }, at) => ({ at, core: coreSignature([], functions[func]!.result).result }))
    .filter(({ core }) => core !== undefined)
    .map(({ at, core }) => `(local $r${at} ${core})`)
    .join(' ');
}

/** @returns the code of a step, and the expression for its answer as `run` returns it. */
function stepCode({ functions, steps, dirty }: Program, at: number, data: GuestData): { code: string; left: string } {
  const { func, args } = steps[at]!;
  const { name, params, result } = functions[func]!;
  const signature = coreSignature(params, result);
  const passed =
    params.length === 0 ? [] : argumentCode({ kind: 'tuple', items: params }, args, signature.paramsInMemory, data, dirty);
  if (result === undefined) return { code: `(call $${name} ${passed.join(' ')})`, left: '' };
  const heard = heardName(name);
  if (!signature.resultInMemory) {
    const code = `(local.set $r${at} (call $${name} ${passed.join(' ')})) (call $${heard} (local.get $r${at}))`;
    return { code, left: `(local.get $r${at})` };
  }
  const area = data.reserve(alignmentOf(result), sizeOf(result));
  const told = coreSignature([result], undefined).paramsInMemory
    ? [`(i32.const ${area})`]
    : loadCode(result, { local: '$zero', offset: area }, { dirty });
  const code = `(call $${name} ${passed.join(' ')} (i32.const ${area})) (call $${heard} ${told.join(' ')})`;
  return { code, left: `(i32.const ${area})` };
}

function argumentCode(
  tuple: ValueType,
  args: Program['steps'][number]['args'],
  inMemory: boolean,
  data: GuestData,
  dirty: boolean,
): string[] {
  const at = data.place(tuple, args);
  return inMemory ? [`(i32.const ${at})`] : loadCode(tuple, { local: '$zero', offset: at }, { dirty });
}
