import { CodedError } from '../error.ts';
import { quote, unsupported } from './reader.ts';
import { Renamer } from './remap.ts';
import { describeExtern, type Extern, type Instance, type Mutable, type TypeSpace } from './type-space.ts';
import type { ResourceType } from './types.ts';

/**
 * Says in the types and resources of one import or export of the root component where they were declared. Types that an
 * earlier import or export declared keep their first name, so a `use` leads back to its source.
 *
 * @param name - name in the world: an interface id or a plain name.
 * @returns the extern, with named copies of the types that it declares.
 * @throws CodedError `component/unsupported` for what no WIT world has, such as an instance inside an interface;
 * `component/not-a-component` for a WIT package in binary form.
 */
export function nameExtern(space: TypeSpace, name: string, extern: Extern, offset: number): Extern {
  space.at = offset;
  checkInWorld(space, name, extern, offset);
  if (extern.kind === 'resource') claimResource(space, extern.resource, name);
  if (extern.kind === 'type') space.claimed.add(extern.type);
  return extern.kind === 'instance' ? { kind: 'instance', instance: nameInterface(space, name, extern.instance) } : extern;
}

function checkInWorld(space: TypeSpace, name: string, extern: Extern, offset: number): void {
  if (extern.kind === 'definition') {
    throw new CodedError(
      'component/not-a-component',
      `expected a component, found ${describeExtern(extern)} under the name ${quote(name)} at byte ${offset}, as in a WIT package`,
      { data: { offset }, help: 'build a component from the WIT package' },
    );
  }
  if (extern.kind !== 'instance') return;
  // One large instance can be exported many times, and each export becomes a list of its own.
  space.charge(extern.instance.exports.size);
  for (const [key, inner] of extern.instance.exports) {
    if (inner.kind === 'func' || inner.kind === 'type' || inner.kind === 'resource') continue;
    throw unsupported(offset, `${describeExtern(inner)} ${quote(key)} inside the interface ${quote(name)}`);
  }
}

function nameInterface(space: TypeSpace, name: string, instance: Instance): Instance {
  const declared = [];
  for (const [key, extern] of instance.exports) {
    if (extern.kind === 'resource') claimResource(space, extern.resource, key, name);
    if (extern.kind === 'type' && extern.type.typeName?.name === key && extern.type.typeName.interface === undefined) {
      if (!space.claimed.has(extern.type)) declared.push(extern.type);
    }
  }
  if (declared.length === 0) return instance;
  let start = Number.POSITIVE_INFINITY;
  for (const type of declared) start = Math.min(start, space.birthOf(type));
  const renamer = new Renamer(space, start);
  for (const type of declared) renamer.rename(type, { name: type.typeName?.name ?? '', interface: name });
  return renamer.instance(instance);
}

/** A resource is compared by identity, so it is named in place; it is not handed out before the decode ends. */
function claimResource(space: TypeSpace, resource: ResourceType, name: string, within?: string): void {
  if (space.claimed.has(resource)) return;
  space.claimed.add(resource);
  const own: Mutable<ResourceType> = resource;
  own.name = name;
  if (within !== undefined) own.interface = within;
}
