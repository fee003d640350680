import {
  type Component,
  coreModuleIndex,
  demangle,
  type FunctionNames,
  functionNames,
  HOST_ROW,
  MODULE_STEP,
  type ProfiledPlan,
} from '../../runtime/index.ts';

/** What a row of a profile is called. */
export interface RowName {
  readonly name: string;
  /** As the module has it, where that is another. */
  readonly symbol?: string;
  /** Which core module of the component. */
  readonly module?: number;
}

const HOST_NAMES: ReadonlyMap<number, string> = new Map([
  [HOST_ROW.root, '[host]'],
  [HOST_ROW.instantiation, '[instantiation]'],
  [HOST_ROW.parameters, '[passing parameters]'],
  [HOST_ROW.result, '[taking the result]'],
  [HOST_ROW.hostCalls, '[host calls]'],
  [HOST_ROW.deeper, '[deeper calls]'],
]);

/** By what a helper of the metering charges for. */
const HELPER_NAMES: ReadonlyMap<string, string> = new Map([
  ['bytes', '[bulk memory]'],
  ['elements', '[bulk table]'],
  ['memory.grow', '[memory.grow]'],
  ['memory.grow.paid', '[memory.grow]'],
  ['table.grow', '[table.grow]'],
  ['table.grow.paid', '[table.grow]'],
]);

/** Names the rows of a call's profile. */
export function rowNames({ coreModules }: Component, { artifact }: ProfiledPlan): (row: number) => RowName {
  const named = new Map<number, RowName>();
  const names = new Map<number, FunctionNames>();
  const namesOf = (module: number): FunctionNames | undefined => {
    const bytes = coreModules[module]?.bytes;
    const known = names.get(module) ?? (bytes && functionNames(bytes));
    if (known !== undefined) names.set(module, known);
    return known;
  };
  return (row) => {
    let name = named.get(row);
    if (name === undefined) {
      name = nameOf(row, artifact, namesOf);
      named.set(row, name);
    }
    return name;
  };
}

function nameOf(
  row: number,
  { modules }: ProfiledPlan['artifact'],
  namesOf: (module: number) => FunctionNames | undefined,
): RowName {
  if (row < 0) return { name: HOST_NAMES.get(row) ?? '[host]' };
  const at = Math.floor(row / MODULE_STEP);
  const index = row % MODULE_STEP;
  const module = coreModuleIndex(modules[at]?.name ?? '', at);
  const hooks = modules[at]?.callHooks;
  const helper = hooks?.helpers[index - hooks.functions];
  if (helper !== undefined) return { name: HELPER_NAMES.get(helper) ?? `[${helper}]`, module };
  const symbol = namesOf(module)?.of(index);
  if (symbol === undefined) return { name: `module[${module}].func[${index}]`, module };
  const name = demangle(symbol);
  return { name, module, ...(name === symbol ? {} : { symbol }) };
}
