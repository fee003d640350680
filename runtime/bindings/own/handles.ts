import { CodedError } from '../../error.ts';
import { abiTrap } from './trap.ts';

/** A call into a component instance: how many handles that it was lent it has not dropped yet. */
export interface Task {
  borrows: number;
}

/**
 * An entry of a handle table. Made anew for each handle and never reused, so an index that is given out again cannot be
 * taken for the handle that had it before: whoever holds on to an entry (a call that it is lent to) holds this very one.
 */
export interface Handle {
  /** Identity of the resource type: an index of `LinkPlan.resources`. The guest cannot name another one's. */
  readonly resource: number;
  /** A number where a component instance defines the resource, an object of the host's where the host does. */
  readonly representation: unknown;
  /** The right to drop and pass on what it names; without it the handle is borrowed, for the length of `task`. */
  readonly own: boolean;
  readonly task: Task | undefined;
  /** Calls that it is lent to now. */
  lends: number;
}

/** Handles that all tables of one store may have together. */
export interface HandleQuota {
  left: number;
  readonly max: number;
}

/** So that the guest has the upper 4 bits for itself. Source: CanonicalABI.md, Table State. */
const INDEX_MAX = 2 ** 28 - 1;

/**
 * The handles of one component instance. Indices start at 1 and the last one freed is given out first, as the Canonical
 * ABI has it. A wrong index, type or right traps.
 */
export class HandleTable {
  readonly #entries: (Handle | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #quota: HandleQuota;

  constructor(quota: HandleQuota) {
    this.#quota = quota;
  }

  /** @throws CodedError `limit/handles` */
  add(handle: Handle): number {
    if (this.#quota.left === 0) throw tooMany(this.#quota.max);
    this.#quota.left--;
    const index = this.#free.pop() ?? this.#entries.length;
    if (index > INDEX_MAX) throw abiTrap('the handle table is full');
    this.#entries[index] = handle;
    return index;
  }

  /** @param index - from the guest. */
  get(index: number, resource: number): Handle {
    const handle = this.#entries[index >>> 0];
    if (handle === undefined) throw abiTrap(`unknown handle index ${index >>> 0}`);
    if (handle.resource !== resource) throw abiTrap(`the handle ${index >>> 0} is of another resource type`);
    return handle;
  }

  /** Takes a handle out that nothing is lent from. */
  remove(index: number, resource: number): Handle {
    const handle = this.get(index, resource);
    if (handle.lends !== 0) throw abiTrap('cannot remove owned resource while borrowed');
    this.#entries[index >>> 0] = undefined;
    this.#free.push(index >>> 0);
    this.#quota.left++;
    return handle;
  }
}

function tooMany(max: number): CodedError {
  return new CodedError('limit/handles', `the guest holds more than ${max} handles`, { data: { limit: max, used: max + 1 } });
}
