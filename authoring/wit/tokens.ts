/** A word, a sign or a doc comment of WIT source. `at`: offset of its first character, in UTF-16 units. */
export interface WitToken {
  readonly kind: 'word' | 'sign' | 'docs';
  /** As in the source, without the `%` of an escaped word; the text inside, trimmed, of a doc comment. */
  readonly text: string;
  readonly at: number;
  readonly end: number;
}

const PATTERN =
  /\/\/\/([^\n]*)|\/\*\*(?!\/)([\s\S]*?)\*\/|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(%?[A-Za-z][\w-]*(?::[\w-]+)*(?:\/[\w-]+)*(?:@\d[\w.+-]*[\w])?)|->|[^\s]/g;

/**
 * Splits WIT source into words, signs and doc comments; other comments are dropped.
 *
 * It does not judge: whatever it cannot name is a sign. A package or interface with its version is one word. Source: WIT.md,
 * "Lexical structure".
 */
export function witTokens(source: string): WitToken[] {
  const tokens: WitToken[] = [];
  for (const match of source.matchAll(PATTERN)) {
    const [all, line, block, word] = match;
    const place = { at: match.index, end: match.index + all.length };
    if (line !== undefined) tokens.push({ kind: 'docs', text: line.trim(), ...place });
    else if (block !== undefined) tokens.push({ kind: 'docs', text: blockText(block), ...place });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.replace(/^%/, ''), ...place });
    else if (!all.startsWith('//') && !all.startsWith('/*')) tokens.push({ kind: 'sign', text: all, ...place });
  }
  return tokens;
}

/** What a comment in a block says, without the stars that begin its lines. */
function blockText(block: string): string {
  return block.replace(/^[ \t]*\* ?/gm, '').trim();
}
