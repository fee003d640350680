/** Where generated bindings are, within the tool's folder. */
export const BINDINGS = 'assembly/bindings';

/** The author's own file, which the bindings use. */
export const AUTHORS_FILE = 'assembly/index.ts';
