/**
 * Reads the doc comments of WIT source.
 *
 * Compilers check WIT and drop its comments on the way to a component, so the build takes them from the source. This
 * reader trusts that a compiler has accepted the file: it looks for names and braces, and does not judge.
 */

/** Declarations with a body of documented parts. */
const TYPES_WITH_PARTS = new Set(['record', 'variant', 'enum', 'flags']);

/**
 * @param {string} source - one WIT file with a `package` line.
 * @returns {object} docs in the shape of `wit-parser`'s `PackageMetadata`: `{package, docs?, worlds, interfaces}`; names
 *   without docs are left out. Resources are not read.
 */
export function readWitDocs(source) {
  const tokens = tokenize(source);
  const reader = { tokens, at: 0 };
  const found = { package: '', worlds: {}, interfaces: {} };
  while (reader.at < tokens.length) readTopLevel(reader, found);
  return found;
}

/**
 * Leaves out interfaces and worlds that a component does not have.
 *
 * @param {ReturnType<typeof readWitDocs>} docs
 * @param {ReadonlySet<string>} interfaces - ids such as `cellblock:host/log@0.1.0`.
 * @param {string} world - name of the tool's own world.
 */
export function pickDocs(docs, interfaces, world) {
  const [name, version] = docs.package.split('@');
  const keep = (/** @type {string} */ item) =>
    interfaces.has(version === undefined ? `${name}/${item}` : `${name}/${item}@${version}`);
  const kept = (/** @type {object} */ map, /** @type {(item: string) => boolean} */ test) =>
    Object.fromEntries(Object.entries(map).filter(([item]) => test(item)));
  return { ...docs, worlds: kept(docs.worlds, (item) => item === world), interfaces: kept(docs.interfaces, keep) };
}

/** Words, punctuation and doc comments; other comments are dropped. */
function tokenize(source) {
  const pattern =
    /\/\/\/([^\n]*)|\/\*\*([\s\S]*?)\*\/|\/\/[^\n]*|\/\*[\s\S]*?\*\/|%?[A-Za-z][\w-]*(?::[\w-]+)*(?:\/[\w-]+)?(?:@[\w.+-]*[\w])?|[^\s]/g;
  const tokens = [];
  for (const [text, line, block] of source.matchAll(pattern)) {
    if (line !== undefined) tokens.push({ doc: line.trim() });
    else if (block !== undefined) tokens.push({ doc: block.replace(/^\s*\* ?/gm, '').trim() });
    else if (!text.startsWith('//') && !text.startsWith('/*')) tokens.push({ text: text.replace(/^%/, '') });
  }
  return tokens;
}

function readTopLevel(reader, found) {
  const docs = takeDocs(reader);
  const keyword = takeWord(reader);
  if (keyword === 'package') {
    found.package = takeWord(reader);
    if (docs !== undefined) found.docs = docs;
    skipStatement(reader);
  } else if (keyword === 'interface') {
    const name = takeWord(reader);
    found.interfaces[name] = { ...withDocs(docs), ...readInterface(reader) };
  } else if (keyword === 'world') {
    const name = takeWord(reader);
    found.worlds[name] = withDocs(docs);
    skipStatement(reader);
  } else if (keyword !== undefined) {
    skipStatement(reader);
  }
}

/** The body of an interface, from its `{` to after its `}`. */
function readInterface(reader) {
  const funcs = {};
  const types = {};
  takeWord(reader);
  for (;;) {
    const docs = takeDocs(reader);
    const word = takeWord(reader);
    if (word === undefined || word === '}') break;
    if (TYPES_WITH_PARTS.has(word)) {
      const name = takeWord(reader);
      types[name] = { ...withDocs(docs), items: readParts(reader) };
    } else if (word === 'type') {
      types[takeWord(reader)] = withDocs(docs);
      skipStatement(reader);
    } else {
      if (docs !== undefined) funcs[word] = { docs };
      skipStatement(reader);
    }
  }
  return { funcs, types };
}

/** The documented parts of a record, variant, enum or flags, from `{` to after `}`. */
function readParts(reader) {
  const items = {};
  takeWord(reader);
  for (;;) {
    const docs = takeDocs(reader);
    const word = takeWord(reader);
    if (word === undefined || word === '}') return items;
    if (docs !== undefined) items[word] = { docs };
    skipToComma(reader);
  }
}

/** Moves past the next `;`, or past a body in braces where one comes first, with the `;` that may follow it. */
function skipStatement(reader) {
  let depth = 0;
  for (let word = takeWord(reader); word !== undefined; word = takeWord(reader)) {
    if (word === '{') depth++;
    if (word === '}') depth--;
    if (depth > 0 || (word !== ';' && word !== '}')) continue;
    if (word === '}' && reader.tokens[reader.at]?.text === ';') reader.at++;
    return;
  }
}

/** Moves past the comma that ends a part; stays before the `}` of a last part without one. */
function skipToComma(reader) {
  let depth = 0;
  for (let next = reader.tokens[reader.at]?.text; reader.at < reader.tokens.length; next = reader.tokens[reader.at]?.text) {
    if (depth === 0 && next === '}') return;
    reader.at++;
    if (next === '<' || next === '(') depth++;
    if (next === '>' || next === ')') depth--;
    if (depth === 0 && next === ',') return;
  }
}

function takeDocs(reader) {
  const lines = [];
  while (reader.tokens[reader.at]?.doc !== undefined) lines.push(reader.tokens[reader.at++].doc);
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** The next word or sign; doc comments in between belong to nothing. */
function takeWord(reader) {
  takeDocs(reader);
  return reader.tokens[reader.at++]?.text;
}

function withDocs(docs) {
  return docs === undefined ? {} : { docs };
}
