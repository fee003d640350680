import { spellExport } from '../../export-names.ts';
import type { AbiFile, Site } from './abi/abi-file.ts';
import { type AuthorCall, exportedCore, postReturn } from './abi/exported-core.ts';
import { fileText } from './file-text.ts';
import { besideText } from './files-exports.ts';
import { freeFuncs, funcName, funcsOf, isPlainConstructor, memberNames, methodNames } from './func-names.ts';
import type { Declared, Func, Module } from './model.ts';
import { Scope } from './scope.ts';
import { quoted } from './text.ts';

/** The file that `asc` compiles: every function that the component exports, each leading to the author's code. */
export function entryFile(abi: AbiFile): string {
  const { model } = abi;
  const scope = new Scope(model, 'entry');
  const site = abi.siteIn(scope);
  const parts: string[] = [];
  scope.whole('../index', 'user');
  for (const module of model.modulesOf('exports')) {
    const free = freeFuncs(module.funcs);
    if (free.length > 0) parts.push(guestParts(module, free, site));
    for (const one of module.declared) if (one.kind === 'resource') parts.push(resourceParts(one, module, site));
  }
  parts.push("export { cabi_realloc } from './canonical';");
  const text = fileText(`The functions that world \`${model.world.id}\` exports`, undefined, scope, parts);
  // The author's file has to run even where nothing in it is named.
  const hasUser = parts.some((part) => /\buser\./.test(part));
  return hasUser ? text : text.replace(/^import \* as user .*\n/m, "import '../index';\n");
}

/** The author's object for the free functions of an interface, and those functions. */
function guestParts(module: Module, funcs: readonly Func[], site: Site): string {
  const { scope } = site;
  const { guest } = module;
  const names = [...methodNames(funcs)];
  const own = scope.whole(module.file, module.alias);
  const methods = names.map(([func, name]) => `${name}(${scope.params(func.type.params)}): ${scope.result(func.type)}`);
  const missing = missingClass(`class ${guest} implements ${guest}Guest`, methods, module.file);
  const head = `${unlessDefined(`user.${guest}`, missing)}const the${guest}: ${own}.${guest}Guest = new user.${guest}();\n`;
  const functions = names.map(([func, name]) =>
    exportText(module, func, (args) => `the${guest}.${name}(${args.join(', ')})`, site),
  );
  return [head, ...functions].join('\n');
}

/** The functions of a resource, each leading to the author's class. */
function resourceParts(one: Declared & { kind: 'resource' }, module: Module, site: Site): string {
  const author = site.model.authorClass(one.resource);
  const names = [...memberNames(funcsOf(one.resource.name, module.funcs))];
  const members = names.map(([func, label]) => memberText(func, label, site.scope));
  const missing = missingClass(`class ${author} extends ${one.name}Resource`, members, module.file);
  const dtor = `${module.interfaceId ?? ''}#[dtor]${one.resource.name}`;
  return [
    unlessDefined(`user.${author}`, missing),
    ...names.flatMap(([func, label]) => resourceFunction(author, func, label, module, site)),
    `// ${dtor}\nexport function ${spellExport(dtor)}(rep: usize): void {\n  cm.destroyed(changetype<user.${author}>(rep));\n}\n`,
  ].join('\n');
}

function resourceFunction(author: string, func: Func, label: string, module: Module, site: Site): string[] {
  const { kind } = funcName(func.name);
  if (kind === 'method')
    return [exportText(module, func, ([self = '', ...args]) => `${self}.${label}(${args.join(', ')})`, site)];
  if (isPlainConstructor(func)) return [exportText(module, func, (args) => `new user.${author}(${args.join(', ')})`, site)];
  const method = `${author}.${kind === 'constructor' ? 'create' : label}`;
  const missing = `index.ts: class ${author} must have: ${withoutFiles(besideText(func, label, site.scope))}`;
  return [
    unlessDefined(`user.${method}`, missing),
    exportText(module, func, (args) => `user.${method}(${args.join(', ')})`, site),
  ];
}

function exportText(module: Module, func: Func, call: AuthorCall, site: Site): string {
  const name = module.interfaceId === undefined ? func.name : `${module.interfaceId}#${func.name}`;
  const post = postReturn(spellExport(`cabi_post_${name}`), func.type);
  return `// ${name}\n${exportedCore(site, spellExport(name), func.type, call)}${post === '' ? '' : `\n${post}`}`;
}

/** A member of the author's class, for a message. */
function memberText(func: Func, label: string, scope: Scope): string {
  if (funcName(func.name).kind !== 'method') return besideText(func, label, scope);
  return `${label}(${scope.params(func.type.params.slice(1))}): ${scope.result(func.type)}`;
}

/** A statement that ends the compilation, with a message, where the author's code does not have a name. */
function unlessDefined(name: string, message: string): string {
  return `if (!isDefined(${name})) ERROR(${quoted(message)});\n`;
}

function missingClass(head: string, members: readonly string[], file: string): string {
  return `index.ts must have: export ${head} { ${members.map(withoutFiles).join('; ')} } - its types are in bindings/${file}.ts`;
}

/** Spelled types without the aliases of the files they are of. */
function withoutFiles(spelled: string): string {
  return spelled.replaceAll(/\b\w+\./g, '');
}
