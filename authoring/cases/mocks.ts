import { type AnsweredRequest, type HttpAnswer, httpCapability } from '../../host/capabilities/http/index.ts';
import { BUILT_IN, type CapabilityEntry, grantFor } from '../../host/capabilities/index.ts';
import { quote } from '../../host/policy/quote.ts';
import {
  type Capability,
  CodedError,
  decodeParams,
  encodeValue,
  type FunctionType,
  type HostCall,
  type HostCallTap,
  isCoded,
  type LoadedComponent,
  type TappedAnswer,
  toJson,
  type ValueType,
  type WitValue,
} from '../../runtime/index.ts';
import { type Difference, shownJson } from './difference.ts';
import { HTTP_SEND, httpAnswerOf, requestValue } from './http-mock.ts';
import { differencesFrom, fits } from './match.ts';
import { type MockedFunction, mockedFunction, type PlacedCase } from './read-cases.ts';
import type { Mock } from './schema.ts';
import { valueFrom, withFiles } from './written-value.ts';

/** Refused calls that are told of one case; more are counted. */
const REFUSED_MAX = 20;
const NOTHING = new Uint8Array(0);

/** A mock of a case, made ready. */
interface ReadyMock {
  readonly mock: Mock;
  readonly mocked: MockedFunction;
  readonly type: FunctionType;
  /** After `withFiles`. */
  readonly pattern: unknown;
  readonly answer: WitValue | undefined;
  /** `mock 2 (`http.send`, line 14)`. */
  readonly words: string;
  used: number;
}

/**
 * Answers the host calls of one case in place of its capabilities. A call of a capability that is neither real nor harmless, and that no mock
 * answers, ends the call and is told as a problem.
 */
export class Mocks implements HostCallTap {
  readonly #mocks: readonly ReadyMock[];
  readonly #real: ReadonlySet<string>;
  readonly #component: LoadedComponent;
  readonly #byImport: ReadonlyMap<string, string>;
  readonly #refused: Difference[] = [];
  #refusedMore = 0;

  private constructor(mocks: readonly ReadyMock[], { spec }: PlacedCase, component: LoadedComponent) {
    this.#mocks = mocks;
    this.#real = new Set(spec.real ?? []);
    this.#component = component;
    this.#byImport = new Map(component.imports.flatMap(({ name }) => entryOf(name)));
  }

  /** @throws CodedError `author/invalid-file` for a mock that does not fit the component's imports. */
  static async of(one: PlacedCase, component: LoadedComponent, folder: string): Promise<Mocks> {
    const ready: ReadyMock[] = [];
    for (const [index, mock] of (one.spec.mocks ?? []).entries()) {
      const words = `mock ${index + 1} (${quote(mock.function)}, line ${one.mockLines[index]})`;
      ready.push(await readyMock(mock, words, component, folder));
    }
    return new Mocks(ready, one, component);
  }

  /** The capabilities of this host, with the mocks of this case behind the guard of `http`. */
  get entries(): readonly CapabilityEntry[] {
    if (this.#real.has('http')) return BUILT_IN;
    const http = httpCapability({ answer: (request) => this.#network(request) });
    return BUILT_IN.map((entry) => (entry.name === 'http' ? http : entry));
  }

  /** What serves interfaces that no capability of this host has: every call is answered here. */
  get foreign(): readonly Capability[] {
    const mocked = new Set(this.#mocks.flatMap((one) => ('interface' in one.mocked ? [one.mocked.interface] : [])));
    const never = (): never => {
      throw new CodedError('internal/invariant', 'a mocked function was called past its mocks');
    };
    return this.#component.imports.flatMap((item): readonly Capability[] => {
      if (item.kind !== 'interface' || !mocked.has(item.name)) return [];
      const functions = Object.fromEntries(
        item.items.flatMap((part) => (part.kind === 'func' ? [[part.name, never] as const] : [])),
      );
      return [{ kind: 'bridged', name: item.name, interface: item.name, functions }];
    });
  }

  answer({ import: from, name, args }: HostCall): TappedAnswer | undefined {
    const capability =
      this.#byImport.get(from) ?? (from.startsWith('cellblock:runtime/') ? name.slice(0, name.indexOf('.')) : undefined);
    if (capability === 'http') return undefined; // its guard asks `#network`
    const here = this.#mocks.filter(({ mocked }) =>
      'interface' in mocked ? mocked.interface === from : mocked.capability === capability,
    );
    if (here.length === 0 && capability !== undefined && this.#servesItself(capability)) return undefined;
    const candidates = here.filter(({ mocked }) => mocked.name === name);
    const [type] = candidates;
    const shown =
      capability === undefined ? `${from}#${name}` : from.startsWith('cellblock:runtime/') ? name : `${capability}.${name}`;
    if (type === undefined) return this.#refuse(shown, []);
    const params = recordOf(decodeParams(args, type.type.params), type.type);
    const found = this.#take(candidates, params);
    if (found === undefined) return this.#refuse(shown, candidates, params);
    if (found.mock.fails !== undefined) throw new CodedError('capability/failed', found.mock.fails);
    const { result } = found.type;
    return { value: result === undefined ? NOTHING : encodeValue(found.answer!, result), charge: 0n };
  }

  /** What is wrong once the call has ended: calls that nothing answered, and mocks that were not used as often as they say. */
  problems(): readonly Difference[] {
    const more =
      this.#refusedMore === 0 ? [] : [{ what: 'host calls', message: `${this.#refusedMore} more that no mock answers` }];
    const misused = this.#mocks.flatMap(({ mock: { times }, words, used }) => {
      if (times === undefined ? used > 0 : used === times) return [];
      return [{ what: words, expected: times === undefined ? 'one call or more' : calls(times), actual: calls(used) }];
    });
    return [...this.#refused, ...more, ...misused];
  }

  #servesItself(capability: string): boolean {
    return this.#real.has(capability) || BUILT_IN.find(({ name }) => name === capability)?.effect === 'none';
  }

  /** The first that fits and has calls left. */
  #take(candidates: readonly ReadyMock[], params: Arguments): ReadyMock | undefined {
    const found = candidates.find(({ mock: { times }, pattern, used }) => {
      if (times !== undefined && used >= times) return false;
      return pattern === undefined || fits(pattern, params.value, params.type);
    });
    if (found !== undefined) found.used += 1;
    return found;
  }

  #network(request: AnsweredRequest): HttpAnswer {
    const params = recordOf([requestValue(request)], HTTP_SEND);
    const candidates = this.#mocks.filter(({ mocked }) => 'capability' in mocked && mocked.capability === 'http');
    const found = this.#take(candidates, params);
    if (found === undefined) return this.#refuse('http.send', candidates, params);
    if (found.mock.fails !== undefined) throw new CodedError('capability/failed', found.mock.fails);
    return httpAnswerOf(found.answer!);
  }

  #refuse(shown: string, candidates: readonly ReadyMock[], params?: Arguments): never {
    const args = params === undefined ? '' : ` with ${shownJson(toJson(params.value, params.type))}`;
    const isFiles = shown.startsWith('files.');
    const message = isFiles ? 'a file was used: name `files` in `real`' : `no mock answers ${quote(shown)}${args}`;
    if (this.#refused.length < REFUSED_MAX) this.#refused.push({ what: 'host calls', message }, ...whyNot(candidates, params));
    else this.#refusedMore += 1;
    throw new CodedError('capability/failed', isFiles ? message : `no mock of the case answers ${quote(shown)}`);
  }
}

/** In which part the mock that could have answered does not fit. */
function whyNot(candidates: readonly ReadyMock[], params: Arguments | undefined): readonly Difference[] {
  if (params === undefined) return [];
  const [near] = candidates.filter(({ mock: { times }, used }) => times === undefined || used < times);
  if (near?.pattern === undefined) return [];
  return differencesFrom(near.pattern, params.value, params.type, '')
    .slice(0, 1)
    .map((one) => ({ ...one, what: `${near.words} does not fit: ${one.what}` }));
}

/** Arguments as one value, by name. */
interface Arguments {
  readonly value: WitValue;
  readonly type: ValueType;
}

function recordOf(values: readonly WitValue[], { params }: FunctionType): Arguments {
  const value = Object.fromEntries(params.map(({ name }, index) => [name, values[index]!]));
  return { value, type: { kind: 'record', fields: params } };
}

function entryOf(importName: string): readonly (readonly [string, string])[] {
  const capability = grantFor(importName);
  return capability === undefined ? [] : [[importName, capability]];
}

const calls = (count: number): string => (count === 1 ? '1 call' : `${count} calls`);

async function readyMock(mock: Mock, words: string, component: LoadedComponent, folder: string): Promise<ReadyMock> {
  const mocked = mockedFunction(mock.function);
  const type = typeOfMocked(mocked, words, component);
  const pattern = mock.with === undefined ? undefined : await withFiles(mock.with, folder);
  return { mock, mocked, type, pattern, answer: await answerOf(mock, type, words, folder), words, used: 0 };
}

function typeOfMocked(mocked: MockedFunction, words: string, component: LoadedComponent): FunctionType {
  if ('capability' in mocked && mocked.capability === 'http') return HTTP_SEND;
  const isIt = (name: string): boolean =>
    'interface' in mocked ? name === mocked.interface : grantFor(name) === mocked.capability;
  const found = component.imports.flatMap((item) => (isIt(item.name) ? [item] : []));
  const functions = found.flatMap((item) => {
    if (item.kind === 'func') return [item];
    return item.kind === 'interface' ? item.items.filter((part) => part.kind === 'func') : [];
  });
  const type = functions.find(({ name }) => name === mocked.name)?.type;
  if (type !== undefined) return type;
  const known = functions.length === 0 ? 'nothing of it' : functions.map(({ name }) => quote(name)).join(', ');
  throw new CodedError('author/invalid-file', `${words}: the component does not import that; it imports ${known}`);
}

/** @throws CodedError `author/invalid-file` where the answer is not one of the function's type. */
async function answerOf(
  { answer, fails }: Mock,
  { result }: FunctionType,
  words: string,
  folder: string,
): Promise<WitValue | undefined> {
  if (fails !== undefined) return undefined;
  if (result === undefined) {
    if (answer === undefined) return undefined;
    throw new CodedError('author/invalid-file', `${words}: the function returns nothing, so the mock has no \`answer\``);
  }
  if (answer === undefined && result.kind !== 'option') {
    throw new CodedError('author/invalid-file', `${words}: missing \`answer\`, or \`fails\``);
  }
  try {
    return valueFrom(await withFiles(answer ?? null, folder), result);
  } catch (error) {
    if (!isCoded(error) || !error.code.startsWith('params/')) throw error;
    const message = error.message.replace('$.value', 'answer');
    throw new CodedError('author/invalid-file', `${words}: ${message}`, { cause: error });
  }
}
