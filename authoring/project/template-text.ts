import { CodedError } from '../../runtime/index.ts';
import { LANGUAGE_TITLES, type Language } from './language.ts';

/** The file that an author opens first. */
const SOURCES: Readonly<Record<Language, string>> = {
  rust: 'src/lib.rs',
  assemblyscript: 'assembly/index.ts',
  javascript: 'src/index.js',
  c: 'src/tool.c',
};

/** What stands in the files of a template for the name of a tool, and for what follows from it. */
export type TemplateValues = Readonly<Record<string, string>>;

/** @param name - a label of WIT in lower case, such as `word-count`. */
export function templateValues(name: string, language: Language): TemplateValues {
  const pascal = name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return {
    name,
    snake_name: name.replaceAll('-', '_'),
    SNAKE_NAME: name.replaceAll('-', '_').toUpperCase(),
    PascalName: pascal,
    camelName: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    language,
    Language: LANGUAGE_TITLES[language],
    source: SOURCES[language],
  };
}

/** Puts values in place of `{{...}}`. @throws CodedError `internal/invariant` for one that there is not. */
export function fillTemplate(text: string, values: TemplateValues): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_, key: string) => {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined)
      throw new CodedError('internal/invariant', `a template names \`{{${key}}}\`, which is no value of it`);
    return value;
  });
}

/** The file of a template as it is called in a tool's folder. npm leaves files such as `.gitignore` out of packages. */
export function templateFileName(path: string, values: TemplateValues): string {
  return fillTemplate(path, values).replace(/(^|\/)_gitignore$/, '$1.gitignore');
}
