import { createHash } from 'node:crypto';

/** What all model APIs accept: `^[a-zA-Z0-9_-]{1,64}$`. */
const NAME_CHARS_MAX = 64;
const PLAIN = /^[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*$/;
const DIGEST_CHARS = 12;

/**
 * The name by which models know a function: `tool_function`, the function's hyphens as underscores, such as `kube-restart_restart_deployment`.
 *
 * It follows from the two names alone, so it stays when other tools come and go. No two functions of a policy share one: a tool's name has no
 * underscore, so the first one ends it, and hyphens of a function come back from what follows. A function whose name says its
 * interface, or is too long, has two underscores and a digest of the whole at its end, which no plain name has.
 *
 * @param tool - in kebab-case, as the policy has it. @param functionName - as the policy has it: a name or `interface#function`.
 */
export function modelName(tool: string, functionName: string): string {
  const plain = `${tool}_${functionName.replaceAll('-', '_')}`;
  if (PLAIN.test(functionName) && plain.length <= NAME_CHARS_MAX) return plain;
  const digest = createHash('sha256').update(`${tool}.${functionName}`).digest('hex').slice(0, DIGEST_CHARS);
  const last = functionName.slice(functionName.lastIndexOf('#') + 1).replace(/[^A-Za-z0-9]+/g, '_');
  return `${`${tool}_${last}`.slice(0, NAME_CHARS_MAX - DIGEST_CHARS - 2).replace(/_+$/, '')}__${digest}`;
}
