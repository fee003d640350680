/** Exports of one instance, by interface id; functions take and return jco's shapes and throw `{payload}` for `err`. */
export type ReferenceExports = { readonly [name: string]: { readonly [func: string]: (...args: readonly unknown[]) => unknown } };

export function loadReference(component: Uint8Array): Promise<(imports: object) => ReferenceExports>;

export function resultOf(call: () => unknown): { readonly ok: unknown } | { readonly err: unknown };
