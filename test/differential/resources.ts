import { type Difference, factsOf, hex, type Report, TRAPPED } from './difference.ts';
import { RESOURCE_RUN, resourceGuest } from './resource-guest.ts';
import { things, thingsImports } from './resource-host.ts';
import { runModel, type Trap } from './resource-model.ts';
import type { ResourceProgram } from './resource-program.ts';
import { type Contender, isJco, type Subject, subject } from './sides.ts';

/*
 * Programs over handles: all that the host's objects saw, in order, disposal among it, against a model and against jco.
 */

/** Handles have no form but JavaScript's own objects. */
const PLAIN: readonly Contender[] = ['own, plain', 'jco, plain'];

export async function runResources(program: ResourceProgram): Promise<Report> {
  const linked = subject(await resourceGuest(program));
  const log: string[] = [];
  const trapped = runModel(program, things(log));
  const expected = [...log, trapped === undefined ? RETURNED : TRAPPED];
  const differences = PLAIN.flatMap((contender) => compare(program, contender, expected, observe(linked, contender), trapped));
  return {
    counts: {
      'sequences over handles': 1,
      'steps over handles': program.steps.length,
      'traps over handles': Number(trapped !== undefined),
    },
    differences,
  };
}

const RETURNED = '=> returned';

function observe(linked: Subject, contender: Contender): { readonly log: readonly string[]; readonly words: string } {
  const log: string[] = [];
  const instance = linked.instantiate(contender, thingsImports(things(log)));
  const ending = instance.call(RESOURCE_RUN, 'run', new Uint8Array(0));
  const words = 'bytes' in ending ? hex(ending.bytes) : ending.what;
  const isAbiTrap = isJco(contender) || words.startsWith('trap/abi: ');
  return { log: [...log, 'bytes' in ending ? RETURNED : isAbiTrap ? TRAPPED : words], words };
}

function compare(
  program: ResourceProgram,
  contender: Contender,
  expected: readonly string[],
  { log, words }: { readonly log: readonly string[]; readonly words: string },
  trapped: Trap | undefined,
): Difference[] {
  const length = Math.max(expected.length, log.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => expected[index] !== log[index]);
  if (at === undefined) return [];
  return [
    {
      title: `handles:${program.seed}, line ${at}`,
      contender,
      what: 'seen by the host',
      expected: expected[at] ?? '(nothing)',
      found: log[at] === TRAPPED ? `${TRAPPED}: ${words}` : (log[at] ?? '(nothing)'),
      types: [],
      encoding: 'utf8',
      facts: factsOf(trapped ? { 'unknown handle': trapped === 'unknown', 'lent handle': trapped === 'lent' } : {}),
      detail: `${expected.join('\n')}\n\n${log.join('\n')}\n\n${JSON.stringify(program.steps)}`,
    },
  ];
}
