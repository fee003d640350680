import type { FunctionType } from '../../../../runtime/index.ts';
import { type Core, FLAT_PARAMS_MAX, flatAll, flatOf } from './layout.ts';

/** How a function looks in core WebAssembly. */
export interface CoreShape {
  readonly params: readonly Core[];
  readonly result: Core | undefined;
  /** Whether all parameters, or the result, go through memory. */
  readonly spillsParams: boolean;
  readonly spillsResult: boolean;
}

/**
 * The core function that stands for a function of WIT.
 *
 * @param side - as who calls it sees it (`lower`), or who implements it (`lift`).
 */
export function coreShape({ params, result }: FunctionType, side: 'lower' | 'lift'): CoreShape {
  const flat = flatAll(params.map((param) => param.type));
  const spillsParams = flat.length > FLAT_PARAMS_MAX;
  const results = result === undefined ? [] : flatOf(result);
  const spillsResult = results.length > 1;
  const core: Core[] = spillsParams ? ['i32'] : flat;
  if (spillsResult && side === 'lower') core.push('i32');
  return { params: core, result: spillsResult ? (side === 'lift' ? 'i32' : undefined) : results[0], spillsParams, spillsResult };
}
