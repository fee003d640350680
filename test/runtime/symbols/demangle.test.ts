import { describe, expect, it } from 'vitest';
import { demangle, oneLine } from '../../../runtime/symbols/demangle.ts';

// The readings are those of rustc-demangle's alternate form.
const NAMES: readonly (readonly [symbol: string, name: string])[] = [
  ['_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE', 'core::fmt::Write::write_fmt'],
  [
    '_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE',
    "<Test + 'static as foo::Bar<Test>>::bar",
  ],
  ['_ZN4test16foo$u20$$RF$$BP$17h0123456789abcdefE', 'test::foo &*'],
  ['_RNvCs1234_7mycrate3foo', 'mycrate::foo'],
  ['_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3newCs15kBYyAo9fc_7mycrate', '<std::path::PathBuf>::new'],
  ['_RINvNtC3std3mem8align_ofjdE', 'std::mem::align_of::<usize, f64>'],
  ['_RNCINvNtC3std3mem8align_ofjE0B3_', 'std::mem::align_of::<usize>::{closure#0}'],
  ['_RNvXs5_NtCsa_4core3fmtRlNtB5_5Debug3fmt', '<&i32 as core::fmt::Debug>::fmt'],
  ['_RMC0INtC8arrayvec8ArrayVechKj7b_E', '<arrayvec::ArrayVec<u8, 123>>'],
  ['_RINvC1c1fTFhEbAhj4_SlDNtC1c1TEL_EE', 'c::f::<(fn(u8) -> bool, [u8; 4], [i32], dyn c::T)>'],
];

describe('names of functions', () => {
  it.each(NAMES)('%s', (symbol, name) => {
    expect(demangle(symbol)).toBe(name);
  });

  it.each([
    '_ZN3foo3barEv',
    '_Z3addii',
    'assembly/index/run',
    '~lib/rt/itcms/__new',
    'memcpy',
    '',
    '_R',
    '_RNvC',
    '_ZN',
    '_ZN4coreE',
  ])('of other schemes stay as they are: %s', (name) => {
    expect(demangle(name)).toBe(name);
  });

  it('that would be long stay as they are, or are cut', () => {
    const doubling = `_RINvC1c1fT${'TBb_Bb_E'.repeat(3)}EE`;
    expect(demangle(doubling).length).toBeLessThanOrEqual(240);
    expect(demangle(`_RNvC1c${'T'.repeat(500)}`)).toHaveLength(240);
    expect(demangle(`_RI${'I'.repeat(5_000)}`)).toHaveLength(240);
  });

  it('never move a cursor, nor look like another line', () => {
    expect(oneLine('a\nb\u001b[31mc\u202ed')).toBe('a\ufffdb\ufffd[31mc\ufffdd');
    expect(demangle('_ZN5a$u7$17h0123456789abcdefE')).not.toContain('\u0007');
  });
});
