import type { Command } from 'commander';
import { CodedError } from '../../runtime/index.ts';
import { AGENT_NAME, isName } from '../policy/names.ts';
import { quote } from '../policy/quote.ts';
import { newToken, tokenDigest } from '../serving/token.ts';
import { note, print } from './output.ts';

interface TokenOptions {
  readonly agent?: string;
  readonly operator?: string;
  readonly json?: boolean;
}

/** Adds `cellblock token`. It reads and writes no file: the operator decides where the token goes. */
export function addToken(program: Command): void {
  program
    .command('token')
    .summary('make a token for an agent or an operator of `cellblock serve`')
    .description(
      'Makes a random token and prints it on standard output, once; and on standard error the lines that the policy needs, with its digest.',
    )
    .option('--agent <name>', 'an agent of the policy')
    .option('--operator <name>', 'a person who sees requests and answers questions')
    .option('--json', 'print token and digest as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cellblock token --agent triage > triage.token     # then put the printed lines into the policy',
    )
    .action((options: TokenOptions) => {
      const { kind, name } = whose(options);
      const token = newToken();
      const digest = tokenDigest(token);
      if (options.json === true) return print(JSON.stringify({ [kind]: name, token, digest }));
      print(token);
      note(
        `put this into the policy file, where only the digest of the token is kept:\n\nserve:\n  ${kind}s:\n    ${name}: { tokens: ["${digest}"] }\n`,
      );
      note('where the file has `serve` already, add the name to it: a key that is there twice is a mistake');
      note('to replace a token, list the new digest beside the old one, then take the old one out');
    });
}

function whose({ agent, operator }: TokenOptions): { readonly kind: 'agent' | 'operator'; readonly name: string } {
  if ((agent === undefined) === (operator === undefined)) {
    throw new CodedError('usage/invalid-argument', 'expected exactly one of `--agent` and `--operator`');
  }
  const name = agent ?? operator ?? '';
  if (!isName(AGENT_NAME, name)) {
    throw new CodedError('usage/invalid-argument', `${quote(name)} is no name that a policy could have`, {
      help: 'names are ASCII letters, digits and `.`, `_`, `@`, `-`',
    });
  }
  return { kind: agent === undefined ? 'operator' : 'agent', name };
}
