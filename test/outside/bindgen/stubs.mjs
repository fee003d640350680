/**
 * An author who does nothing, for any world: reads the generated files as an author would, implements what they ask for with bodies
 * that trap, and calls every imported function from a place that is never reached.
 */

const IMPORTS = /^import .*$/gm;
const DECLARED = /^export (?:abstract class|class|enum|type|interface) (\w+)/gm;
const RE_EXPORTED = /^export \{ (.*) \};$/gm;
const GUEST = /^export interface (\w+)Guest \{\n([\s\S]*?)^\}/gm;
const RESOURCE =
  /((?:^(?:\/\*\*| \*).*\n)*)^export abstract class (\w+Resource) extends cm\.ExportedResource \{\n([\s\S]*?)^\}/gm;
const IMPORTED_CLASS = /^export class (\w+) extends cm\.ImportedResource \{\n([\s\S]*?)^\}/gm;
const EXTEND = /`export class (\w+) extends \w+Resource`/;
const BESIDE = /^ \* - `(constructor|static \w+)\((.*)\)(?:: (.*))?`$/gm;
const METHOD = /^ {2}(?:abstract )?(\w+)\((.*)\): (.*);$/gm;
const MEMBER = /^ {2}(?:(constructor)|(static )?(\w+))\((.*?)\)(?:: (.*))? \{$/gm;
const FUNCTION = /^export function (\w+)\((.*)\): (.*) \{$/gm;

/**
 * Adds stubs to generated files.
 *
 * @param {ReadonlyMap<string, string>} files - by path within the folder of the bindings.
 * @returns {Map<string, string>} the author's files, by path within the same folder; `../index.ts` is one of them.
 */
export function stubsOf(files) {
  const stubs = new Map();
  const index = [];
  for (const [file, text] of files) {
    const name = file.replace(/\.ts$/, '');
    if (file.startsWith('exports/')) {
      stubs.set(`${name}.stub.ts`, exportStub(name, text));
      index.push(`export * from './bindings/${name}.stub';`);
    } else if (file.startsWith('imports/')) {
      const touch = `touch${index.length}`;
      stubs.set(`${name}.stub.ts`, importStub(name, text));
      index.push(`import { touch as ${touch} } from './bindings/${name}.stub';`, `if (memory.size() > 0xffff) ${touch}();`);
    }
  }
  stubs.set('../index.ts', `${index.join('\n')}\n`);
  return stubs;
}

/** What the file of an interface can name, in a file beside it. */
function heading(name, text) {
  const own = [...text.matchAll(DECLARED)].map((match) => match[1]);
  const passedOn = [...text.matchAll(RE_EXPORTED)].flatMap((match) =>
    match[1].split(', ').map((one) => one.replace(/^.* as /, '')),
  );
  const known = new Set([...text.matchAll(IMPORTS)].flatMap((match) => match[0].match(/\w+/g) ?? []));
  const names = [...own, ...passedOn.filter((one) => !known.has(one))];
  const imports = [...text.matchAll(IMPORTS)].map((match) => match[0]);
  if (names.length > 0) imports.push(`import { ${names.join(', ')} } from './${name.replace(/^.*\//, '')}';`);
  return imports.join('\n');
}

function exportStub(name, text) {
  const classes = [];
  for (const [, guest, body] of text.matchAll(GUEST)) {
    classes.push(classText(guest, `implements ${guest}Guest`, [...body.matchAll(METHOD)].map(methodText), classes.length));
  }
  for (const [, docs, base, body] of text.matchAll(RESOURCE)) {
    const besides = [...docs.matchAll(BESIDE)].map(([, what, params, result]) =>
      what === 'constructor' ? `  constructor(${params}) {\n    super();\n  }` : methodText([what, what, params, result]),
    );
    const own = EXTEND.exec(docs)?.[1] ?? base;
    classes.push(classText(own, `extends ${base}`, [...besides, ...[...body.matchAll(METHOD)].map(methodText)], classes.length));
  }
  return `${heading(name, text)}\n\n${classes.join('\n')}`;
}

/** Under a name of its own, since the interface may have a type that is called like the class. */
function classText(name, head, members, number) {
  return `class Stub${number} ${head} {\n${members.join('\n')}\n}\nexport { Stub${number} as ${name} };\n`;
}

function methodText([, name, params, result]) {
  return `  ${name}(${params}): ${result} {\n    ${result === 'void' ? '' : 'return '}unreachable();\n  }`;
}

function importStub(name, text) {
  const calls = [...text.matchAll(FUNCTION)].map(([, called, params]) => `  own.${called}(${argumentsFor(params)});`);
  for (const [, owner, body] of text.matchAll(IMPORTED_CLASS)) {
    for (const [, isConstructor, isStatic, member, params] of body.matchAll(MEMBER)) {
      const args = argumentsFor(params);
      if (isConstructor) calls.push(`  new own.${owner}(${args});`);
      else if (!member.startsWith('_')) {
        calls.push(isStatic ? `  own.${owner}.${member}(${args});` : `  load<own.${owner}>(0).${member}(${args});`);
      }
    }
    calls.push(`  load<own.${owner}>(0).drop();`);
  }
  const beside = `import * as own from './${name.replace(/^.*\//, '')}';`;
  return `${heading(name, text)}\n${beside}\n\nexport function touch(): void {\n${calls.join('\n')}\n}\n`;
}

/** For each parameter a value that is never made. */
function argumentsFor(params) {
  return splitParams(params)
    .map((param) => `load<${param.replace(/^\w+: /, '')}>(0)`)
    .join(', ');
}

/** At commas, but not at those within `<>`. */
function splitParams(params) {
  const parts = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at <= params.length; at++) {
    if (params[at] === '<') depth += 1;
    else if (params[at] === '>') depth -= 1;
    else if (at === params.length || (params[at] === ',' && depth === 0)) {
      const part = params.slice(start, at).trim();
      if (part !== '') parts.push(part);
      start = at + 1;
    }
  }
  return parts;
}
