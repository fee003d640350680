import type { AbiFile, Site } from './abi/abi-file.ts';
import { callImport, importedCore } from './abi/imported-core.ts';
import { declareType } from './declare-types.ts';
import { externalFunction, fileText } from './file-text.ts';
import { coreNames, freeFuncs, funcName, funcsOf, functionNames, isPlainConstructor, memberNames } from './func-names.ts';
import type { Declared, Func, Module } from './model.ts';
import { paramNames, Scope } from './scope.ts';
import { docComment, indented } from './text.ts';

/** Names of the core functions of a module. */
type Cores = ReadonlyMap<Func, string>;

/** The file of an imported interface: its types, its functions, and its resources as classes. */
export function importsFile(module: Module, abi: AbiFile): string {
  const { model } = abi;
  const scope = new Scope(model, module.file, module);
  const site = abi.siteIn(scope);
  const cores = coreNames(module.funcs);
  const types = module.declared.map((declared) => declareType(declared, scope, model));
  const resources = module.declared.filter((one) => one.kind === 'resource');
  const classes = resources.map((one) => resourceClass(one, module, cores, site));
  const from = module.interfaceId ?? '$root';
  const core = [
    ...module.funcs.map((func) => importedCore(cores.get(func) ?? '', from, func.name, func.type)),
    ...resources.map((one) =>
      externalFunction(`coreDrop${one.name}`, 'handle: i32', 'void', from, `[resource-drop]${one.resource.name}`),
    ),
  ];
  return fileText(
    `What this component imports from \`${module.interfaceId ?? `world ${model.world.name}`}\``,
    module.docs,
    scope,
    [...types, ...classes, ...freeFunctions(module, cores, site), ...core],
  );
}

function freeFunctions(module: Module, cores: Cores, site: Site): string[] {
  const names = functionNames(freeFuncs(module.funcs));
  return [...names].map(([func, name]) => {
    const body = callImport(site, cores.get(func) ?? '', func.type, paramNames(func.type.params));
    return `${docComment(func.docs)}export function ${name}(${site.scope.params(func.type.params)}): ${site.scope.result(func.type)} {\n${indented(body)}}\n`;
  });
}

function resourceClass(one: Declared & { kind: 'resource' }, module: Module, cores: Cores, site: Site): string {
  const { name } = one;
  const names = memberNames(funcsOf(one.resource.name, module.funcs));
  const members = [...names].map(([func, label]) => member(name, func, label, cores.get(func) ?? '', site));
  const close = `/** For generated code. */\n_close(handle: i32): void {\n  coreDrop${name}(handle);\n}\n`;
  const before = [...names.keys()].filter(isPlainConstructor).map((func) => newHandle(name, func, cores.get(func) ?? '', site));
  const body = [...members, close].map((text) => indented(text)).join('\n');
  return `${before.join('')}${docComment(one.docs)}export class ${name} extends cm.ImportedResource {\n${body}}\n`;
}

/** What the constructor calls, since before its \`super()` it can do nothing: makes a resource, and gives the handle itself. */
function newHandle(owner: string, { type }: Func, core: string, site: Site): string {
  const body = callImport(site, core, { ...type, result: { kind: 's32' } }, paramNames(type.params));
  return `function new${owner}(${site.scope.params(type.params)}): i32 {\n${indented(body)}}\n\n`;
}

function member(owner: string, func: Func, name: string, core: string, site: Site): string {
  const { scope } = site;
  const { kind } = funcName(func.name);
  const { params } = func.type;
  const docs = docComment(func.docs);
  if (isPlainConstructor(func))
    return `${docs}constructor(${scope.params(params)}) {\n  super();\n  this._handle = new${owner}(${paramNames(params).join(', ')});\n}\n`;
  const own = kind === 'method' ? params.slice(1) : params;
  const args = [...(kind === 'method' ? ['this'] : []), ...paramNames(own)];
  const label = kind === 'constructor' ? 'create' : name;
  const body = callImport(site, core, func.type, args);
  return `${docs}${kind === 'method' ? '' : 'static '}${label}(${scope.params(own)}): ${scope.result(func.type)} {\n${indented(body)}}\n`;
}
