import type { Artifact } from '../artifact.ts';
import { callSpec } from '../cell/call-spec.ts';
import { functionsOf, withoutVersion } from '../cell/grants.ts';
import type { CellPlan, PlanImport } from '../cell/plan.ts';
import { resolveFunction } from '../component/functions.ts';
import type { Component, WorldItem } from '../component/types.ts';
import { CodedError } from '../error.ts';
import type { ImportSpec, PlanSpec } from './control.ts';

/**
 * Makes the plan that the trusted side described, with the types of the component as it was decoded here.
 *
 * @throws CodedError `internal/invariant` where it names what the component does not have.
 */
export function planFrom(spec: PlanSpec, component: Component, { linking, modules }: Artifact): CellPlan {
  const { planId, wasi, limits } = spec;
  const items = new Map(component.imports.map((item) => [item.name, item]));
  const imports = spec.imports.map((wanted) => planImport(wanted, items.get(wanted.name)));
  const found = resolveFunction(component, spec.function);
  return { ...callSpec(component, found, { planId, imports, wasi, limits }), linking, modules };
}

function planImport(wanted: ImportSpec, item: WorldItem | undefined): PlanImport {
  if (item?.kind !== 'interface' && item?.kind !== 'func')
    throw new CodedError('internal/invariant', `the component has no import \`${wanted.name}\``);
  if (wanted.kind === 'wasi') return { ...wanted, interface: withoutVersion(wanted.name) };
  return { ...wanted, isFunction: item.kind === 'func', functions: functionsOf(item) };
}
