import { CodedError, type FunctionType, partsOf, type ValueType } from '../../../runtime/index.ts';
import type { WitWorld } from '../../wit/index.ts';

/** Refuses a world with something that these bindings do not cover, by the name of the first such item. */
export function refuseUnsupported(world: WitWorld): void {
  for (const side of ['imports', 'exports'] as const) {
    for (const item of world.component[side]) {
      const within = item.kind === 'interface' ? item.items : [item];
      for (const inner of within) {
        const name = item.kind === 'interface' ? `${item.name}#${inner.name}` : inner.name;
        if (inner.kind === 'func') refuseFunction(name, inner.type);
        else if (inner.kind === 'type') refuseType(name, inner.type);
        else if (inner.kind !== 'resource') refuse(name, `is a ${inner.kind}`);
      }
    }
  }
}

function refuseFunction(name: string, type: FunctionType): void {
  if (type.isAsync) refuse(name, 'is an async function');
  for (const param of type.params) refuseType(name, param.type);
  if (type.result !== undefined) refuseType(name, type.result);
}

function refuseType(name: string, type: ValueType): void {
  if (type.kind === 'unsupported' && type.length === undefined) refuse(name, `has a ${type.what}`);
  for (const part of partsOf(type)) refuseType(name, part);
}

function refuse(name: string, why: string): never {
  throw new CodedError('author/unsupported-wit', `\`${name}\` ${why}, which bindings for AssemblyScript do not cover`, {
    help: 'leave it out of the world, or write this tool in Rust',
  });
}
