import { CodedError } from '../../error.ts';
import type { Bindings } from '../bindings.ts';
import { hostFunction } from './host-function.ts';
import { LinkedComponent } from './linked-component.ts';

/** Our own canonical ABI behind the `Bindings` interface. No source is generated; names of the guest are data. */
export const ownBindings: Bindings = {
  name: 'own',
  link(linking) {
    if (linking.bindings !== 'own') throw new CodedError('internal/invariant', 'a plan of other bindings was to be linked');
    return new LinkedComponent(linking.plan);
  },
  hostFunction,
  memberName: (witName) => witName,
};
