import type { ValueType } from '../../../../runtime/index.ts';
import { TYPED_ARRAYS } from '../scope.ts';
import { indented } from '../text.ts';
import { layoutOf, offsetsOf } from './layout.ts';

/** Lists of any length, and maps. */
export type List = ValueType & { kind: 'list' };

/** Our type tree has lists of a fixed length among what its host cannot call; bindings for them work all the same. */
export type FixedList = ValueType & { kind: 'unsupported' };

/** Gives the expression for an item that lies at a local variable, or so many bytes after it. */
type LoadItem = (type: ValueType, at: string, offset: number) => string;

/** Gives statements that store an item there. */
type StoreItem = (type: ValueType, at: string, offset: number, value: string) => string;

/** The typed array that such a list is handed over as, without a copy; undefined where each item is carried by itself. */
export function typedArrayOf(type: List): string | undefined {
  return TYPED_ARRAYS[type.element.kind];
}

/** An expression for the number of items of a list or map, which `name` holds. */
export function lengthOf(type: List, name: string): string {
  return type.isMap === true ? `${name}.size` : `${name}.length`;
}

/** Element and number of items of a list of a fixed length. */
export function fixedListOf(type: FixedList): { readonly element: ValueType; readonly length: number } {
  const [element, length] = [type.parts?.[0], type.length];
  if (element === undefined || length === undefined) throw new Error(`a ${type.what} has no bindings`); // INVARIANT: refused before
  return { element, length };
}

/** The body of a function of `at` and `length`: makes the list of the items in that memory, and gives the memory back. */
export function loadListBody(type: List, spelled: string, load: LoadItem): string {
  const { size } = layoutOf(type.element);
  const pair = pairOf(type);
  if (pair !== undefined)
    return (
      `const map = new ${spelled}();\nfor (let i = 0, pair = at; i < length; i++, pair += ${size}) {\n` +
      `  map.set(${load(pair.key, 'pair', 0)}, ${load(pair.value, 'pair', pair.valueOffset)});\n}\ncm.release(at, length);\nreturn map;\n`
    );
  return (
    `const list = new ${spelled}(length);\n${loadLoop('length', size, load(type.element, 'item', 0))}` +
    'cm.release(at, length);\nreturn list;\n'
  );
}

/** The body of a function of `list`: stores its items in a block of scratch memory, and returns where that is. */
export function storeListBody(type: List, store: StoreItem): string {
  const { size } = layoutOf(type.element);
  const pair = pairOf(type);
  if (pair !== undefined) {
    const stores =
      store(pair.key, 'pair', 0, 'unchecked(keys[i])') + store(pair.value, 'pair', pair.valueOffset, 'unchecked(values[i])');
    return (
      `const keys = list.keys();\nconst values = list.values();\nconst at = cm.scratch(keys.length * ${size});\n` +
      `for (let i = 0, pair = at; i < keys.length; i++, pair += ${size}) {\n${indented(stores)}}\nreturn at;\n`
    );
  }
  const stores = store(type.element, 'item', 0, 'unchecked(list[i])');
  return `const length = list.length;\nconst at = cm.scratch(length * ${size});\n${storeLoop('length', size, stores)}return at;\n`;
}

/** The body of a function of `at`: makes the list of the items that lie there. */
export function loadFixedListBody(type: FixedList, spelled: string, load: LoadItem): string {
  const { element, length } = fixedListOf(type);
  const loop = loadLoop(`${length}`, layoutOf(element).size, load(element, 'item', 0));
  return `const list = new ${spelled}(${length});\n${loop}return list;\n`;
}

/** The body of a function of `at` and `value`: stores the items of the list there. */
export function storeFixedListBody(type: FixedList, store: StoreItem): string {
  const { element, length } = fixedListOf(type);
  const loop = storeLoop(`${length}`, layoutOf(element).size, store(element, 'item', 0, 'unchecked(value[i])'));
  return `if (value.length != ${length}) throw new Error('this list must have ${length} items');\n${loop}`;
}

function loadLoop(length: string, size: number, item: string): string {
  return `for (let i = 0, item = at; i < ${length}; i++, item += ${size}) {\n  unchecked((list[i] = ${item}));\n}\n`;
}

function storeLoop(length: string, size: number, stores: string): string {
  return `for (let i = 0, item = at; i < ${length}; i++, item += ${size}) {\n${indented(stores)}}\n`;
}

/** What a map has for each of its items; undefined for other lists. */
function pairOf({ isMap, element }: List): { key: ValueType; value: ValueType; valueOffset: number } | undefined {
  if (isMap !== true || element.kind !== 'tuple') return undefined;
  const [key, value] = element.items as readonly [ValueType, ValueType]; // the pairs of a map
  return { key, value, valueOffset: offsetsOf(element.items)[1] ?? 0 };
}
