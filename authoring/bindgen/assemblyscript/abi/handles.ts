import type { ResourceType, ValueType } from '../../../../runtime/index.ts';
import type { Site } from './abi-file.ts';

/** Types whose values are handles of resources. */
export type Handle = ValueType & { kind: 'own' | 'borrow' };

/** Expression for the object that a handle stands for. */
export function liftHandle(site: Site, type: Handle, handle: string): string {
  return `${lifter(site, type)}(${handle})`;
}

/** Expression for the handle of an object, to give away or to lend. */
export function lowerHandle(type: Handle, value: string): string {
  return type.kind === 'own' ? `${value}._take()` : `${value}._lend()`;
}

/** What can be called with a handle. A borrowed resource of ours comes as what it stands for, its object's address. */
function lifter(site: Site, type: Handle): string {
  const spelled = site.scope.resource(type.resource);
  if (!site.model.isExported(type.resource)) return `cm.${type.kind === 'own' ? 'wrap' : 'borrowed'}<${spelled}>`;
  return type.kind === 'borrow' ? `changetype<${spelled}>` : ownFunction(site, type.resource);
}

/** From an own handle of a resource of ours to the author's object: declared beside the resource. */
function ownFunction(site: Site, resource: ResourceType): string {
  const owner = site.model.resourceOwner(resource);
  return site.scope.declared(owner, `own${owner.declared.name}`);
}
