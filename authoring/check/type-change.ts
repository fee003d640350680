import { type Field, type FunctionType, signatureOf, typeToWit, type ValueType } from '../../runtime/index.ts';

/** One thing that is otherwise than in the previous version. */
export interface TypeChange {
  /** `parse.options.kind`: the function, then parameters and fields; `parse.result` for what it returns. */
  readonly path: string;
  /** `enum lost case `x``, for people. */
  readonly message: string;
  /** True where calls, or readers of results, that were good before are not any more. */
  readonly breaks: boolean;
}

/**
 * Which way values go. Parameters come from callers of the previous version, so the new type has to take all that the old one took. Results go
 * to its readers, so the new one may give nothing that the old one could not give.
 */
type Way = 'param' | 'result';

/** What differs between two versions of a function, by the JSON form of values: see docs/values.md. */
export function functionChanges(before: FunctionType, now: FunctionType, name: string): readonly TypeChange[] {
  const params = fieldChanges(before.params, now.params, name, 'param', 'function');
  const result = resultChanges(before.result, now.result, `${name}.result`);
  const found = [...params, ...result];
  if (found.length > 0 || signatureOf(before) === signatureOf(now)) return found;
  const message =
    'the types differ in a way that callers in JSON do not see; components that are composed with it have to be built anew';
  return [{ path: name, message, breaks: false }];
}

function resultChanges(before: ValueType | undefined, now: ValueType | undefined, path: string): readonly TypeChange[] {
  if (before === undefined && now === undefined) return [];
  if (before === undefined) return [{ path, message: `returns ${typeToWit(now!)} now, and nothing before`, breaks: false }];
  if (now === undefined) return [{ path, message: `returns nothing now, and ${typeToWit(before)} before`, breaks: true }];
  // The call's own `result` is how it ends: `ok` or a tool error.
  if (now.kind === 'result' && before.kind !== 'result') {
    return [
      { path, message: 'may end with an error now', breaks: true },
      ...(now.ok === undefined ? [changed(before, now, path)] : typeChanges(before, now.ok, path, 'result')),
    ];
  }
  if (before.kind === 'result' && now.kind !== 'result') {
    return before.ok === undefined ? [] : typeChanges(before.ok, now, path, 'result');
  }
  return typeChanges(before, now, path, 'result');
}

function typeChanges(before: ValueType, now: ValueType, path: string, way: Way): readonly TypeChange[] {
  if (before === now) return [];
  const [from, to] = way === 'param' ? [before, now] : [now, before];
  if (to.kind === 'option' && from.kind !== 'option' && to.some.kind !== 'option') {
    return way === 'param' ? typeChanges(before, to.some, path, way) : typeChanges(to.some, now, path, way);
  }
  if (from.kind === 'option' && to.kind !== 'option') {
    const message = way === 'param' ? 'has to be there now' : 'may be absent now';
    const inner = way === 'param' ? typeChanges(from.some, now, path, way) : typeChanges(before, from.some, path, way);
    return [{ path, message, breaks: true }, ...inner];
  }
  return before.kind === now.kind ? partChanges(before, now, path, way) : isWider(from, to) ? [] : [changed(before, now, path)];
}

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;

/** Of two types of one kind. */
function partChanges(before: ValueType, now: ValueType, path: string, way: Way): readonly TypeChange[] {
  switch (before.kind) {
    case 'record':
      return fieldChanges(before.fields, (now as OfKind<'record'>).fields, path, way, 'record'); // of the same kind, here and below
    case 'enum':
    case 'flags':
      return nameChanges(before.names, (now as OfKind<'enum' | 'flags'>).names, path, way, before.kind);
    case 'variant':
      return caseChanges(before, now as OfKind<'variant'>, path, way);
    case 'list': {
      const { element, isMap } = now as OfKind<'list'>;
      return before.isMap === isMap && isBytes(before) === isBytes(now)
        ? typeChanges(before.element, element, `${path}[]`, way)
        : [changed(before, now, path)];
    }
    case 'option':
      return typeChanges(before.some, (now as OfKind<'option'>).some, path, way);
    case 'tuple': {
      const { items } = now as OfKind<'tuple'>;
      if (items.length !== before.items.length) return [changed(before, now, path)];
      return before.items.flatMap((item, index) => typeChanges(item, items[index]!, `${path}[${index}]`, way));
    }
    case 'result': {
      const { ok, err } = now as OfKind<'result'>;
      return [...payloadChanges(before.ok, ok, `${path}.ok`, way), ...payloadChanges(before.err, err, `${path}.err`, way)];
    }
    case 'own':
    case 'borrow':
    case 'unsupported':
      return signatureOf(asFunction(before)) === signatureOf(asFunction(now)) ? [] : [changed(before, now, path)];
    default:
      return [];
  }
}

const isBytes = (type: ValueType): boolean => type.kind === 'list' && type.element.kind === 'u8';
const asFunction = (result: ValueType): FunctionType => ({ params: [], result, isAsync: false });

function changed(before: ValueType, now: ValueType, path: string): TypeChange {
  return { path, message: `was ${typeToWit(before)} and is ${typeToWit(now)}`, breaks: true };
}

function payloadChanges(
  before: ValueType | undefined,
  now: ValueType | undefined,
  path: string,
  way: Way,
): readonly TypeChange[] {
  if (before !== undefined && now !== undefined) return typeChanges(before, now, path, way);
  if (before === now) return [];
  const words = (type: ValueType | undefined): string => (type === undefined ? 'without a value' : `with ${typeToWit(type)}`);
  return [{ path, message: `was ${words(before)} and is ${words(now)}`, breaks: true }];
}

/** Unknown fields of parameters are refused, and missing ones too unless they are options. */
function fieldChanges(
  before: readonly Field[],
  now: readonly Field[],
  path: string,
  way: Way,
  what: 'record' | 'function',
): readonly TypeChange[] {
  const word = what === 'record' ? 'field' : 'parameter';
  const lost = before
    .filter(({ name }) => !now.some((field) => field.name === name))
    .map(({ name }) => ({ path, message: `${what} lost ${word} \`${name}\``, breaks: true }));
  const gained = now
    .filter(({ name }) => !before.some((field) => field.name === name))
    .map(({ name, type }) => {
      const isNeeded = way === 'param' && type.kind !== 'option';
      return {
        path,
        message: `${what} gained ${word} \`${name}\`${isNeeded ? ', which has to be there' : ''}`,
        breaks: isNeeded,
      };
    });
  const kept = before.flatMap(({ name, type }) => {
    const field = now.find((candidate) => candidate.name === name);
    return field === undefined ? [] : typeChanges(type, field.type, `${path}.${name}`, way);
  });
  return [...lost, ...gained, ...kept];
}

function nameChanges(
  before: readonly string[],
  now: readonly string[],
  path: string,
  way: Way,
  what: string,
): readonly TypeChange[] {
  const word = what === 'flags' ? 'flag' : 'case';
  const lost = before.filter((name) => !now.includes(name));
  const gained = now.filter((name) => !before.includes(name));
  return [
    ...lost.map((name) => ({ path, message: `${what} lost ${word} \`${name}\``, breaks: way === 'param' })),
    ...gained.map((name) => ({ path, message: `${what} gained ${word} \`${name}\``, breaks: way === 'result' })),
  ];
}

function caseChanges(before: OfKind<'variant'>, now: OfKind<'variant'>, path: string, way: Way): readonly TypeChange[] {
  const names = nameChanges(
    before.cases.map(({ name }) => name),
    now.cases.map(({ name }) => name),
    path,
    way,
    'variant',
  );
  const payloads = before.cases.flatMap(({ name, type }) => {
    const same = now.cases.find((candidate) => candidate.name === name);
    return same === undefined ? [] : payloadChanges(type, same.type, `${path}.${name}`, way);
  });
  return [...names, ...payloads];
}

/** Least and greatest of the integers. */
const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = Object.fromEntries(
  [8n, 16n, 32n, 64n].flatMap((bits) => [
    [`u${bits}`, [0n, 2n ** bits - 1n]],
    [`s${bits}`, [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]],
  ]),
);

/** Every value of the first is one of the second, and looks the same. 64-bit integers look otherwise beyond 2^53, which is a string to both. */
function isWider(from: ValueType, to: ValueType): boolean {
  const [inner, outer] = [RANGES[from.kind], RANGES[to.kind]];
  if (inner !== undefined && outer !== undefined) return outer[0] <= inner[0] && inner[1] <= outer[1];
  return (from.kind === 'f32' && to.kind === 'f64') || (from.kind === 'char' && to.kind === 'string');
}
