/**
 * Limits of the component decoder. They bound what hostile bytes can cost (time, memory, stack) before anything runs;
 * they are *not* limits on the guest: fuel, memory pages and time are set elsewhere.
 */
export interface DecodeLimits {
  /** Bytes of the whole binary. Default 64 MiB: the largest tools that embed a JavaScript engine are about 15 MB. */
  readonly componentBytesMax: number;
  /** Levels of components, component types and instances inside one another. Default 64; toolchains use 3 or 4. */
  readonly nestingMax: number;
  /**
   * Items in the whole component: definitions, fields, cases, parameters, imports and exports of core modules, and the
   * copies and comparisons that instantiation makes. Default 250,000; a component that uses all of WASI 0.2 has 5,000 to
   * 10,000.
   */
  readonly itemsMax: number;
  /** Bytes of one name. Default 4,096. Custom sections other than their name are not counted. */
  readonly nameBytesMax: number;
  /**
   * Nodes of one value type or function signature when shared parts are written out. Default 65,536. Without it a
   * binary of 1 kB could hold a type that takes 2^100 steps to walk.
   */
  readonly typeNodesMax: number;
  /** Levels of one value type. Default 100, the engines' own limit. */
  readonly typeDepthMax: number;
  /** Bytes of the `package-docs` section. Default 1 MiB. */
  readonly docsBytesMax: number;
}

/** The limits that hold where the caller gives none. */
export const DECODE_LIMITS: DecodeLimits = {
  componentBytesMax: 64 * 1024 * 1024,
  nestingMax: 64,
  itemsMax: 250_000,
  nameBytesMax: 4096,
  typeNodesMax: 65_536,
  typeDepthMax: 100,
  docsBytesMax: 1024 * 1024,
};
