import { CodedError } from '../../runtime/index.ts';

/** Languages that tools are written in, as `tool.yaml` names them. */
export const LANGUAGES = ['rust', 'assemblyscript', 'javascript', 'c'] as const;

export type Language = (typeof LANGUAGES)[number];

/** Names that people type, beside the full ones. */
const SHORT_NAMES: Readonly<Record<string, Language>> = { rs: 'rust', as: 'assemblyscript', js: 'javascript' };

/** How a language is written in a sentence. */
export const LANGUAGE_TITLES: Readonly<Record<Language, string>> = {
  rust: 'Rust',
  assemblyscript: 'AssemblyScript',
  javascript: 'JavaScript',
  c: 'C',
};

/**
 * @param text - a language or its short name: `rust`, `assemblyscript`, `as`, `javascript`, `js`, `c`.
 * @throws CodedError `usage/invalid-argument`.
 */
export function languageOf(text: string): Language {
  const found =
    LANGUAGES.find((language) => language === text) ?? (Object.hasOwn(SHORT_NAMES, text) ? SHORT_NAMES[text] : undefined);
  if (found !== undefined) return found;
  throw new CodedError('usage/invalid-argument', `there is no language \`${text}\``, {
    help: `write \`--lang\` with one of ${LANGUAGES.join(', ')}`,
  });
}
