import type { FunctionType, ValueType } from './types.ts';

/**
 * A function's signature as one line in which every named type is written out, such as
 * `func(level: enum { debug, error }, message: string) -> u32`: equal lines mean equal types, whatever they are called.
 */
export function signatureOf(type: FunctionType): string {
  const params = type.params.map((param) => `${param.name}: ${shapeOf(param.type)}`).join(', ');
  return `${type.isAsync ? 'async ' : ''}func(${params})${type.result === undefined ? '' : ` -> ${shapeOf(type.result)}`}`;
}

/** A type by its parts alone. The decoder bounds how large this gets. */
function shapeOf(type: ValueType): string {
  switch (type.kind) {
    case 'list':
      return `list<${shapeOf(type.element)}>`;
    case 'option':
      return `option<${shapeOf(type.some)}>`;
    case 'tuple':
      return `tuple<${type.items.map(shapeOf).join(', ')}>`;
    case 'result':
      return `result<${type.ok === undefined ? '_' : shapeOf(type.ok)}, ${type.err === undefined ? '_' : shapeOf(type.err)}>`;
    case 'record':
      return `record { ${type.fields.map((field) => `${field.name}: ${shapeOf(field.type)}`).join(', ')} }`;
    case 'variant':
      return `variant { ${type.cases.map((item) => (item.type === undefined ? item.name : `${item.name}(${shapeOf(item.type)})`)).join(', ')} }`;
    case 'enum':
    case 'flags':
      return `${type.kind} { ${type.names.join(', ')} }`;
    case 'own':
    case 'borrow':
      return `${type.kind}<${type.resource.name}>`;
    case 'unsupported':
      return type.what;
    default:
      return type.kind;
  }
}
