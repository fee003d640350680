import { createHash } from 'node:crypto';
import { grantFor } from '../../host/capabilities/index.ts';
import { LoneCall } from '../../host/lone-call.ts';
import { toOutcome } from '../../host/receipt.ts';
import {
  type CellOutcome,
  CodedError,
  failure,
  type HostCallTap,
  isCoded,
  type Limits,
  type LoadedComponent,
  type PreparedCall,
  paramsFromJson,
  parseJson,
  type Runner,
  resolveFunction,
  type WitValue,
} from '../../runtime/index.ts';
import type { Difference } from './difference.ts';
import { type EndedCase, unexpected } from './expectations.ts';
import { CaseFolders } from './left-files.ts';
import { Mocks } from './mocks.ts';
import type { PlacedCase } from './read-cases.ts';
import { fileBytes, valuesFrom, withFiles } from './written-value.ts';

/** What cases run on. */
export interface CaseSetting {
  readonly runner: Runner;
  readonly component: LoadedComponent;
  /** Folder of the file of the case. */
  readonly folder: string;
  /** Where a case sets none, in place of the runtime's. */
  readonly limits?: Partial<Limits>;
  /** Runs each case a second time and compares. */
  readonly twice?: boolean;
  /** Cases of somebody else: none is run that would use the network. */
  readonly isOffline?: boolean;
}

/** How one case went. */
export interface CaseRun {
  readonly ended: EndedCase;
  /** Id of the function that was called; undefined where there is none. */
  readonly functionId: string | undefined;
  /** Nothing where it passed. */
  readonly problems: readonly Difference[];
}

/** How the place of a difference ends that only a second run shows. */
export const SECOND_RUN = ' of the second run';

const PARAMS_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Runs one case in a fresh cell and compares how it ended with what it expects.
 *
 * @returns how it went; a case that cannot be run, such as one whose mock does not fit, has that as its problem. Throws only what is no error of
 * the case.
 */
export async function runCase(one: PlacedCase, setting: CaseSetting): Promise<CaseRun> {
  const first = await runOnce(one, setting);
  const { expect } = one.spec;
  const isEmpty = expect === undefined || Object.keys(expect).length === 0;
  const nothing = { what: 'expect', message: 'nothing is expected; `cellblock test --update` writes down what the call gives' };
  const differences = isEmpty ? [nothing] : await unexpected(expect, first.ended, setting.folder).catch(problemOf);
  const problems = [...first.problems, ...(first.isWhole ? differences : []), ...(await repeated(one, setting, first))];
  return { ended: first.ended, functionId: functionIdOf(one, setting.component), problems };
}

interface OneRun {
  readonly ended: EndedCase;
  readonly problems: readonly Difference[];
  /** False where the case itself is at fault, so that its expectations say nothing. */
  readonly isWhole: boolean;
  /** Every host call with its arguments, in their order. */
  readonly hostCalls: string;
}

async function runOnce(one: PlacedCase, setting: CaseSetting): Promise<OneRun> {
  const folders = await CaseFolders.make();
  try {
    if (setting.isOffline === true && one.spec.real?.includes('http') === true) throw usesNetwork();
    const mocks = await Mocks.of(one, setting.component, setting.folder);
    const called = new CallDigest(mocks);
    const { cell, call } = await callOf(one, setting, { mocks, folders, tap: called });
    const left = await folders.left();
    const outcome = toOutcome(cell, { function: one.spec.call, grants: one.grants, ...(call === undefined ? {} : { call }) });
    return { ended: { outcome, cell, call, left }, problems: mocks.problems(), isWhole: true, hostCalls: called.digest() };
  } catch (error) {
    const cell = failure(error, 0);
    const outcome = toOutcome(cell, { function: one.spec.call });
    return {
      ended: { outcome, cell, call: undefined, left: new Map() },
      problems: problemOf(error),
      isWhole: false,
      hostCalls: '',
    };
  } finally {
    await folders.remove();
  }
}

/** A case chooses its grants itself, files and addresses: with the network it could send anywhere what files of this machine hold. */
function usesNetwork(): CodedError {
  return new CodedError('usage/invalid-argument', 'it uses the network (`real: [http]`), which is for `cellblock test` alone');
}

/** @throws what is no error of the case. */
function problemOf(error: unknown): readonly Difference[] {
  if (!isCoded(error)) throw error;
  return [{ what: 'case', message: `${error.message} [${error.code}]` }];
}

interface CaseParts {
  readonly mocks: Mocks;
  readonly folders: CaseFolders;
  readonly tap: HostCallTap;
}

/** @returns how the call ended, refusals included, and what was prepared for it. @throws CodedError for what the case itself has wrong. */
async function callOf(
  one: PlacedCase,
  setting: CaseSetting,
  { mocks, folders, tap }: CaseParts,
): Promise<{ readonly cell: CellOutcome; readonly call: PreparedCall | undefined }> {
  const { runner, component, folder } = setting;
  const scopes = await folders.redirected(one.scopes);
  const lone = new LoneCall({
    tool: 'case',
    entries: mocks.entries,
    grants: one.grants,
    scopes,
    folder,
    stateFolder: folders.state,
    secret: (name) => `secret-of-${name}`,
  });
  const capabilities = [...lone.capabilities, ...mocks.foreign];
  const written = await writtenParams(one, folder);
  let call: PreparedCall | undefined;
  try {
    call = await runner.prepare(component, {
      function: one.spec.call,
      capabilities,
      limits: { ...setting.limits, ...one.limits },
      grantFor,
    });
    const values = written(call);
    const prepared = call;
    const { cell } = await lone.run(call.limits.timeoutMsMax, (options) => runner.invoke(prepared, values, { ...options, tap }));
    return { cell: await runner.explain(prepared, cell), call };
  } catch (error) {
    if (!isCoded(error)) throw error;
    return { cell: failure(error, 0), call }; // as `cellblock run` ends then
  } finally {
    if (call !== undefined) runner.release(call);
  }
}

/** The parameters once their types are known. @throws CodedError `usage/unreadable-file`. */
async function writtenParams(
  { spec: { params = {} } }: PlacedCase,
  folder: string,
): Promise<(call: PreparedCall) => readonly WitValue[]> {
  if (typeof params !== 'string') {
    const plain = await withFiles(params, folder);
    return (call) => valuesFrom(plain, call.function.type.params);
  }
  const text = Buffer.from(await fileBytes(params.slice(1), folder)).toString('utf8');
  return (call) => paramsFromJson(parseJson(text, { bytesMax: PARAMS_BYTES_MAX }), call.function.type.params);
}

function functionIdOf({ spec }: PlacedCase, component: LoadedComponent): string | undefined {
  try {
    return resolveFunction(component, spec.call).id;
  } catch {
    return undefined;
  }
}

/** Answers as another tap does, and remembers what was asked. */
class CallDigest implements HostCallTap {
  readonly #inner: Mocks;
  readonly #hash = createHash('sha256');

  constructor(inner: Mocks) {
    this.#inner = inner;
  }

  answer(call: Parameters<Mocks['answer']>[0]): ReturnType<Mocks['answer']> {
    this.#hash.update(`${call.import}#${call.name} ${call.args.length}\n`).update(call.args);
    return this.#inner.answer(call);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** What a second run in a fresh cell has otherwise. */
async function repeated(one: PlacedCase, setting: CaseSetting, first: OneRun): Promise<readonly Difference[]> {
  if (setting.twice !== true || !first.isWhole) return [];
  const second = await runOnce(one, setting);
  const [a, b] = [first.ended.cell, second.ended.cell];
  const parts: readonly (readonly [string, string, string])[] = [
    ['kind', a.kind, b.kind],
    ['fuel', `${a.usage.fuel}`, `${b.usage.fuel}`],
    ['memory', `${a.usage.memoryBytesPeak} bytes`, `${b.usage.memoryBytesPeak} bytes`],
    ['result', bytesText(a.valueBytes), bytesText(b.valueBytes)],
    [
      'host calls',
      `${a.usage.hostCalls} (${first.hostCalls.slice(0, 12)})`,
      `${b.usage.hostCalls} (${second.hostCalls.slice(0, 12)})`,
    ],
  ];
  return parts.flatMap(([what, once, again]) =>
    once === again ? [] : [{ what: `${what}${SECOND_RUN}`, expected: once, actual: again }],
  );
}

function bytesText(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'none' : `sha256:${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
}
