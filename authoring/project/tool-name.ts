/** Characters of a tool's name. */
export const TOOL_NAME_CHARS_MAX = 64;

const LABEL = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;

/**
 * Says why a text is no name of a tool. A name is a label of WIT in lower case, since package, world and files are called after it.
 *
 * @returns the reason, as the end of a sentence that begins with the name; undefined where it is fine.
 */
export function whyNoToolName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > TOOL_NAME_CHARS_MAX) return `has more than ${TOOL_NAME_CHARS_MAX} characters`;
  if (LABEL.test(name)) return undefined;
  return 'is no name of WIT: words of small letters and digits, each beginning with a letter, joined by `-`, such as `word-count`';
}
