import type { ValueType } from '../../runtime/component/types.ts';
import { type Difference, type Fact, TRAP, TRAPPED } from './difference.ts';
import { isJco } from './sides.ts';
import { despecialize, flatten } from './spec-layout.ts';

/*
 * Where jco's glue is not as CanonicalABI.md says, and our bindings are. A difference that no row explains fails the run.
 */

export interface SpecReason {
  readonly id: string;
  /** What jco does. */
  readonly jco: string;
  /** The definition in CanonicalABI.md that says otherwise, and what it says. */
  readonly rule: string;
  /** True for a difference that comes from nothing else. Only asked about jco. */
  explains(difference: Difference): boolean;
}

export const SPEC_REASONS: readonly SpecReason[] = [
  {
    id: 'bool-not-one',
    jco: 'throws for a bool that is neither 0 nor 1',
    rule: '`convert_int_to_bool`: every value but 0 is true',
    explains: ({ facts, types, found }) =>
      facts.has('dirty') &&
      found === 'TypeError: invalid variant discriminant for bool' &&
      types.some((type) => has(type, isKind('bool'))),
  },
  {
    id: 'flags-without-label',
    jco: 'throws for flags with bits set that have no label',
    rule: '`unpack_flags_from_int`: looks at one bit for each label',
    explains: ({ facts, types, found }) =>
      facts.has('dirty') &&
      found === 'TypeError: flags have extraneous bits set' &&
      types.some((type) => has(type, hasSpareFlags(facts))),
  },
  {
    id: 'high-bits-of-narrow-integers',
    jco: 'throws for an 8 or 16 bit integer in a core value with more bits set',
    rule: '`lift_flat_unsigned`, `lift_flat_signed`: `i % (1 << t_width)`',
    explains: ({ facts, types, found }) =>
      facts.has('core values') &&
      facts.has('dirty') &&
      /^TypeError: must be between -?\d+ and \d+$/.test(found) &&
      types.some((type) => has(type, isKind('s8', 'u8', 's16', 'u16'))),
  },
  {
    id: 'joined-to-i64',
    jco: 'takes an i32 that a variant joined to i64 as a number of 64 bits',
    rule: '`lift_flat_variant`: `wrap_i64_to_i32` where the flat type is i64 and the payload is i32 or f32',
    explains: ({ facts, types }) => facts.has('core values') && types.some((type) => has(type, joinsToI64)),
  },
  {
    id: 'sign-extended-into-i64',
    jco: 'extends a negative i32 by its sign where a variant has joined it to i64',
    rule: '`lower_flat_variant`: the i32, an unsigned number, becomes the i64 as it is',
    explains: ({ facts, types, found }) =>
      facts.has('checked by the guest') && found.includes('unreachable') && types.some((type) => has(type, joinsToI64)),
  },
  {
    id: 'broken-text',
    jco: 'puts U+FFFD for bytes that are no text; lone surrogates stay in UTF-16',
    rule: '`load_string_from_range`: traps on a UnicodeError of the decoder',
    explains: ({ facts, expected }) => expected === TRAP && facts.has('broken text'),
  },
  {
    id: 'byte-order-mark',
    jco: 'drops U+FEFF at the beginning of a text',
    rule: '`load_string_from_range`: decodes `utf-8` and `utf-16-le`, which keep it',
    explains: ({ facts }) => facts.has('byte order mark'),
  },
  {
    id: 'unknown-handle',
    jco: 'gives the host an object made up for a handle that is not in the table',
    rule: '`Table.get`: `trap_if(self.array[i] is None)`',
    explains: ({ facts, expected }) => expected === TRAPPED && facts.has('unknown handle'),
  },
  {
    id: 'lent-handle',
    jco: 'passes on a handle that the same call borrows',
    rule: '`lift_own`: `trap_if(h.num_lends != 0)`',
    explains: ({ facts, expected }) => expected === TRAPPED && facts.has('lent handle'),
  },
];

/** The row that explains a difference; undefined when none does, and for all differences of our own bindings. */
export function reasonFor(difference: Difference): SpecReason | undefined {
  if (!isJco(difference.contender)) return undefined;
  return SPEC_REASONS.find((reason) => reason.explains(difference));
}

type Test = (type: ValueType) => boolean;

const isKind =
  (...kinds: readonly ValueType['kind'][]): Test =>
  (type) =>
    kinds.includes(type.kind);

/** True when the test holds for a type or for one inside it. */
export function has(type: ValueType, test: Test): boolean {
  return test(type) || partsOf(type).some((part) => has(part, test));
}

function partsOf(type: ValueType): readonly ValueType[] {
  if (type.kind === 'list') return [type.element];
  const plain = despecialize(type);
  if (plain.kind === 'record') return plain.fields;
  return plain.kind === 'variant' ? plain.cases.filter((item) => item !== undefined) : [];
}

/** Flags that do not use all bits: of what they take in memory, or of a core value. */
function hasSpareFlags(facts: ReadonlySet<Fact>): Test {
  const full = facts.has('core values') ? [32] : [8, 16, 32];
  return (type) => type.kind === 'flags' && !full.includes(type.names.length);
}

/** A variant with a payload whose 32 bits travel as 64. */
export function joinsToI64(type: ValueType): boolean {
  const plain = despecialize(type);
  if (plain.kind !== 'variant') return false;
  const joined = flatten(type).slice(1);
  return plain.cases.some(
    (item) => item !== undefined && flatten(item).some((core, at) => joined[at] === 'i64' && (core === 'i32' || core === 'f32')),
  );
}
