/** A doc comment, with a line break after it; nothing where there are no docs. */
export function docComment(docs: string | undefined, indent = ''): string {
  if (docs === undefined || docs === '') return '';
  const lines = docs.replaceAll('*/', '* /').split(/\r\n|[\n\r\u2028\u2029]/);
  if (lines.length === 1) return `${indent}/** ${lines[0] ?? ''} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd().concat('\n')).join('')}${indent} */\n`;
}

/** A text as a string literal. */
export function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`;
}

/** Every line that is not empty, further right. */
export function indented(text: string, by = '  '): string {
  return text.replace(/^(?=.)/gm, by);
}
