import { asyncWordsOf } from './wit-words.mjs';

const TYPES = /^(future|stream|error-context)/;

/**
 * Why a world needs the asynchronous ABI.
 *
 * @param {import('../../../runtime/index.ts').Component} component - with the world's imports and exports.
 * @returns {string | undefined} the first reason, as `function \`a:b/c#d\` is async`; nothing for a synchronous world.
 */
export function asyncReason(component) {
  for (const item of [...component.imports, ...component.exports]) {
    const inner = item.kind === 'interface' ? item.items : [item];
    for (const one of inner) {
      const where = item === one ? one.name : `${item.name}#${one.name}`;
      if (one.kind === 'func' && one.type.isAsync) return `function \`${where}\` is async`;
      const types = one.kind === 'func' ? [...one.type.params.map(({ type }) => type), one.type.result] : [one.type];
      const found = types.map(asyncType).find((what) => what !== undefined);
      if (found !== undefined) return `\`${where}\` has a ${found}`;
    }
  }
  return undefined;
}

/** The same of WIT that cannot be read, by its words alone. @param {string} text */
export function asyncReasonOfText(text) {
  const words = asyncWordsOf(text);
  return words.length === 0 ? undefined : `its source has ${words.map((word) => `\`${word}\``).join(', ')}`;
}

function asyncType(type) {
  if (type === undefined) return undefined;
  if (type.kind === 'unsupported' && TYPES.test(type.what)) return type.what;
  for (const part of partsOf(type)) {
    const found = asyncType(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

function partsOf(type) {
  if (type.kind === 'list') return [type.element];
  if (type.kind === 'record') return type.fields.map((field) => field.type);
  if (type.kind === 'variant') return type.cases.map((one) => one.type);
  if (type.kind === 'tuple') return type.items;
  if (type.kind === 'option') return [type.some];
  if (type.kind === 'result') return [type.ok, type.err];
  return type.kind === 'unsupported' ? (type.parts ?? []) : [];
}
