/**
 * The names a policy may use. All of them are plain ASCII and matched exactly: no case folding, no trimming, no Unicode
 * normalisation, so a look-alike of an allowed name is another name.
 */

const TOOL = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';
// WIT labels may mix lower-case words with upper-case acronyms.
const LABEL = '[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*';
const INTERFACE = `(?:${LABEL}:)*${LABEL}(?:/${LABEL})*(?:@[0-9A-Za-z.+-]+)?`;
const FUNCTION = `(?:${INTERFACE}#)?${LABEL}`;

/** Name of a tool: kebab-case in lower case, no dots (a dot ends the tool's name in a request). */
export const TOOL_NAME = new RegExp(`^${TOOL}$`);

/** Name of a function that the world exports, or `interface#function` for one inside an exported interface. */
export const FUNCTION_NAME = new RegExp(`^${FUNCTION}$`);

/** What an agent's list holds: `tool` or `tool.function`. */
export const TOOL_ENTRY = new RegExp(`^${TOOL}(?:\\.${FUNCTION})?$`);

/** Name of a capability, as `grants` lists it. */
export const GRANT_NAME = new RegExp(`^${TOOL}$`);

/** Name of an agent: ASCII letters, digits and `. _ @ -`, starting with a letter or digit. */
export const AGENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]*$/;

/** Characters in any one name; longer ones are refused. */
export const NAME_CHARS_MAX = 128;

/** True for a string that matches the pattern and is not too long. */
export function isName(pattern: RegExp, name: string): boolean {
  return name.length <= NAME_CHARS_MAX && pattern.test(name);
}

/**
 * Cuts `tool.function` at its first dot; function ids have dots of their own, in versions.
 *
 * @returns `functionName` is absent when there is no dot, and may be empty.
 */
export function splitEntry(entry: string): { readonly tool: string; readonly functionName?: string } {
  const dot = entry.indexOf('.');
  return dot < 0 ? { tool: entry } : { tool: entry.slice(0, dot), functionName: entry.slice(dot + 1) };
}
