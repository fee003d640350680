import type { CostModelName } from '../../../runtime/instrument/index.ts';

/* What `costs.ts` publishes, written down again for the operations that programs use. */

type Costs = Readonly<Record<string, number>>;

const FREE: Costs = Object.fromEntries(
  'nop drop unreachable block loop else end return try catch catch_all delegate'.split(' ').map((op) => [op, 0]),
);

/** Costs by operation; every other one is 1. */
export const COSTS: Readonly<Record<CostModelName, Costs>> = {
  exact: FREE,
  region: {
    ...FREE,
    try_table: 0,
    br_table: 2,
    host: 3 + 32,
    call: 3,
    return_call: 3,
    call_indirect: 8,
    return_call_indirect: 8,
    throw: 4096,
    rethrow: 4096,
    'memory.init': 32,
    'memory.copy': 32,
    'memory.fill': 32,
    'table.copy': 64,
    'table.fill': 64,
    'memory.grow': 1024,
    'i32.div_u': 4,
  },
};

/** Costs that depend on more than the operation. */
export interface References {
  readonly entry: number;
  readonly localsPerUnit: number;
  readonly valuesPerUnit: number;
  readonly bytesPerUnit: number;
  readonly element: number;
  readonly page: number;
  /** Whether growing by a small constant is paid for even if it fails. */
  readonly constantGrowPays: boolean;
}

export const CHARGES: Readonly<Record<CostModelName, References>> = {
  region: { entry: 1, localsPerUnit: 8, valuesPerUnit: 8, bytesPerUnit: 64, element: 32, page: 16_384, constantGrowPays: false },
  exact: {
    entry: 1,
    localsPerUnit: Number.POSITIVE_INFINITY,
    valuesPerUnit: Number.POSITIVE_INFINITY,
    bytesPerUnit: 1,
    element: 1,
    page: 1,
    constantGrowPays: true,
  },
};
