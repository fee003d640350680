import type { ComponentDescription } from '../component/description.ts';
import type { CallableFunction } from '../component/functions.ts';
import { CodedError } from '../error.ts';
import type { Limits } from '../limits.ts';
import type { CallSpec, PlanImport, PlanTarget, WasiSetup } from './plan.ts';

let lastPlanId = 0;

/** A number for a plan: each is used once in this process, whichever runner has the plan. */
export function nextPlanId(): number {
  lastPlanId += 1;
  return lastPlanId;
}

/** What one function of a component is called with, whichever runner has the component. */
export interface CallParts {
  readonly planId: number;
  readonly imports: readonly PlanImport[];
  readonly wasi: WasiSetup;
  readonly limits: Limits;
}

/** Puts together what does not depend on how the component was prepared. */
export function callSpec(component: ComponentDescription, found: CallableFunction, parts: CallParts): CallSpec {
  return {
    ...parts,
    digest: component.digest,
    usesRandom: component.imports.some((item) => item.name.startsWith('wasi:random/')),
    target: targetOf(found),
  };
}

function targetOf(found: CallableFunction): PlanTarget {
  const isCommand = found.name === 'run' && /^wasi:cli\/run@0\.2\./.test(found.interface ?? '');
  return {
    ...(found.interface === undefined ? {} : { interface: found.interface }),
    name: found.name,
    type: found.type,
    isCommand,
  };
}

/** What a component takes before its first instruction. */
export interface StartNeeds {
  readonly memoryPagesInitial: number;
  readonly tableElementsInitial: number;
}

/** @throws CodedError `limit/memory` or `limit/table` where a component cannot start within the limits of a call. */
export function checkStart({ memoryPagesInitial: pages, tableElementsInitial: elements }: StartNeeds, limits: Limits): void {
  if (pages > limits.memoryPagesMax) {
    throw new CodedError(
      'limit/memory',
      `the component starts with ${pages} pages of memory, more than ${limits.memoryPagesMax}`,
      {
        data: { limit: limits.memoryPagesMax, used: pages, unit: '64 KiB pages' },
        help: `allow at least ${Math.ceil(pages / 16)}MiB of memory`,
      },
    );
  }
  if (elements > limits.tableElementsMax) {
    throw new CodedError(
      'limit/table',
      `the component starts with ${elements} table elements, more than ${limits.tableElementsMax}`,
      {
        data: { limit: limits.tableElementsMax, used: elements },
        help: `allow at least ${elements} table elements`,
      },
    );
  }
}
