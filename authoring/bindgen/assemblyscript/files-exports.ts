import { spellExport } from '../../export-names.ts';
import type { Abi } from './abi.ts';
import { exportedCore, postReturn } from './core-call.ts';
import { declareType } from './declare-types.ts';
import { fileText, funcName } from './files-imports.ts';
import type { Declared, Func, Model, Module } from './model.ts';
import { bareName, distinctNames, memberName, methodName } from './names.ts';
import { Scope } from './scope.ts';
import { docComment, indented, quoted } from './text.ts';

type Resource = Declared & { kind: 'resource' };

/** The file of an exported interface: its types, and what the author's classes must have. */
export function exportsFile(module: Module, model: Model): string {
  const scope = new Scope(model, module.file, module);
  const types = module.declared.map((declared) => declareType(declared, scope, model));
  const resources = module.declared.filter((one) => one.kind === 'resource');
  const bases = resources.map((one) => resourceBase(one, module, model, scope));
  const free = freeFuncs(module);
  const guest = free.length === 0 ? [] : [guestInterface(module, free, scope)];
  const title = `What this component exports as \`${module.interfaceId ?? `world ${model.world.name}`}\``;
  return fileText(
    title,
    module.docs,
    scope,
    [...types, ...bases, ...guest].filter((part) => part !== ''),
  );
}

function freeFuncs(module: Module): Func[] {
  return module.funcs.filter((func) => funcName(func.name).kind === 'free');
}

/** Names of the methods that the author's class has for free functions. */
function methodNames(funcs: readonly Func[]): Map<Func, string> {
  return distinctNames(funcs, ({ name }) => [methodName(name), `${methodName(name)}_`]);
}

function memberNames(funcs: readonly Func[]): Map<Func, string> {
  return distinctNames(funcs, (func) => {
    const { label, kind } = funcName(func.name);
    return [memberName(label), `${memberName(label)}${bareName(kind)}`];
  });
}

function guestInterface(module: Module, funcs: readonly Func[], scope: Scope): string {
  const names = methodNames(funcs);
  const methods = funcs.map(
    (func) =>
      `${docComment(func.docs, '  ')}  ${names.get(func) ?? ''}(${scope.params(func.type.params)}): ${scope.result(func.type)};\n`,
  );
  const docs = `Implement it in \`index.ts\`: \`export class ${module.guest} implements ${module.guest}Guest\`. It has no constructor parameters.`;
  return `${docComment(docs)}export interface ${module.guest}Guest {\n${methods.join('\n')}}\n`;
}

function resourceFuncs(module: Module, resource: Resource): Func[] {
  return module.funcs.filter((func) => funcName(func.name).resource === resource.resource.name);
}

/** The class that the author's class of a resource extends. */
function resourceBase(one: Resource, module: Module, model: Model, scope: Scope): string {
  const name = model.authorClass(one.resource);
  const funcs = resourceFuncs(module, one);
  const names = memberNames(funcs);
  const methods = funcs.flatMap((func) => {
    if (funcName(func.name).kind !== 'method') return [];
    return [
      `${docComment(func.docs)}abstract ${names.get(func) ?? ''}(${scope.params(func.type.params.slice(1))}): ${scope.result(func.type)};\n`,
    ];
  });
  const from = quoted(`[export]${module.interfaceId ?? '$root'}`);
  const label = one.resource.name;
  const glue =
    `/** For generated code. */\n_new(rep: usize): i32 {\n  return coreNew${one.name}(rep);\n}\n\n` +
    `/** For generated code. */\n_close(handle: i32): void {\n  coreDrop${one.name}(handle);\n}\n`;
  const own = scope.resource(one.resource);
  const besides = funcs
    .filter((func) => funcName(func.name).kind !== 'method')
    .map((func) => `\n- \`${besideText(func, names.get(func) ?? '', scope)}\``);
  const docs = `${one.docs === undefined ? '' : `${one.docs}\n\n`}Extend it in \`index.ts\`: \`export class ${name} extends ${one.name}Resource\`${besides.length === 0 ? '' : `, with\n${besides.join('').slice(1)}`}`;
  return [
    `${docComment(docs)}export abstract class ${one.name}Resource extends cm.ExportedResource {\n${[...methods, glue].map((text) => indented(text)).join('\n')}}\n`,
    `/** For generated code: from a handle to the object that it stands for. */\nexport function own${one.name}(handle: i32): ${own} {\n  return cm.owned<${own}>(coreRep${one.name}(handle), handle);\n}\n`,
    `@external(${from}, ${quoted(`[resource-new]${label}`)})\ndeclare function coreNew${one.name}(rep: usize): i32;\n`,
    `@external(${from}, ${quoted(`[resource-rep]${label}`)})\ndeclare function coreRep${one.name}(handle: i32): usize;\n`,
    `@external(${from}, ${quoted(`[resource-drop]${label}`)})\ndeclare function coreDrop${one.name}(handle: i32): void;\n`,
  ].join('\n');
}

/** A constructor or static function as the author has to write it. */
function besideText(func: Func, name: string, scope: Scope): string {
  const params = scope.params(func.type.params);
  if (funcName(func.name).kind !== 'constructor') return `static ${name}(${params}): ${scope.result(func.type)}`;
  return isFallible(func) ? `static create(${params}): ${scope.result(func.type)}` : `constructor(${params})`;
}

function isFallible({ type }: Func): boolean {
  return type.result?.kind !== 'own';
}

/** The file that `asc` compiles: every function that the component exports, each leading to the author's code. */
export function entryFile(model: Model, abi: Abi): string {
  const scope = new Scope(model, 'entry');
  const parts: string[] = [];
  scope.whole('../index', 'user');
  for (const module of model.modulesOf('exports')) {
    const free = freeFuncs(module);
    if (free.length > 0) parts.push(guestParts(module, free, abi, scope));
    for (const one of module.declared) if (one.kind === 'resource') parts.push(resourceParts(one, module, model, abi, scope));
  }
  parts.push("export { cabi_realloc } from './canonical';");
  const body = parts.map((part) => part.trimEnd()).join('\n\n');
  const hasUser = /\buser\./.test(body);
  const text = fileText(`The functions that world \`${model.world.id}\` exports`, undefined, scope, [body]);
  return hasUser ? text : text.replace(/^import \* as user .*\n/m, "import '../index';\n");
}

function guestParts(module: Module, funcs: readonly Func[], abi: Abi, scope: Scope): string {
  const names = methodNames(funcs);
  const instance = `the${module.guest}`;
  const own = scope.whole(module.file, module.alias);
  const methods = funcs.map((func) => `${names.get(func) ?? ''}(${plainParams(func, scope)}): ${scope.result(func.type)}`);
  const missing = missingText(`class ${module.guest} implements ${module.guest}Guest`, methods, module.file);
  const head =
    `if (!isDefined(user.${module.guest})) ERROR(${quoted(missing)});\n` +
    `const ${instance}: ${own}.${module.guest}Guest = new user.${module.guest}();\n`;
  const functions = funcs.map((func) =>
    exportText(module, func, (args) => `${instance}.${names.get(func) ?? ''}(${args.join(', ')})`, abi, scope),
  );
  return [head, ...functions].join('\n');
}

function resourceParts(one: Resource, module: Module, model: Model, abi: Abi, scope: Scope): string {
  const name = model.authorClass(one.resource);
  const funcs = resourceFuncs(module, one);
  const names = memberNames(funcs);
  const members = funcs.map((func) => {
    const label = names.get(func) ?? '';
    return funcName(func.name).kind === 'method'
      ? `${label}(${plainParams({ ...func, type: { ...func.type, params: func.type.params.slice(1) } }, scope)}): ${scope.result(func.type)}`
      : besideText(func, label, scope).replaceAll(/\b\w+\./g, '');
  });
  const missing = missingText(`class ${name} extends ${one.name}Resource`, members, module.file);
  const parts = [`if (!isDefined(user.${name})) ERROR(${quoted(missing)});\n`];
  for (const func of funcs) {
    const { kind } = funcName(func.name);
    const label = names.get(func) ?? '';
    if (kind === 'static' || (kind === 'constructor' && isFallible(func))) {
      const method = kind === 'static' ? label : 'create';
      const text = `index.ts: class ${name} must have: ${besideText(func, label, scope).replaceAll(/\b\w+\./g, '')}`;
      parts.push(`if (!isDefined(user.${name}.${method})) ERROR(${quoted(text)});\n`);
      parts.push(exportText(module, func, (args) => `user.${name}.${method}(${args.join(', ')})`, abi, scope));
    } else if (kind === 'constructor')
      parts.push(exportText(module, func, (args) => `new user.${name}(${args.join(', ')})`, abi, scope));
    else parts.push(exportText(module, func, ([self = '', ...args]) => `${self}.${label}(${args.join(', ')})`, abi, scope));
  }
  const dtor = `${module.interfaceId ?? ''}#[dtor]${one.resource.name}`;
  parts.push(
    `// ${dtor}\nexport function ${spellExport(dtor)}(rep: usize): void {\n  cm.destroyed(changetype<user.${name}>(rep));\n}\n`,
  );
  return parts.join('\n');
}

function exportText(module: Module, func: Func, call: (args: readonly string[]) => string, abi: Abi, scope: Scope): string {
  const name = module.interfaceId === undefined ? func.name : `${module.interfaceId}#${func.name}`;
  const post = postReturn(spellExport(`cabi_post_${name}`), func.type, abi);
  return `// ${name}\n${exportedCore(spellExport(name), func.type, call, abi, scope)}${post === '' ? '' : `\n${post}`}`;
}

/** Parameters without the names of the files of their types. */
function plainParams(func: Func, scope: Scope): string {
  return scope.params(func.type.params).replaceAll(/\b\w+\./g, '');
}

function missingText(head: string, members: readonly string[], file: string): string {
  const body = members.map((member) => member.replaceAll(/\b\w+\./g, '')).join('; ');
  return `index.ts must have: export ${head} { ${body} } - its types are in bindings/${file}.ts`;
}
