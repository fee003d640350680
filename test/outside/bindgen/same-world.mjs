/**
 * Where a component differs from the world that it was made for. Types of imports that no function uses may be missing, since the
 * encoder leaves them out; everything else must be there, and no more.
 *
 * @param {import('../../../runtime/index.ts').Component} wanted
 * @param {import('../../../runtime/index.ts').Component} found
 * @returns {string | undefined} the first difference.
 */
export function differenceOf(wanted, found) {
  return (
    differenceOfSides('import', functionsOf(wanted.imports), functionsOf(found.imports)) ??
    differenceOfSides('import', typesOf(wanted.imports), typesOf(found.imports), { mayMiss: true }) ??
    differenceOfSides('export', functionsOf(wanted.exports), functionsOf(found.exports)) ??
    differenceOfSides('export', typesOf(wanted.exports), typesOf(found.exports))
  );
}

function differenceOfSides(side, wanted, found, { mayMiss = false } = {}) {
  for (const [name, text] of wanted) {
    const other = found.get(name);
    if (other === undefined && !mayMiss) return `${side} \`${name}\` is missing`;
    if (other !== undefined && other !== text) return `${side} \`${name}\` is ${other}, not ${text}`;
  }
  for (const name of found.keys()) if (!wanted.has(name)) return `${side} \`${name}\` is not in the WIT`;
  return undefined;
}

/** By name, their types as text. */
function functionsOf(items) {
  return collect(
    items,
    (item) => item.kind === 'func',
    ({ type: { params, result, isAsync } }) =>
      JSON.stringify([isAsync, params.map(({ name, type }) => [name, plain(type)]), plain(result)]),
  );
}

function typesOf(items) {
  return collect(
    items,
    (item) => item.kind !== 'func',
    (item) => (item.kind === 'type' ? JSON.stringify(plain(item.type)) : item.kind),
  );
}

function collect(items, isWanted, textOf) {
  const found = new Map();
  for (const item of items) {
    if (item.kind !== 'interface' && isWanted(item)) found.set(item.name, textOf(item));
    if (item.kind !== 'interface') continue;
    for (const inner of item.items) if (isWanted(inner)) found.set(`${item.name}#${inner.name}`, textOf(inner));
  }
  return found;
}

/** A type as data without names of types and docs, which a binary may have or not. */
function plain(type) {
  if (type === undefined) return null;
  if (Array.isArray(type)) return type.map(plain);
  if (typeof type !== 'object') return type;
  if (type.kind === 'own' || type.kind === 'borrow') return [type.kind, type.resource.name];
  const kept = Object.entries(type).filter(([key]) => key !== 'typeName' && key !== 'docs');
  return Object.fromEntries(kept.map(([key, value]) => [key, plain(value)]));
}
