import { describe, expect, it } from 'vitest';
import { pickDocs, readWitDocs } from '../../tools/build/wit-docs.mjs';

const SOURCE = `
/// A package.
package a:b@1.2.3-rc.1;

// No documentation.
/// One.
///
/// Two.
interface first {
  use other.{thing as %type};
  /** A block
   * of lines. */
  record point {
    /// Left.
    x: list<tuple<u8, string>>,
    y: u8, /* plain */
    /// Last, no comma.
    z: option<result<_, string>>
  }
  flags marks { /// Inline.
    a, b }
  variant choice {
    /// With a payload.
    some(tuple<u8, u8>),
    none,
  }
  /// An alias.
  type name = string;
  /// Acts.
  act: func(point: point, rest: list<u8>) -> result<name, choice>;
  silent: func();
}

/// A world.
world w {
  /// Not the world's.
  import first;
  export inline: interface { f: func(); }
}
interface second {}
`;

describe('readWitDocs', () => {
  it('gives every comment to the name that follows it', () => {
    expect(readWitDocs(SOURCE)).toEqual({
      package: 'a:b@1.2.3-rc.1',
      docs: 'A package.',
      worlds: { w: { docs: 'A world.' } },
      interfaces: {
        first: {
          docs: 'One.\n\nTwo.',
          funcs: { act: { docs: 'Acts.' } },
          types: {
            point: { docs: 'A block\nof lines.', items: { x: { docs: 'Left.' }, z: { docs: 'Last, no comma.' } } },
            marks: { items: { a: { docs: 'Inline.' } } },
            choice: { items: { some: { docs: 'With a payload.' } } },
            name: { docs: 'An alias.' },
          },
        },
        second: { funcs: {}, types: {} },
      },
    });
  });

  it('drops what the component does not have', () => {
    const picked = pickDocs(readWitDocs(SOURCE), new Set(['a:b/second@1.2.3-rc.1', 'x:y/first@1.2.3-rc.1']), 'other');
    expect(picked).toEqual({
      package: 'a:b@1.2.3-rc.1',
      docs: 'A package.',
      worlds: {},
      interfaces: { second: { funcs: {}, types: {} } },
    });
  });
});
