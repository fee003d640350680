/**
 * Whether two lists of results are equal to the bit; any NaN is as good as another, since engines may choose.
 *
 * @param found, wanted - bit patterns, bigint or decimal.
 */
export function sameResults(types, found, wanted) {
  return types.every((type, at) => {
    const [ours, theirs] = [BigInt(found[at]), BigInt(wanted[at])];
    if (ours === theirs) return true;
    if (type === 'f32') return isNan32(ours) && isNan32(theirs);
    if (type === 'f64') return isNan64(ours) && isNan64(theirs);
    return type === 'v128' && (sameLanes(ours, theirs, 32n, isNan32) || sameLanes(ours, theirs, 64n, isNan64));
  });
}

function sameLanes(ours, theirs, width, isNan) {
  for (let at = 0n; at < 128n; at += width) {
    const [one, other] = [ours, theirs].map((bits) => BigInt.asUintN(Number(width), bits >> at));
    if (one !== other && !(isNan(one) && isNan(other))) return false;
  }
  return true;
}

function isNan32(bits) {
  return (bits & 0x7fff_ffffn) > 0x7f80_0000n;
}

function isNan64(bits) {
  return (bits & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n;
}
