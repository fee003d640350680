interface Docs {
  readonly docs?: string;
}

interface InterfaceDocs extends Docs {
  readonly funcs: { readonly [name: string]: Docs };
  readonly types: { readonly [name: string]: Docs & { readonly items?: { readonly [name: string]: Docs } } };
}

/** The shape of `wit-parser`'s `PackageMetadata`, as far as this reader fills it. */
export interface PackageDocs extends Docs {
  readonly package: string;
  readonly worlds: { readonly [name: string]: Docs };
  readonly interfaces: { readonly [name: string]: InterfaceDocs };
}

export function readWitDocs(source: string): PackageDocs;
export function pickDocs(docs: PackageDocs, interfaces: ReadonlySet<string>, world: string): PackageDocs;
