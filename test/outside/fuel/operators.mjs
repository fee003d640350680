const SCALARS = ['i32', 'i64', 'f32', 'f64'];
/** Type of one lane as a scalar. */
const LANES = { i8x16: 'i32', i16x8: 'i32', i32x4: 'i32', i64x2: 'i64', f32x4: 'f32', f64x2: 'f64', v128: 'v128' };
const LANE_COUNTS = { i8x16: 16, i16x8: 8, i32x4: 4, i64x2: 2, f32x4: 4, f64x2: 2 };
/** What may stand in the name of an access with lanes: the bits of one, of which a vector has 128. */
const LANE_BITS = /(8|16|32|64)_lane$/;

/**
 * The shapes of operations, by what follows the dot of the mnemonic; the first that fits. `t` is the type before the dot, `s`
 * the scalar of its lanes.
 */
const SCALAR_SHAPES = [
  [/^const$/, ({ t }) => ({ params: [], result: t, immediate: 'constant' })],
  [/^load/, ({ t }) => ({ params: ['i32'], result: t, immediate: 'access' })],
  [/^store/, ({ t }) => ({ params: ['i32', t], immediate: 'access' })],
  [
    /^(wrap|extend|trunc|trunc_sat|convert|demote|promote|reinterpret)_([if]\d\d)/,
    ({ t, match }) => ({ params: [match[2]], result: t }),
  ],
  [/^eqz$/, ({ t }) => ({ params: [t], result: 'i32' })],
  [/^(eq|ne|lt|gt|le|ge)(_|$)/, ({ t }) => ({ params: [t, t], result: 'i32' })],
  [/^(clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|extend)/, ({ t }) => ({ params: [t], result: t })],
  [/./, ({ t }) => ({ params: [t, t], result: t })],
];
const VECTOR_SHAPES = [
  [/^const$/, () => ({ params: [], result: 'v128', immediate: 'constant' })],
  [/^load\d+_lane$/, () => ({ params: ['i32', 'v128'], result: 'v128', immediate: 'accessLane' })],
  [/^store\d+_lane$/, () => ({ params: ['i32', 'v128'], immediate: 'accessLane' })],
  [/^load/, () => ({ params: ['i32'], result: 'v128', immediate: 'access' })],
  [/^store/, () => ({ params: ['i32', 'v128'], immediate: 'access' })],
  [/^shuffle$/, () => ({ params: ['v128', 'v128'], result: 'v128', immediate: 'shuffle' })],
  [/^splat$/, ({ s }) => ({ params: [s], result: 'v128' })],
  [/^extract_lane/, ({ s }) => ({ params: ['v128'], result: s, immediate: 'lane' })],
  [/^replace_lane$/, ({ s }) => ({ params: ['v128', s], result: 'v128', immediate: 'lane' })],
  [/^(any_true|all_true|bitmask)$/, () => ({ params: ['v128'], result: 'i32' })],
  [/^sh[lr]/, () => ({ params: ['v128', 'i32'], result: 'v128' })],
  [/^bitselect$/, () => ({ params: ['v128', 'v128', 'v128'], result: 'v128' })],
  [
    /^(not|abs|neg|popcnt|ceil|floor|trunc|nearest|sqrt|ext(end|add)_|convert|demote|promote)/,
    () => ({ params: ['v128'], result: 'v128' }),
  ],
  [/./, () => ({ params: ['v128', 'v128'], result: 'v128' })],
];

/**
 * The instructions of a table that take values and give at most one, whatever stands around them.
 *
 * @returns each `{ name, params, result, immediate, lanes, canonical, guard }`: types by name; `result` absent where none is
 * given; `lanes`, how many there are to choose from; `canonical`, of which float type NaNs among the results may differ
 * between engines; `guard`, which operands trap: `divisor` or `truncation`.
 */
export function operatorsOf(opcodes) {
  const found = [];
  for (const name of opcodes.mnemonics.values()) {
    const [t, operation] = name.split('.');
    if (operation === undefined) continue;
    if (SCALARS.includes(t)) found.push(describe(name, SCALAR_SHAPES, { t, operation }));
    else if (t in LANES) found.push(describe(name, VECTOR_SHAPES, { t, operation, s: LANES[t] }));
  }
  return found;
}

function describe(name, shapes, { t, operation, s }) {
  const [pattern, make] = shapes.find(([one]) => one.test(operation));
  const shape = make({ t, s, match: pattern.exec(operation) });
  return {
    name,
    ...shape,
    lanes: lanesOf(t, operation),
    ...(isFloat(t, operation, shape) ? { canonical: t } : {}),
    ...(/^(div|rem)_[su]$/.test(operation) ? { guard: 'divisor' } : {}),
    ...(/^i\d\d\.trunc_f/.test(name) ? { guard: 'truncation' } : {}),
  };
}

function lanesOf(t, operation) {
  const bits = LANE_BITS.exec(operation)?.[1];
  return bits === undefined || t !== 'v128' ? LANE_COUNTS[t] : 128 / Number(bits);
}

/** Whether the result has the float type that the name begins with. Bits of memory may be a NaN too. */
function isFloat(t, operation, { result }) {
  if (operation === 'const' || result === undefined) return false;
  return result === t ? /^f/.test(t) : result === 'v128' && /^f/.test(t) && !/^(eq|ne|[lg][te])$/.test(operation);
}
