import { BUILT_IN, grantFor } from '../../host/capabilities/index.ts';
import { readComponentFile } from '../../host/component-file.ts';
import { LoneCall } from '../../host/lone-call.ts';
import type { Scopes } from '../../host/policy/index.ts';
import { type Outcome, toOutcome } from '../../host/receipt.ts';
import {
  type BindingsChoice,
  type CostModelName,
  type Limits,
  type ProfiledPlan,
  type ProfileReport,
  paramsFromJson,
  parseJson,
  Runtime,
} from '../../runtime/index.ts';
import { type FuelTree, fuelTree } from './fuel-tree.ts';
import { type RowName, rowNames } from './row-names.ts';

/** Bytes of the parameters of one call, as JSON. */
const PARAMS_BYTES_MAX = 64 * 1024 * 1024;

/** What is called for a profile. */
export interface ProfileRequest {
  /** Path of a component. */
  readonly component: string;
  readonly function: string;
  /** Parameters for each call, as a JSON document; all calls are in one profile. */
  readonly params: readonly (Uint8Array | string)[];
  /** Names of capabilities, and their scopes by name. */
  readonly grants?: readonly string[];
  readonly scopes?: Scopes;
  readonly limits?: Partial<Limits>;
  /** Default `exact`, by which each function pays for its own code; `region` is what `cellblock run` counts by default. */
  readonly costModel?: CostModelName;
  readonly bindings?: BindingsChoice;
}

/** One row: a function of the guest, or something that the host does, in brackets. Fuel in units. */
export interface FuelRow {
  readonly name: string;
  /** Its name as the module has it, where that is another; and which core module it is of. */
  readonly symbol?: string;
  readonly module?: number;
  readonly calls: number;
  readonly self: number;
  /** With what it called; recursion counts once. */
  readonly inclusive: number;
}

/** Where the fuel of one or more calls went. The rows' `self` adds up to `fuel`, and so does that of the tree. */
export interface FuelProfile {
  readonly digest: string;
  readonly function: string;
  readonly costModel: CostModelName;
  readonly calls: number;
  readonly fuel: number;
  /** Most of it first; equal ones by name. */
  readonly rows: readonly FuelRow[];
  readonly tree: FuelTree;
  /** How each call ended, as `cellblock run` would say it. */
  readonly outcomes: readonly Outcome[];
}

/**
 * Runs calls in fresh cells, as `cellblock run` does, and says where their fuel went, to the unit and the same each time.
 *
 * The cells are threads of this process, with modules that tell of each call. That makes calls slower by a factor of 2 to 50 and does not
 * change their fuel.
 *
 * @throws CodedError what loading and preparing throws; `usage/invalid-argument` where a call was ended from outside, by its time or a crash,
 * so that there is no profile of it.
 */
export async function profileCalls(request: ProfileRequest): Promise<FuelProfile> {
  const { grants = [], scopes = new Map(), costModel = 'exact', bindings = 'auto', limits = {} } = request;
  const runtime = new Runtime({ threads: 2, bindings, costModel, cacheDirectory: false });
  try {
    const component = await readComponentFile(request.component);
    const setting = { tool: request.component, entries: BUILT_IN, grants, scopes, folder: process.cwd() };
    const outcomes: Outcome[] = [];
    const reports: NamedReport[] = [];
    for (const params of request.params) {
      const lone = new LoneCall(setting); // one for each: it ends with its call
      const options = { function: request.function, capabilities: lone.capabilities, limits, grantFor };
      const call = await runtime.prepareProfile(component, options);
      const { outcome, report } = await runOne(runtime, lone, call, params);
      outcomes.push(outcome);
      if (report !== undefined) reports.push({ report, nameOf: rowNames(component, call) });
      runtime.release(call);
    }
    const { digest } = component;
    return { digest, function: request.function, costModel, calls: reports.length, ...summed(reports), outcomes };
  } finally {
    await runtime.close();
  }
}

interface NamedReport {
  readonly report: ProfileReport;
  readonly nameOf: (row: number) => RowName;
}

async function runOne(runtime: Runtime, lone: LoneCall, call: ProfiledPlan, params: Uint8Array | string) {
  const values = paramsFromJson(parseJson(params, { bytesMax: PARAMS_BYTES_MAX }), call.function.type.params);
  let report: ProfileReport | undefined;
  const { cell, uses } = await lone.run(call.limits.timeoutMsMax, async (options) => {
    const profiled = await runtime.profile(call, values, options);
    report = profiled.report;
    return profiled.outcome;
  });
  const outcome = toOutcome(cell, { call, ...(uses.length === 0 ? {} : { uses }) });
  return { outcome, report };
}

function summed(reports: readonly NamedReport[]): Pick<FuelProfile, 'fuel' | 'rows' | 'tree'> {
  const rows = new Map<string, { -readonly [K in keyof FuelRow]: FuelRow[K] }>();
  for (const { report, nameOf } of reports) {
    for (const { row, calls, self, inclusive } of report.rows) {
      if (calls === 0 && self === 0) continue; // the root, where the host took nothing
      const name = nameOf(row);
      const key = JSON.stringify([name.name, name.module ?? -1, name.symbol ?? '']);
      const known = rows.get(key) ?? { ...name, calls: 0, self: 0, inclusive: 0 };
      rows.set(key, known);
      known.calls += calls;
      known.self += self;
      known.inclusive += inclusive;
    }
  }
  const order = (a: FuelRow, b: FuelRow): number => b.self - a.self || b.inclusive - a.inclusive || compare(a.name, b.name);
  return {
    fuel: reports.reduce((sum, { report }) => sum + report.fuel, 0),
    rows: [...rows.values()].sort(order),
    tree: fuelTree(reports),
  };
}

/** By code units: the same everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
