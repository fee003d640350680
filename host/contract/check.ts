import { encodeValue, isCoded, type LoadedComponent, resolveImports, type WitValue } from '../../runtime/index.ts';
import { type CapabilityEntry, type CapabilityHost, grantFor } from '../capabilities/index.ts';
import { policyJsonSchema } from '../policy/index.ts';
import { GRANT_NAME } from '../policy/names.ts';
import { Trial } from './trial.ts';
import { seededRandom, someValue } from './values.ts';

/** One call of a function that the capability serves: by its WIT name, or of `BACK_FUNCTIONS` (`files.read`). */
export interface FunctionCall {
  readonly function: string;
  readonly args: readonly WitValue[];
}

/** What the contract has to know of a capability. */
export interface CapabilityExample {
  /** A component that imports all interfaces that the capability serves, such as a tool built against its WIT. */
  readonly component: LoadedComponent;
  /** A scope as a policy has it; absent where the bare name is all that there is to say. */
  readonly scope?: unknown;
  /** Scopes that must be refused, beside those that no capability takes. */
  readonly badScopes?: readonly unknown[];
  /** Calls that the scope allows; each with a fresh call of the tool. */
  readonly inside?: readonly FunctionCall[];
  /** Calls that it does not allow: each must be refused, and leave word of that. */
  readonly outside?: readonly FunctionCall[];
  /** Another scope of the same capability that does not allow `inside`, for a caller on whose behalf the tool runs. */
  readonly callerScope?: unknown;
  readonly host: Omit<CapabilityHost, 'state'>;
  /** Texts that no answer, note, log line or error may hold, such as the values of the host's secrets. */
  readonly secrets?: readonly string[];
  /** Calls with values that nobody expects, for each function. Default 200. */
  readonly randomCalls?: number;
}

/**
 * Checks a capability against what every one promises.
 *
 * @returns a sentence for each promise that it breaks; empty: it keeps them all. Rejects for nothing that the capability does.
 */
export async function checkCapability(entry: CapabilityEntry, example: CapabilityExample): Promise<readonly string[]> {
  // Each needs what was checked before it.
  for (const faultsOf of [wordFaults, scopeFaults, linkFaults]) {
    const faults = faultsOf(entry, example);
    if (faults.length > 0) return faults;
  }
  return [
    ...(await callFaults(entry, example)),
    ...(await callerFaults(entry, example)),
    ...(await randomFaults(entry, example)),
    ...(await endFaults(entry, example)),
  ];
}

function wordFaults({ name, summary, interfaces, capability, open }: CapabilityEntry): readonly string[] {
  return [
    ...(GRANT_NAME.test(name) ? [] : ['the name is not kebab-case']),
    ...(/^[^\n]{10,160}$/.test(summary) ? [] : ['the summary is not one line of 10 to 160 characters']),
    ...interfaces.filter((id) => !/^[a-z0-9-]+:[a-z0-9-]+\/[a-z0-9-]+@\d/.test(id)).map((id) => `\`${id}\` has no version`),
    ...((capability === undefined) === (open === undefined) ? ['it has neither or both of `capability` and `open`'] : []),
  ];
}

/** What nobody can mean; a capability whose scope is a free mapping names its own in `badScopes`. */
const NO_SCOPES: readonly unknown[] = [null, 7, true, '', [], ['any'], { 'no-such-field-in-any-scope': { a: [{}] } }];

function scopeFaults({ name, scope: schema }: CapabilityEntry, { scope, badScopes = [] }: CapabilityExample): readonly string[] {
  if (schema === undefined) return scope === undefined ? [] : ['it takes no scope, and the example has one'];
  const accepted = [...NO_SCOPES, ...badScopes].filter((bad) => schema.safeParse(bad).success);
  return [
    ...accepted.map((bad) => `the scope ${JSON.stringify(bad)} is taken`),
    ...(schema.safeParse(scope).success ? [] : ['the scope of the example is refused']),
    ...(hasJsonSchema(name, schema) ? [] : ['the scope has no JSON Schema, which editors need']),
  ];
}

function hasJsonSchema(name: string, schema: NonNullable<CapabilityEntry['scope']>): boolean {
  try {
    return Object.keys(policyJsonSchema(new Map([[name, schema]]))).length > 0;
  } catch {
    return false;
  }
}

function parsed({ scope: schema }: CapabilityEntry, scope: unknown): unknown {
  return schema === undefined ? scope : schema.parse(scope);
}

const trialOf = (entry: CapabilityEntry, { scope, host }: CapabilityExample, callerScope?: unknown): Trial =>
  new Trial(entry, parsed(entry, scope), host, callerScope);

/** With the grant the component links as it is declared; without it, the refusal names the grant. */
function linkFaults(entry: CapabilityEntry, example: CapabilityExample): readonly string[] {
  const { component } = example;
  const granted = (name: string): string | undefined => grantFor(name, [entry]);
  try {
    resolveImports(component, trialOf(entry, example).capabilities, granted);
  } catch (error) {
    return [`the component does not link: ${wordsOf(error)}`];
  }
  try {
    resolveImports(component, [], granted);
    return entry.interfaces.length === 0 ? [] : ['the component links without the grant'];
  } catch (error) {
    const isNamed = isCoded(error) && error.code === 'denied/no-grant' && error.help?.includes(`\`${entry.name}\``) === true;
    return isNamed ? [] : [`without the grant, the refusal does not name it: ${wordsOf(error)}`];
  }
}

/** Served functions by name, with their types as the component declares them. */
function servedBy(trial: Trial, { component }: CapabilityExample) {
  return resolveImports(component, trial.capabilities, () => undefined).bridged;
}

type Answer = { readonly kind: 'ok' | 'err' | 'thrown'; readonly words: string; readonly isTyped: boolean };

/** One call of one function in a fresh trial, and all that it left. */
async function callOnce(trial: Trial, example: CapabilityExample, { function: name, args }: FunctionCall): Promise<Answer> {
  const served = servedBy(trial, example).find((candidate) => candidate.name === name);
  if (served === undefined) return { kind: 'thrown', words: `there is no function \`${name}\``, isTyped: false };
  try {
    const value = await served.call(args, trial.context);
    const { result } = served.type;
    if (result !== undefined) encodeValue(value!, result); // throws where it is no value of the type
    const isErr = result?.kind === 'result' && typeof value === 'object' && value !== null && 'err' in value;
    return { kind: isErr ? 'err' : 'ok', words: wordsOf(value), isTyped: true };
  } catch (thrown) {
    const error = ownErrorOf(thrown);
    return { kind: 'thrown', words: wordsOf(error), isTyped: isCoded(error) };
  }
}

/** What the capability itself threw: `openCapabilities` keeps the words of what is no `CodedError` from everybody. */
function ownErrorOf(thrown: unknown): unknown {
  return isCoded(thrown) && thrown.code === 'capability/failed' && thrown.cause !== undefined ? thrown.cause : thrown;
}

async function callFaults(entry: CapabilityEntry, example: CapabilityExample): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const call of example.inside ?? []) {
    const { answer, leaks } = await tryCall(entry, example, call);
    if (answer.kind !== 'ok') faults.push(`\`${call.function}\` within the scope: ${answer.words}`);
    faults.push(...leaks);
  }
  for (const call of example.outside ?? []) {
    const { answer, uses, leaks } = await tryCall(entry, example, call);
    if (answer.kind === 'ok') faults.push(`\`${call.function}\` outside of the scope is allowed: ${answer.words}`);
    if (!uses.some(({ result }) => result.startsWith('denied')))
      faults.push(`\`${call.function}\` is refused, and the trail has no word of it`);
    faults.push(...leaks);
  }
  return faults;
}

/** The rights of a tool on somebody's behalf are what both have. */
async function callerFaults(entry: CapabilityEntry, example: CapabilityExample): Promise<readonly string[]> {
  if (example.callerScope === undefined) return [];
  const faults: string[] = [];
  for (const call of example.inside ?? []) {
    const { answer } = await tryCall(entry, example, call, parsed(entry, example.callerScope));
    if (answer.kind === 'ok') faults.push(`\`${call.function}\` is allowed on behalf of a tool that may not`);
  }
  return faults;
}

async function tryCall(entry: CapabilityEntry, example: CapabilityExample, call: FunctionCall, callerScope?: unknown) {
  const trial = trialOf(entry, example, callerScope);
  const answer = await callOnce(trial, example, call);
  const uses = await trial.end();
  await trial.close();
  const told = [answer.words, JSON.stringify(uses, bigintsAsText), JSON.stringify(trial.logged)];
  const leaked = (example.secrets ?? []).filter((secret) => told.some((text) => text.includes(secret)));
  return { answer, uses, leaks: leaked.map(() => `\`${call.function}\` tells a secret`) };
}

/** Whatever a guest sends: a typed answer or a typed error, and no secret. */
async function randomFaults(entry: CapabilityEntry, example: CapabilityExample): Promise<readonly string[]> {
  const faults = new Set<string>();
  const random = seededRandom(1);
  const functions = servedBy(trialOf(entry, example), example);
  for (const { name, type } of functions) {
    for (let at = 0; at < (example.randomCalls ?? 200); at++) {
      const call = { function: name, args: type.params.map((param) => someValue(param.type, random)) };
      const { answer, leaks } = await tryCall(entry, example, call);
      if (!answer.isTyped) faults.add(`\`${name}\` fails in a way it must not: ${answer.words}`);
      for (const leak of leaks) faults.add(leak);
    }
  }
  return [...faults];
}

/** A host function that is still at work when its call has ended must not begin anything more. */
async function endFaults(entry: CapabilityEntry, example: CapabilityExample): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const call of example.inside ?? []) {
    const trial = trialOf(entry, example);
    await trial.end();
    const answer = await callOnce(trial, example, call);
    if (!answer.isTyped) faults.push(`\`${call.function}\` after the end of its call: ${answer.words}`);
    else if (answer.kind === 'ok') faults.push(`\`${call.function}\` is still allowed after the end of its call`);
    await trial.close();
  }
  return faults;
}

function wordsOf(value: unknown): string {
  if (isCoded(value))
    return `${value.message} [${value.code}] ${JSON.stringify(value.data, bigintsAsText) ?? ''} ${value.help ?? ''}`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return JSON.stringify(value, bigintsAsText) ?? 'nothing';
}

function bigintsAsText(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
}
