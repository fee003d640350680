import type { Policy } from '../../../host/policy/index.ts';
import { parsePolicy } from '../../../host/policy/index.ts';
import type { ToolComponent, ToolComponents } from '../../../host/policy-tools/tool-components.ts';
import type { CallableFunction, Param, ValueType, WorldItem } from '../../../runtime/index.ts';

export const GRANTS: ReadonlySet<string> = new Set(['log', 'clock', 'random']);

/** 2026-01-28T12:00:00Z, a Wednesday. */
export const NOON_MS = Date.UTC(2026, 0, 28, 12);

/** A policy from plain data: JSON is YAML. */
export function policyOf(data: object): Policy {
  return parsePolicy(JSON.stringify({ version: 1, ...data }, null, 1), '/etc/cells/cellblock.yaml', { knownGrants: GRANTS });
}

export const STRING: ValueType = { kind: 'string' };
export const U32: ValueType = { kind: 'u32' };

export function list(element: ValueType): ValueType {
  return { kind: 'list', element };
}

export function option(some: ValueType): ValueType {
  return { kind: 'option', some };
}

export function record(fields: Readonly<Record<string, ValueType>>): ValueType {
  return { kind: 'record', fields: paramsOf(fields) };
}

export function paramsOf(fields: Readonly<Record<string, ValueType>>): Param[] {
  return Object.entries(fields).map(([name, type]) => ({ name, type }));
}

/** What the decoder would know of a component with these functions. */
export function componentOf(
  functions: Readonly<Record<string, Readonly<Record<string, ValueType>>>>,
  { imports = [], digest = `sha256:${'a'.repeat(64)}` }: { imports?: readonly string[]; digest?: string } = {},
): ToolComponent {
  const found = Object.entries(functions).map(([name, params]): [string, CallableFunction] => [
    name,
    { id: name, name, callable: true, type: { params: paramsOf(params), isAsync: false } },
  ]);
  const func = { kind: 'func', name: 'go', type: { params: [], isAsync: false } } as const;
  const items = imports.map((name): WorldItem => ({ kind: 'interface', name, items: [func] }));
  return { digest, imports: items, functions: new Map(found) };
}

export const NO_COMPONENTS: ToolComponents = new Map();
