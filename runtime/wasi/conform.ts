/**
 * The shape that an import object must have to stand for module `M` of the preview2-shim's type declarations: every
 * function with its signature, every resource class with all its methods. Used with `satisfies`, so that a missing or
 * mistyped member is a compile error. Constructors are not compared: the declarations have none that can be called.
 */
export type Conforms<M> = {
  readonly [K in keyof M]: M[K] extends (...args: never) => unknown
    ? M[K]
    : M[K] extends { readonly prototype: infer P }
      ? { readonly prototype: P }
      : M[K];
};
