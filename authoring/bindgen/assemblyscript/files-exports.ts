import { declareType } from './declare-types.ts';
import { externalFunction, fileText } from './file-text.ts';
import { freeFuncs, funcName, funcsOf, isPlainConstructor, memberNames, methodNames } from './func-names.ts';
import type { Declared, Func, Model, Module } from './model.ts';
import { Scope } from './scope.ts';
import { docComment, indented } from './text.ts';

/** The file of an exported interface: its types, and what the author's classes must have. */
export function exportsFile(module: Module, model: Model): string {
  const scope = new Scope(model, module.file, module);
  const types = module.declared.map((declared) => declareType(declared, scope, model));
  const resources = module.declared.filter((one) => one.kind === 'resource');
  const bases = resources.map((one) => resourceBase(one, module, model, scope));
  const free = freeFuncs(module.funcs);
  const guest = free.length === 0 ? [] : [guestInterface(module, free, scope)];
  const title = `What this component exports as \`${module.interfaceId ?? `world ${model.world.name}`}\``;
  return fileText(title, module.docs, scope, [...types, ...bases, ...guest]);
}

/** A constructor or static function of a resource as the author has to write it. No type can ask for these. */
export function besideText(func: Func, name: string, scope: Scope): string {
  const params = scope.params(func.type.params);
  if (isPlainConstructor(func)) return `constructor(${params})`;
  const label = funcName(func.name).kind === 'constructor' ? 'create' : name;
  return `static ${label}(${params}): ${scope.result(func.type)}`;
}

function guestInterface(module: Module, funcs: readonly Func[], scope: Scope): string {
  const methods = [...methodNames(funcs)].map(
    ([func, name]) => `${docComment(func.docs, '  ')}  ${name}(${scope.params(func.type.params)}): ${scope.result(func.type)};\n`,
  );
  const docs = `Implement it in \`index.ts\`: \`export class ${module.guest} implements ${module.guest}Guest\`. It has no constructor parameters.`;
  return `${docComment(docs)}export interface ${module.guest}Guest {\n${methods.join('\n')}}\n`;
}

/** The class that the author's class of a resource extends, and how a handle becomes the author's object. */
function resourceBase(one: Declared & { kind: 'resource' }, module: Module, model: Model, scope: Scope): string {
  const { name } = one;
  const names = [...memberNames(funcsOf(one.resource.name, module.funcs))];
  const methods = names
    .filter(([func]) => funcName(func.name).kind === 'method')
    .map(
      ([func, label]) =>
        `${docComment(func.docs)}abstract ${label}(${scope.params(func.type.params.slice(1))}): ${scope.result(func.type)};\n`,
    );
  const own = scope.resource(one.resource);
  const beside = names
    .filter(([func]) => funcName(func.name).kind !== 'method')
    .map(([func, label]) => `\n- \`${besideText(func, label, scope)}\``);
  const extend = `Extend it in \`index.ts\`: \`export class ${model.authorClass(one.resource)} extends ${name}Resource\``;
  const docs = `${one.docs === undefined ? '' : `${one.docs}\n\n`}${extend}${beside.length === 0 ? '' : `, with${beside.join('')}`}`;
  return [
    `${docComment(docs)}export abstract class ${name}Resource extends cm.ExportedResource {\n${[...methods, handleMembers(name)].map((text) => indented(text)).join('\n')}}\n`,
    `/** For generated code: from a handle to the object that it stands for. */\nexport function own${name}(handle: i32): ${own} {\n  return cm.owned<${own}>(coreRep${name}(handle), handle);\n}\n`,
    ...handleFunctions(name, one.resource.name, `[export]${module.interfaceId ?? '$root'}`),
  ].join('\n');
}

/** What every base class overrides of `cm.ExportedResource`. */
function handleMembers(name: string): string {
  return (
    `/** For generated code. */\n_new(rep: usize): i32 {\n  return coreNew${name}(rep);\n}\n\n` +
    `/** For generated code. */\n_close(handle: i32): void {\n  coreDrop${name}(handle);\n}\n`
  );
}

function handleFunctions(name: string, label: string, from: string): string[] {
  return [
    externalFunction(`coreNew${name}`, 'rep: usize', 'i32', from, `[resource-new]${label}`),
    externalFunction(`coreRep${name}`, 'handle: i32', 'usize', from, `[resource-rep]${label}`),
    externalFunction(`coreDrop${name}`, 'handle: i32', 'void', from, `[resource-drop]${label}`),
  ];
}
