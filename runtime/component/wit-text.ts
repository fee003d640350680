import { partsOf } from './type-space.ts';
import type { FunctionType, ResourceType, ValueType } from './types.ts';

const KEYWORDS = new Set(
  (
    'as async bool borrow char constructor enum error-context export f32 f64 flags from func future import include interface ' +
    'list map option own package record resource result s16 s32 s64 s8 static stream string tuple type u16 u32 u64 u8 use variant ' +
    'with world'
  ).split(' '),
);

/** A label as WIT source spells it: keywords get a `%`. */
export function witName(name: string): string {
  return KEYWORDS.has(name) ? `%${name}` : name;
}

/** A type as WIT source writes it where it is used: named types by their name, others in full. */
export function typeToWit(type: ValueType): string {
  return type.typeName === undefined ? shapeToWit(type) : witName(type.typeName.name);
}

/** A function as WIT source declares it, without the final semicolon: `name: func(a: string) -> u32`. */
export function functionToWit(name: string, type: FunctionType): string {
  const params = type.params.map((param) => `${witName(param.name)}: ${typeToWit(param.type)}`).join(', ');
  const result = type.result === undefined ? '' : ` -> ${typeToWit(type.result)}`;
  return `${witName(name)}: ${type.isAsync ? 'async ' : ''}func(${params})${result}`;
}

/**
 * The declarations of all named types that a type or function uses, itself included, each after those that it needs;
 * doc comments included. Empty when it uses none. Blank lines between, no final line break.
 */
export function declarationsToWit(type: ValueType | FunctionType): string {
  const seen = new Set<object>();
  const declared: string[] = [];
  const visit = (part: ValueType): void => {
    if (seen.has(part)) return;
    seen.add(part);
    for (const inner of partsOf(part)) visit(inner);
    if ((part.kind === 'own' || part.kind === 'borrow') && !seen.has(part.resource)) {
      seen.add(part.resource);
      declared.push(resourceToWit(part.resource));
    }
    if (part.typeName !== undefined) declared.push(declarationToWit(part, part.typeName.name));
  };
  if ('kind' in type) visit(type);
  else for (const part of [...type.params.map((param) => param.type), type.result]) if (part !== undefined) visit(part);
  return declared.join('\n\n');
}

function resourceToWit(resource: ResourceType): string {
  return `${comment(resource.docs, '')}resource ${witName(resource.name)};`;
}

function declarationToWit(type: ValueType, name: string): string {
  const docs = comment(type.docs, '');
  const label = witName(name);
  switch (type.kind) {
    case 'record':
      return `${docs}record ${label} ${body(type.fields.map((field) => [`${witName(field.name)}: ${typeToWit(field.type)}`, field.docs]))}`;
    case 'variant':
      return `${docs}variant ${label} ${body(
        type.cases.map((one) => [`${witName(one.name)}${one.type === undefined ? '' : `(${typeToWit(one.type)})`}`, one.docs]),
      )}`;
    case 'enum':
    case 'flags':
      return `${docs}${type.kind} ${label} ${body(type.names.map((one) => [witName(one), undefined]))}`;
    default:
      return `${docs}type ${label} = ${shapeToWit(type)};`;
  }
}

function body(lines: readonly (readonly [string, string | undefined])[]): string {
  return `{\n${lines.map(([line, docs]) => `${comment(docs, '  ')}  ${line},\n`).join('')}}`;
}

function comment(docs: string | undefined, indent: string): string {
  if (docs === undefined) return '';
  return docs
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => `${indent}/// ${line}`.trimEnd().concat('\n'))
    .join('');
}

function shapeToWit(type: ValueType): string {
  switch (type.kind) {
    case 'list':
      return type.isMap && type.element.kind === 'tuple'
        ? `map<${type.element.items.map(typeToWit).join(', ')}>`
        : `list<${typeToWit(type.element)}>`;
    case 'option':
      return `option<${typeToWit(type.some)}>`;
    case 'tuple':
      return `tuple<${type.items.map(typeToWit).join(', ')}>`;
    case 'result':
      return resultToWit(type.ok, type.err);
    case 'own':
      return witName(type.resource.name);
    case 'borrow':
      return `borrow<${witName(type.resource.name)}>`;
    case 'unsupported':
      return type.what;
    // WIT has no anonymous form of these; a binary can have one, so they are shown as a declaration without a name.
    case 'record':
      return `record { ${type.fields.map((field) => `${witName(field.name)}: ${typeToWit(field.type)}`).join(', ')} }`;
    case 'variant':
      return `variant { ${type.cases.map((one) => (one.type === undefined ? witName(one.name) : `${witName(one.name)}(${typeToWit(one.type)})`)).join(', ')} }`;
    case 'enum':
    case 'flags':
      return `${type.kind} { ${type.names.map(witName).join(', ')} }`;
    default:
      return type.kind;
  }
}

function resultToWit(ok: ValueType | undefined, err: ValueType | undefined): string {
  if (ok === undefined && err === undefined) return 'result';
  if (err === undefined) return `result<${typeToWit(ok as ValueType)}>`; // one of the two is there
  return `result<${ok === undefined ? '_' : typeToWit(ok)}, ${typeToWit(err)}>`;
}
