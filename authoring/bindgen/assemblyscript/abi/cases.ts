import type { ValueType } from '../../../../runtime/index.ts';
import { caseNames } from '../declare-types.ts';
import { isNullable, type Scope } from '../scope.ts';
import { indented } from '../text.ts';
import type { Union } from './layout.ts';

/** Writes what is done with the payload of a case; `value` is an expression for it. */
type WithPayload = (type: ValueType, value: string) => string;

/**
 * A statement with a branch for each case of a value.
 *
 * @param name - a plain local that holds the value.
 * @param mark - statements that say which case it is, by its number.
 * @param payload - statements for what the case holds; they come second.
 */
export function takeApart(type: Union, name: string, mark: (number: number) => string, payload: WithPayload): string {
  if (type.kind === 'option') {
    // Narrowing of `T | null` needs a plain local, which `name` is.
    const some = isNullable(type) ? `${name} !== null` : `${name}.isSome`;
    const inner = payload(type.some, isNullable(type) ? name : `${name}.value`);
    return `if (${some}) {\n${indented(mark(1) + inner)}} else {\n${indented(mark(0))}}\n`;
  }
  if (type.kind === 'result') {
    const good = mark(0) + (type.ok === undefined ? '' : payload(type.ok, `${name}.value`));
    const bad = mark(1) + (type.err === undefined ? '' : payload(type.err, `${name}.error`));
    return `if (${name}.isOk) {\n${indented(good)}} else {\n${indented(bad)}}\n`;
  }
  const names = caseNames(type.cases);
  const branches = type.cases.map((one, index) => {
    const inner = one.type === undefined ? '' : payload(one.type, `${name}.${names[index]?.as ?? ''}()`);
    return `  case ${index}: {\n${indented(mark(index) + inner, '    ')}    break;\n  }\n`;
  });
  return `switch (${name}.tag) {\n${branches.join('')}}\n`;
}

/**
 * Statements that return a value of one of the cases.
 *
 * @param tag - an expression for the number of the case.
 * @param payload - an expression for what the case holds.
 */
export function putTogether(type: Union, tag: string, scope: Scope, payload: (type: ValueType) => string): string {
  if (type.kind === 'option') {
    const inner = payload(type.some);
    if (isNullable(type)) return `if (${tag} == 0) return null;\nreturn ${inner};\n`;
    const [option, some] = [scope.value('Option'), scope.type(type.some)];
    return `return ${tag} == 0 ? ${option}.none<${some}>() : ${option}.some<${some}>(${inner});\n`;
  }
  if (type.kind === 'result') {
    const result = scope.value('Result');
    const both = `<${scope.optional(type.ok)}, ${scope.optional(type.err)}>`;
    const unit = `${scope.value('Unit')}.unit`;
    const [good, bad] = [type.ok, type.err].map((side) => (side === undefined ? unit : payload(side)));
    return `if (${tag} == 0) return ${result}.ok${both}(${good ?? ''});\nreturn ${result}.err${both}(${bad ?? ''});\n`;
  }
  const spelled = scope.shape(type);
  const names = caseNames(type.cases);
  const cases = type.cases.map(
    (one, index) =>
      `  case ${index}:\n    return ${spelled}.${names[index]?.make ?? ''}(${one.type === undefined ? '' : payload(one.type)});\n`,
  );
  return `switch (${tag}) {\n${cases.join('')}  default:\n    return unreachable();\n}\n`;
}
