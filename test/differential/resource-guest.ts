import { component } from './assembly.ts';
import { memoryText } from './core-code.ts';
import { THINGS, THINGS_WIT } from './resource-host.ts';
import type { ResourceProgram, ResourceStep } from './resource-program.ts';

/** The interface of the guest of a program; its one function is `run`. */
export const RESOURCE_RUN = 'test:diff/run';

const AREA = 1024;
const TEXT_AT = 2048;
const TEXT_BYTES = 256;

/** The core functions that the guest imports, with their core types. */
const IMPORTS: readonly (readonly [id: string, name: string, type: string])[] = [
  ['new', '[constructor]thing', '(param i32) (result i32)'],
  ['value', '[method]thing.value', '(param i32) (result i32)'],
  ['merge', '[method]thing.merge', '(param i32 i32) (result i32)'],
  ['split', '[method]thing.split', '(param i32) (result i32)'],
  ['absorb', '[method]thing.absorb', '(param i32 i32) (result i32)'],
  ['make', '[static]thing.make', '(param i32 i32) (result i32)'],
  ['total', '[static]thing.total', '(param i32 i32) (result i32)'],
  ['look', 'look', '(param i32) (result i32)'],
  ['looks', 'looks', '(param i32 i32) (result i32)'],
  ['give', 'give', '(param i32) (result i32)'],
  ['consume', 'consume', '(param i32) (result i32)'],
  ['swap', 'swap', '(param i32 i32) (result i32)'],
  ['laps', 'laps', '(param i32 i32) (result i32)'],
  ['many', 'many', '(param i32 i32 i32)'],
  ['maybe', 'maybe', '(param i32 i32 i32)'],
  ['attempt', 'attempt', '(param i32 i32 i32)'],
  ['note', 'note', '(param i32)'],
  ['drop', '[resource-drop]thing', '(param i32)'],
];

export function resourceGuest(program: ResourceProgram): Promise<Uint8Array> {
  const wit = `package test:diff; ${THINGS_WIT} interface run { run: func(); } world w { import things; export run; }`;
  return component(coreText(program), wit, 'utf8');
}

function coreText({ steps, slots }: ResourceProgram): string {
  const locals = Array.from({ length: slots }, (_, at) => `(local $h${at} i32)`).join(' ');
  return `(module
    ${IMPORTS.map(([id, name, type]) => `(import "${THINGS}" "${name}" (func $${id} ${type}))`).join('\n')}
    ${memoryText(4096)}
    (data (i32.const ${TEXT_AT}) "${'x'.repeat(TEXT_BYTES)}")
    (func (export "${RESOURCE_RUN}#run") ${locals}
      ${steps.map(stepCode).join('\n')}))`;
}

const slot = (at: number): string => `(local.get $h${at})`;
/** Puts a handle into its slot and tells the host its index. */
const keep = (into: number, handle: string): string => `(local.set $h${into} ${handle}) (call $note ${slot(into)})`;
const i32 = (value: number): string => `(i32.const ${value})`;

function stepCode(step: ResourceStep): string {
  switch (step.op) {
    case 'new':
    case 'give':
      return keep(step.into, `(call $${step.op} ${i32(step.seed)})`);
    case 'make':
      return keep(step.into, `(call $make ${i32(TEXT_AT)} ${i32(step.seed)})`);
    case 'value':
    case 'merge':
    case 'total':
    case 'look':
    case 'absorb':
      return `(call $note (call $${step.op} ${step.slots.map(slot).join(' ')}))`;
    case 'looks':
      return `${listCode(step.slots)} (call $note (call $looks ${i32(AREA)} ${i32(step.slots.length)}))`;
    case 'split':
      return keep(step.into, `(call $split ${slot(step.slot)})`);
    case 'consume':
      return `(call $note (call $consume ${slot(step.slot)}))`;
    case 'drop':
      return `(call $drop ${slot(step.slot)})`;
    case 'swap':
      return keep(step.into, `(call $swap ${slot(step.slots[0])} ${slot(step.slots[1])})`);
    case 'laps':
      return keep(step.into, `(call $laps ${slot(step.slots[1])} ${slot(step.slots[0])})`);
    case 'many': {
      const kept = step.into.map((into, at) => keep(into, `(i32.load offset=${at * 4} (i32.load ${i32(AREA + 512)}))`));
      return `${listCode(step.slots)} (call $many ${i32(AREA)} ${i32(step.slots.length)} ${i32(AREA + 512)}) ${kept.join(' ')}`;
    }
    case 'maybe': {
      const given = step.slot === undefined ? `${i32(0)} ${i32(0)}` : `${i32(1)} ${slot(step.slot)}`;
      const kept = keep(step.into, `(i32.load ${i32(AREA + 4)})`);
      return `(call $maybe ${given} ${i32(AREA)}) (if (i32.load8_u ${i32(AREA)}) (then ${kept}))`;
    }
    case 'attempt':
      return `(call $attempt ${slot(step.slot)} ${i32(Number(step.ok))} ${i32(AREA)}) ${keep(step.into, `(i32.load ${i32(AREA + 4)})`)}`;
  }
}

function listCode(slots: readonly number[]): string {
  return slots.map((one, at) => `(i32.store ${i32(AREA + at * 4)} ${slot(one)})`).join(' ');
}
