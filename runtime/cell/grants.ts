import type { ComponentDescription } from '../component/description.ts';
import { signatureOf } from '../component/signature.ts';
import { partsOf } from '../component/type-facts.ts';
import type { FunctionType, InterfaceItem, ResourceType, ValueType, WorldItem } from '../component/types.ts';
import { CodedError } from '../error.ts';
import type { LogLine } from '../outcome.ts';
import type { WitValue } from '../value/index.ts';
import { BACK_FUNCTIONS, type BackName } from '../wasi/back.ts';
import { isMet, isServedResource, servedSignatures } from '../wasi/index.ts';
import type { PlanFunction, PlanImport, WasiSetup } from './plan.ts';

/** What a host function of the trusted side is told about the call it serves. */
export interface HostCallContext {
  /** Aborts when the call is cancelled or its deadline passes. Made when it is first read, which takes 20 us. */
  readonly signal: AbortSignal;
  /** What the caller of the runtime calls this call; undefined where it has no name. */
  readonly ref: string | undefined;
  /** Bytes that an answer may have in its canonical encoding; a larger one ends the call. */
  readonly answerBytesMax: number;
  /** Keeps one line for the outcome, also if the call is ended; lines beyond 64 KiB are counted and dropped. */
  log(line: LogLine): void;
  /** Fuel that the guest had left when it called: what work on its behalf may use at most. A guest's own word, as all that it sends. */
  readonly fuelLeft: bigint;
  /** Charges the guest for work that was done for it, once this function has answered; what it cannot pay ends the call. */
  charge(units: bigint): void;
}

/**
 * A host function of the trusted side: neutral values in, a neutral value (or its promise) out. A WIT `result` is
 * answered as `{ok}` or `{err}`; throwing instead ends the call as `capability/failed`.
 */
export type HostFunction = (
  args: readonly WitValue[],
  context: HostCallContext,
) => WitValue | undefined | Promise<WitValue | undefined>;

/** Names of functions with their signatures, in the words of `signatureOf`: what a capability serves, and nothing else. */
export type Signatures = Readonly<Record<string, string>>;

/**
 * Something that can be granted to a component. Whoever calls the runtime decides which ones a call gets.
 *
 * - `local`: served inside the worker by the module at `moduleUrl`, whose `createCapability(context)` returns functions by WIT name.
 * - `bridged`: served on the trusted side, one bridge crossing for each call. Values come in the types that the *component*
 *   declares: give `signatures` to have a component with other types refused, or check them.
 *
 * The `interface` of these two may also name a single function that the world imports directly; then that one function is
 * served under the same name.
 *
 * - `wasi`: opens the closed WASI a little (real clock, secure randomness, files). `interfaces` are those that are only served with it, without
 *   their version (`wasi:http/types`); `back` are the functions of the trusted side that serve them.
 */
export type Capability =
  | {
      readonly kind: 'local';
      readonly name: string;
      readonly interface: string;
      readonly moduleUrl: string;
      readonly signatures: Signatures;
    }
  | {
      readonly kind: 'bridged';
      readonly name: string;
      readonly interface: string;
      readonly functions: Readonly<Record<string, HostFunction>>;
      readonly signatures?: Signatures;
    }
  | {
      readonly kind: 'wasi';
      readonly name: string;
      readonly setup: Partial<WasiSetup>;
      readonly interfaces?: readonly string[];
      readonly back?: Readonly<Partial<Record<BackName, HostFunction>>>;
    };

const CLOSED_WASI: WasiSetup = { clock: 'fixed', random: 'seeded', clockStartNanoseconds: 0n };

/** How far the closed WASI is opened by what was granted. @param back - as `resolveImports` numbered them. */
export function wasiSetup(capabilities: readonly Capability[], back: WasiSetup['back']): WasiSetup {
  const setups = capabilities.map((item) => (item.kind === 'wasi' ? item.setup : {}));
  return Object.assign({}, CLOSED_WASI, ...setups, back === undefined ? {} : { back }) as WasiSetup;
}

/** The imports of one plan, and the trusted side's functions by the number that the worker uses for them. */
export interface ResolvedImports {
  readonly imports: readonly PlanImport[];
  readonly bridged: readonly {
    readonly import: string;
    readonly name: string;
    readonly type: FunctionType;
    readonly call: HostFunction;
  }[];
  /** Where in `bridged` the functions are that serve the WASI inside the worker; undefined where there are none. */
  readonly back: WasiSetup['back'];
}

/**
 * Decides who serves each import; links nothing.
 *
 * @param capabilities - what was granted; anything else is absent.
 * @param grantFor - names what would grant an import, for the refusal; undefined where nothing can.
 * @throws CodedError `denied/no-grant` naming every missing import; `component/unsupported` for imports that are not
 * interfaces or functions.
 */
export function resolveImports(
  component: ComponentDescription,
  capabilities: readonly Capability[],
  grantFor: (importName: string) => string | undefined,
): ResolvedImports {
  const imports: PlanImport[] = [];
  const bridged: ResolvedImports['bridged'][number][] = [];
  const missing: { import: string; grantedBy: string | null }[] = [];
  for (const item of component.imports) {
    if (needsNothing(item)) continue;
    const served = serve(item, capabilities, bridged);
    if (served === undefined) missing.push({ import: item.name, grantedBy: grantFor(item.name) ?? null });
    else imports.push(served);
  }
  if (missing.length > 0) throw noGrant(missing);
  return { imports, bridged, back: addBack(capabilities, bridged) };
}

/** What the import of a back function is called where host calls are recorded: no component can import it. */
const BACK_IMPORT = 'cellblock:runtime/back';

function addBack(capabilities: readonly Capability[], bridged: ResolvedImports['bridged'][number][]): WasiSetup['back'] {
  const numbers: { [name in BackName]?: number } = {};
  for (const capability of capabilities) {
    if (capability.kind !== 'wasi' || capability.back === undefined) continue;
    for (const [name, call] of Object.entries(capability.back) as [BackName, HostFunction][]) {
      if (numbers[name] !== undefined) throw new CodedError('internal/invariant', `two capabilities serve \`${name}\``);
      numbers[name] = bridged.length;
      bridged.push({ import: BACK_IMPORT, name, type: BACK_FUNCTIONS[name], call });
    }
  }
  return Object.keys(numbers).length === 0 ? undefined : numbers;
}

/** A type, or an interface of types only, carries no authority. */
function needsNothing(item: WorldItem): boolean {
  if (item.kind === 'type') return true;
  return item.kind === 'interface' && item.items.every((inner) => inner.kind === 'type');
}

function serve(
  item: WorldItem,
  capabilities: readonly Capability[],
  bridged: ResolvedImports['bridged'][number][],
): PlanImport | undefined {
  if (item.kind !== 'interface' && item.kind !== 'func') {
    throw new CodedError(
      'component/unsupported',
      `the import \`${item.name}\` is a ${item.kind}, which cannot be given from outside`,
    );
  }
  const capability = capabilities.find((candidate) => candidate.kind !== 'wasi' && serves(candidate.interface, item.name));
  if (capability === undefined || capability.kind === 'wasi') {
    if (item.kind !== 'interface') return undefined;
    return isMet(item.name) || isOpened(item.name, capabilities) ? serveWasi(item) : undefined;
  }
  const functions = functionsOf(item);
  checkSignatures(capability.signatures, item.name, functions);
  const isFunction = item.kind === 'func';
  if (capability.kind === 'local') {
    return { kind: 'local', name: item.name, isFunction, moduleUrl: capability.moduleUrl, functions };
  }
  const firstIndex = bridged.length;
  for (const { name, type } of functions) {
    const call = Object.hasOwn(capability.functions, name) ? capability.functions[name] : undefined;
    if (call === undefined) throw incomplete(capability.name, item.name, name);
    bridged.push({ import: item.name, name, type, call });
  }
  return { kind: 'bridged', name: item.name, isFunction, firstIndex, functions };
}

/** True for an interface that is only served with one of these capabilities. */
function isOpened(importName: string, capabilities: readonly Capability[]): boolean {
  const name = withoutVersion(importName);
  return capabilities.some((item) => item.kind === 'wasi' && item.interfaces?.includes(name) === true);
}

/** The types of an import are the component's own words; a capability that states its types serves those and no others. */
function checkSignatures(signatures: Signatures | undefined, importName: string, functions: readonly PlanFunction[]): void {
  if (signatures === undefined) return;
  for (const { name, type } of functions) {
    const served = Object.hasOwn(signatures, name) ? signatures[name] : undefined;
    const wanted = signatureOf(type);
    if (served === wanted) continue;
    throw new CodedError(
      'component/unsupported',
      `the import \`${importName}\` declares \`${name}\` otherwise than it is served`,
      {
        data: { import: importName, function: name, declared: wanted.slice(0, 500), served: served ?? null },
        help:
          served === undefined
            ? 'remove the function; nothing serves it'
            : 'build the component against the current WIT of this interface',
      },
    );
  }
}

/**
 * WASI has types of its own, and what serves it relies on them. Later patches of 0.2 add functions: a component that uses one
 * we do not have is refused here, not when it links.
 */
function serveWasi(item: Extract<WorldItem, { kind: 'interface' }>): PlanImport {
  const functions = item.items.filter(isFunctionItem);
  checkSignatures(servedSignatures(item.name), item.name, functions);
  for (const inner of item.items) if (inner.kind === 'resource') checkDeclared(inner.resource, item.name);
  for (const { name, type } of functions) checkParts(type, item.name, name);
  return { kind: 'wasi', name: item.name, interface: withoutVersion(item.name) };
}

/** A resource that an interface of WASI declares must be one of it; those it only mentions belong to whoever declared them. */
function checkDeclared({ name, interface: home }: ResourceType, importName: string): void {
  if (home !== importName || isServedResource(name, home)) return;
  throw new CodedError(
    'component/unsupported',
    `the import \`${importName}\` declares the resource \`${name}\`, which this runtime does not have`,
    { data: { import: importName, resource: name }, help: 'remove the resource; nothing serves it' },
  );
}

/** What a signature's line does not tell: whose the resources are. */
function checkParts({ params, result }: FunctionType, importName: string, functionName: string): void {
  const rest: ValueType[] = params.map((param) => param.type);
  if (result !== undefined) rest.push(result);
  for (let type = rest.pop(); type !== undefined; type = rest.pop()) {
    if ((type.kind === 'own' || type.kind === 'borrow') && !isServedResource(type.resource.name, type.resource.interface)) {
      throw foreignResource(type.resource, importName, functionName);
    }
    rest.push(...partsOf(type));
  }
}

function foreignResource({ name }: ResourceType, importName: string, functionName: string): CodedError {
  return new CodedError(
    'component/unsupported',
    `the import \`${importName}\` declares \`${functionName}\` with the resource \`${name}\` of another interface, otherwise than it is served`,
    {
      data: { import: importName, function: functionName },
      help: 'build the component against the current WIT of this interface',
    },
  );
}

function isFunctionItem(item: InterfaceItem): item is Extract<InterfaceItem, { kind: 'func' }> {
  return item.kind === 'func';
}

/** Imports that a host function or an interface of them can meet. */
export type ServableItem = Extract<WorldItem, { kind: 'interface' } | { kind: 'func' }>;

/** The functions of an import, each with a signature that can cross a bridge. */
export function functionsOf(item: ServableItem): readonly PlanFunction[] {
  if (item.kind === 'func') return [{ name: item.name, type: item.type }];
  const resource = item.items.find((inner) => inner.kind === 'resource');
  if (resource !== undefined) {
    throw new CodedError(
      'component/unsupported',
      `the import \`${item.name}\` has the resource \`${resource.name}\`, which a host function cannot serve yet`,
    );
  }
  return item.items.filter(isFunctionItem);
}

/** True when what is provided under one name meets an import: same name, and versions that semver calls compatible. */
export function serves(provided: string, wanted: string): boolean {
  if (provided === wanted) return true;
  return withoutVersion(provided) === withoutVersion(wanted) && track(provided) === track(wanted) && track(wanted) !== '';
}

/** `wasi:io/streams@0.2.3` without `@0.2.3`. */
export function withoutVersion(name: string): string {
  const at = name.lastIndexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

/** The part of a version within which releases are compatible: `1` of 1.2.3, `0.2` of 0.2.3; prereleases match only themselves. */
function track(name: string): string {
  const at = name.lastIndexOf('@');
  if (at < 0) return '';
  const version = name.slice(at + 1);
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(version);
  if (parts === null) return version;
  const [, major, minor] = parts;
  if (major !== '0') return String(major);
  return minor === '0' ? version : `0.${minor}`;
}

function noGrant(missing: readonly { readonly import: string; readonly grantedBy: string | null }[]): CodedError {
  const names = missing.map((entry) => `\`${entry.import}\``).join(', ');
  const grants = [...new Set(missing.flatMap((entry) => (entry.grantedBy === null ? [] : [entry.grantedBy])))];
  const nothing = missing.filter((entry) => entry.grantedBy === null);
  const help = [
    ...(grants.length === 0 ? [] : [`grant ${grants.map((name) => `\`${name}\``).join(', ')}`]),
    ...(nothing.length === 0
      ? []
      : [`nothing here provides ${nothing.map((entry) => `\`${entry.import}\``).join(', ')}; an embedding program can`]),
  ].join('; ');
  return new CodedError('denied/no-grant', `the component imports what was not granted: ${names}`, { data: { missing }, help });
}

function incomplete(capability: string, importName: string, functionName: string): CodedError {
  return new CodedError(
    'denied/no-grant',
    `the capability \`${capability}\` has no function \`${functionName}\` of \`${importName}\``,
    {
      data: { missing: [{ import: `${importName}#${functionName}`, grantedBy: null }] },
      help: 'provide every function of the interface',
    },
  );
}
