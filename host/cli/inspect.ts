import {
  type BindingsName,
  type CallableFunction,
  type Component,
  chooseBindings,
  declarationsToWit,
  findFunctions,
  functionToWit,
  isCoded,
  isMet,
  type JsonSchema,
  paramsSchema,
  resultSchema,
} from '../../runtime/index.ts';
import { grantFor, openerOf } from '../capabilities/index.ts';
import { readComponentFile } from '../component-file.ts';
import { print, visible } from './output.ts';

/** One import and who would serve it. */
export interface ImportReport {
  readonly import: string;
  /** `always`: closed and deterministic, or types only. `grant`: by the named capability. `nothing`: only an embedding program could. */
  readonly servedBy: 'always' | 'grant' | 'nothing';
  /** The capability that serves it, or that opens what is always there. */
  readonly grant?: string;
  /** It holds types and no function, so nobody has to serve it. */
  readonly typesOnly?: true;
}

export interface FunctionReport {
  readonly id: string;
  readonly docs?: string;
  readonly wit: string;
  readonly callable: boolean;
  readonly reason?: string;
  readonly params?: JsonSchema;
  readonly result?: JsonSchema;
}

/** What `cellblock inspect --json` prints. */
export interface InspectReport {
  readonly digest: string;
  readonly bytes: number;
  readonly coreModules: number;
  readonly nestedComponents: number;
  readonly docs?: string;
  readonly imports: readonly ImportReport[];
  readonly functions: readonly FunctionReport[];
  /** WIT declarations of every named type that the functions use. */
  readonly types: readonly string[];
  /** The bindings that would run it unless others are asked for; `none` when neither can. */
  readonly bindings: BindingsName | 'none';
  /** Why not our own, or why none. */
  readonly bindingsReason?: string;
}

/** @throws CodedError `usage/unreadable-file`, `component/*`. */
export async function inspectCommand(path: string, json: boolean): Promise<void> {
  const report = inspect(await readComponentFile(path));
  if (json) print(JSON.stringify(report));
  else for (const line of toText(report)) print(visible(line));
}

/** Everything that a component tells of itself, without running any of it. */
export function inspect(component: Component): InspectReport {
  const functions = findFunctions(component);
  return {
    digest: component.digest,
    bytes: component.bytes.length,
    coreModules: component.coreModules.length,
    nestedComponents: component.nestedComponents,
    ...(component.docs === undefined ? {} : { docs: component.docs }),
    imports: component.imports.filter((item) => item.kind !== 'type').map(importReport),
    functions: functions.map(functionReport),
    types: typesOf(functions),
    ...bindingsReport(component),
  };
}

/** Works out how the component would be linked; that runs nothing of it. */
function bindingsReport(component: Component): Pick<InspectReport, 'bindings' | 'bindingsReason'> {
  try {
    const chosen = chooseBindings(component, 'auto');
    const reason = chosen.bindings === 'jco' ? chosen.reason : undefined;
    return { bindings: chosen.bindings, ...(reason === undefined ? {} : { bindingsReason: reason }) };
  } catch (error) {
    if (!isCoded(error)) throw error;
    return { bindings: 'none', bindingsReason: [error.message, error.help].filter((text) => text !== undefined).join('; ') };
  }
}

function importReport(item: Component['imports'][number]): ImportReport {
  const onlyTypes = item.kind === 'interface' && item.items.every((inner) => inner.kind === 'type');
  if (onlyTypes) return { import: item.name, servedBy: 'always', typesOnly: true };
  if (isMet(item.name)) {
    const opener = openerOf(item.name);
    return { import: item.name, servedBy: 'always', ...(opener === undefined ? {} : { grant: opener }) };
  }
  const grant = grantFor(item.name);
  return grant === undefined ? { import: item.name, servedBy: 'nothing' } : { import: item.name, servedBy: 'grant', grant };
}

function functionReport(found: CallableFunction): FunctionReport {
  const { id, name, docs, type } = found;
  const base = { id, ...(docs === undefined ? {} : { docs }), wit: functionToWit(name, type), callable: found.callable };
  if (!found.callable) return { ...base, ...(found.reason === undefined ? {} : { reason: found.reason }) };
  return { ...base, params: paramsSchema(type.params), result: resultSchema(type.result) };
}

/** Declarations of the types of all functions, each once, in the order of first use. */
function typesOf(functions: readonly CallableFunction[]): readonly string[] {
  const declarations = functions.flatMap(({ type }) => declarationsToWit(type).split(/\n\n+/));
  return [...new Set(declarations.map((text) => text.trim()).filter((text) => text !== ''))];
}

function toText(report: InspectReport): readonly string[] {
  const lines = [
    report.digest,
    `${report.bytes} bytes, ${report.coreModules} core modules, ${report.nestedComponents} nested components`,
    `bindings: ${report.bindings}${report.bindingsReason === undefined ? '' : ` (${report.bindingsReason})`}`,
  ];
  if (report.docs !== undefined) lines.push('', ...report.docs.split('\n'));
  lines.push('', report.imports.length === 0 ? 'imports: none' : 'imports:', ...report.imports.map(importLine));
  lines.push('', report.functions.length === 0 ? 'functions: none' : 'functions:');
  for (const found of report.functions) lines.push(...functionLines(found), '');
  if (report.types.length > 0)
    lines.push('types:', ...report.types.flatMap((text) => [...text.split('\n').map((line) => `  ${line}`), '']));
  return lines;
}

/** One import as people read it. */
export function importLine({ import: name, servedBy, grant, typesOnly }: ImportReport): string {
  if (typesOnly) return `  ${name}  (types only, needs no grant)`;
  if (servedBy === 'always')
    return `  ${name}  (always there, closed${grant === undefined ? '' : `; the grant ${grant} opens it`})`;
  return servedBy === 'grant' ? `  ${name}  (grant: ${grant})` : `  ${name}  (nothing here grants it; an embedding program can)`;
}

function functionLines({ id, docs, wit, callable, reason }: FunctionReport): readonly string[] {
  const lines = [`  ${id}`, `    ${wit}`];
  if (docs !== undefined) lines.push(...docs.split('\n').map((line) => `    ${line}`));
  if (!callable) lines.push(`    not callable: ${reason ?? 'unknown'}`);
  return lines;
}
