import type { Case, ValueType } from '../../../runtime/index.ts';
import { type Declared, isNominal, type Model, type Nominal } from './model.ts';
import { bareName, camelName, distinctNames } from './names.ts';
import { isReference, type Scope } from './scope.ts';
import { docComment } from './text.ts';

/** The declaration of a type in the file of its interface. Resources are declared elsewhere. */
export function declareType(declared: Declared, scope: Scope, model: Model): string {
  switch (declared.kind) {
    case 'nominal':
      return declareNominal(declared, scope);
    case 'alias':
      return `${docComment(declared.docs)}export type ${declared.name} = ${scope.shape(declared.type)};`;
    case 'use':
      return declareUse(declared, scope, model);
    case 'resource':
      return '';
  }
}

/** A type of another interface, under its name in this one. */
function declareUse(declared: Declared & { kind: 'use' }, scope: Scope, model: Model): string {
  const { type, resource, name } = declared;
  const local = resource !== undefined ? scope.resource(resource) : type === undefined ? '' : scope.type(type);
  const isExported = resource !== undefined && model.isExported(resource);
  // A plain re-export keeps one class one class for editors and compilers alike.
  if (local === name) return isExported ? '' : `export { ${name} };`;
  return /^\w+$/.test(local) && (type === undefined || isNominal(type))
    ? `export { ${local} as ${name} };`
    : `export type ${name} = ${local};`;
}

function declareNominal(declared: Declared & { kind: 'nominal' }, scope: Scope): string {
  const { type, name, docs, tagName } = declared;
  switch (type.kind) {
    case 'record':
      return docComment(docs) + recordText(name, type, scope);
    case 'enum':
      return docComment(docs) + enumText(name, type.names);
    case 'flags':
      return docComment(docs) + flagsText(name, type.names);
    case 'variant':
      return variantText(name, tagName ?? `${name}Tag`, type.cases, docs, scope);
  }
}

function recordText(name: string, type: Nominal & { kind: 'record' }, scope: Scope): string {
  const names = fieldNames(type);
  const fields = type.fields.map(
    (field, index) => `${docComment(field.docs, '    ')}    public ${names[index] ?? ''}: ${scope.type(field.type)},\n`,
  );
  return `export class ${name} {\n  constructor(${fields.length === 0 ? '' : `\n${fields.join('')}  `}) {}\n}`;
}

/** Names of the fields of a record, in order. */
export function fieldNames(type: Nominal & { kind: 'record' }): string[] {
  const names = distinctNames(type.fields, (field) => [camelName(field.name)], new Set(['constructor']));
  return type.fields.map((field) => names.get(field) ?? field.name);
}

function enumText(name: string, labels: readonly string[]): string {
  return `export enum ${name} {\n${valueNames(labels)
    .map((value) => `  ${value},\n`)
    .join('')}}`;
}

function flagsText(name: string, labels: readonly string[]): string {
  const bits = valueNames(labels, new Set(['None', 'All'])).map((value, bit) => `  ${value} = 1 << ${bit},\n`);
  return `export enum ${name} {\n  None = 0,\n${bits.join('')}}`;
}

/** Names of the values of an enum, in order. */
export function valueNames(labels: readonly string[], taken: ReadonlySet<string> = new Set()): string[] {
  const boxed = labels.map((label) => ({ label }));
  const names = distinctNames(boxed, ({ label }) => [digitSafe(bareName(label)), `${digitSafe(bareName(label))}_`], taken);
  return boxed.map((one) => names.get(one) ?? one.label);
}

function digitSafe(name: string): string {
  return /^\d/.test(name) ? `_${name}` : name;
}

/** What one case of a variant is called in the variant's class. */
export interface CaseNames {
  /** Of the tag's value: `ErrorExit`. */
  readonly tag: string;
  /** Of the factory: `errorExit`. */
  readonly make: string;
  /** Of the test: `isErrorExit`. */
  readonly is: string;
  /** Of what gives the payload: `asErrorExit`. */
  readonly as: string;
}

/** Names for the cases of a variant, in order. */
export function caseNames(cases: readonly Case[]): CaseNames[] {
  const tags = valueNames(cases.map((one) => one.name));
  const makes = distinctNames(
    cases,
    (one) => [camelName(one.name), `${camelName(one.name)}_`],
    new Set(['constructor', 'prototype', 'name']),
  );
  return cases.map((one, index) => {
    const tag = tags[index] ?? '';
    return { tag, make: makes.get(one) ?? '', is: `is${tag}`, as: `as${tag}` };
  });
}

function variantText(name: string, tagName: string, cases: readonly Case[], docs: string | undefined, scope: Scope): string {
  const names = caseNames(cases);
  const payloads = cases.map((one) => one.type).filter((type) => type !== undefined);
  const fields = [`public readonly tag: ${tagName}`];
  if (payloads.some((type) => !isReference(type))) fields.push('private bits: u64');
  if (payloads.some(isReference)) fields.push('private object: Object | null');
  const members = cases.map((one, index) => caseText(name, tagName, one, names[index] as CaseNames, fields, scope)); // one for each case
  const tags = cases.map((one, index) => `${docComment(one.docs, '  ')}  ${names[index]?.tag ?? ''},\n`).join('');
  return [
    `/** Which case a \`${name}\` is. */\nexport enum ${tagName} {\n${tags}}`,
    `${docComment(docs)}export class ${name} {\n  private constructor(${fields.join(', ')}) {}\n\n${members.join('\n')}}`,
  ].join('\n\n');
}

function caseText(
  name: string,
  tagName: string,
  { type, docs }: Case,
  names: CaseNames,
  fields: readonly string[],
  scope: Scope,
): string {
  const hasBits = fields.some((field) => field.includes('bits'));
  const hasObject = fields.some((field) => field.includes('object'));
  const isObject = type !== undefined && isReference(type);
  const spelled = type === undefined ? undefined : scope.type(type);
  const args = [`${tagName}.${names.tag}`];
  if (hasBits) args.push(type === undefined || isObject ? '0' : toBits(type));
  if (hasObject) args.push(isObject ? 'changetype<Object | null>(value)' : 'null');
  const param = spelled === undefined ? '' : `value: ${spelled}`;
  const lines = [
    `${docComment(docs, '  ')}  static ${names.make}(${param}): ${name} {\n    return new ${name}(${args.join(', ')});\n  }\n`,
    `  get ${names.is}(): bool {\n    return this.tag == ${tagName}.${names.tag};\n  }\n`,
  ];
  if (type !== undefined && spelled !== undefined) {
    const value = isObject ? `changetype<${spelled}>(this.object)` : fromBits(type, spelled);
    lines.push(
      `  /** Its payload; traps when it is another case. */\n  ${names.as}(): ${spelled} {\n` +
        `    if (this.tag != ${tagName}.${names.tag}) throw new Error('this ${name} is not ${names.tag}');\n    return ${value};\n  }\n`,
    );
  }
  return lines.join('\n');
}

function toBits(type: ValueType): string {
  if (type.kind === 'f32') return '<u64>reinterpret<u32>(value)';
  return type.kind === 'f64' ? 'reinterpret<u64>(value)' : '<u64>value';
}

function fromBits(type: ValueType, spelled: string): string {
  if (type.kind === 'bool') return 'this.bits != 0';
  if (type.kind === 'f32') return 'reinterpret<f32>(<u32>this.bits)';
  return type.kind === 'f64' ? 'reinterpret<f64>(this.bits)' : `<${spelled}>this.bits`;
}
