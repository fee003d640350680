/** Name and version of what makes the recipes; part of the cache key. Apart from jco's own file, which is heavy to load. */
export const JCO_VERSION = 'jco-transpile/0.15.0';
