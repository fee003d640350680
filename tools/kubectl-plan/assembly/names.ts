/**
 * Names of Kubernetes objects.
 *
 * INVARIANT: what passes here has only `a-z`, `0-9`, `-` and single dots between those, so it can stand in a path as it is:
 * no `/`, no `%`, no part that is `.` or `..`.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/. A part of a name may be longer there;
 * RFC 1123 is followed here.
 */

import { NameFault } from './bindings/exports/kubectl-plan';

const LABEL_UNITS_MAX: i32 = 63;
const NAME_UNITS_MAX: i32 = 253;

/** No fault, where there may be a case of `NameFault` or `CommandFault`. */
export const SOUND: i32 = -1;

const DOT: i32 = 0x2e;
const HYPHEN: i32 = 0x2d;

/** What is wrong with `text` as a namespace: one RFC 1123 label. */
export function namespaceFault(text: string): i32 {
  if (text.length == 0) return NameFault.Empty;
  if (text.length > LABEL_UNITS_MAX) return NameFault.TooLong;
  for (let at = 0; at < text.length; at++) if (!isLabelUnit(text.charCodeAt(at))) return NameFault.BadCharacter;
  return partFault(text, 0, text.length);
}

/** What is wrong with `text` as the name of an object: RFC 1123 labels with dots between them. */
export function nameFault(text: string): i32 {
  if (text.length == 0) return NameFault.Empty;
  if (text.length > NAME_UNITS_MAX) return NameFault.TooLong;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit != DOT && !isLabelUnit(unit)) return NameFault.BadCharacter;
  }
  for (let start = 0; start <= text.length; ) {
    const dot = text.indexOf('.', start);
    const end = dot < 0 ? text.length : dot;
    const fault = partFault(text, start, end);
    if (fault != SOUND) return fault;
    start = end + 1;
  }
  return SOUND;
}

/** What is wrong with the part from `start` to `end`, whose characters are known to be good. */
function partFault(text: string, start: i32, end: i32): i32 {
  if (end - start > LABEL_UNITS_MAX) return NameFault.TooLong;
  if (start == end || text.charCodeAt(start) == HYPHEN || text.charCodeAt(end - 1) == HYPHEN) return NameFault.BadEdge;
  return SOUND;
}

function isLabelUnit(unit: i32): bool {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit == HYPHEN;
}
