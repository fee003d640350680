import { composedCase, runComposed } from './composed.ts';
import type { Difference, Report } from './difference.ts';
import { resourceProgram } from './resource-program.ts';
import { runResources } from './resources.ts';
import { roundTripCase, runRoundTrips } from './round-trips.ts';
import { program } from './sequence-program.ts';
import { runSequence } from './sequences.ts';
import { wordsOf } from './sides.ts';
import { reasonFor } from './spec-reasons.ts';
import { runTexts, textCase } from './texts.ts';

/** Each kind of comparison, by the first word of its jobs' names. A job is one guest, made from a seed. */
const KINDS = {
  'round-trip': (seed: number) => runRoundTrips(roundTripCase(seed, VALUES_EACH)),
  sequence: (seed: number) => runSequence(program(seed)),
  handles: (seed: number) => runResources(resourceProgram(seed)),
  texts: (seed: number) => runTexts(textCase(seed, TEXTS_EACH)),
  composition: (seed: number) => runComposed(composedCase(seed, VALUES_EACH)),
} satisfies Record<string, (seed: number) => Promise<Report>>;

type Kind = keyof typeof KINDS;

/** Values for one guest: making a guest takes as long as hundreds of calls. */
export const VALUES_EACH = 50;
const TEXTS_EACH = 50;

export interface Amount {
  /** Values in and out of a guest, each by all of its functions. */
  readonly rounds: number;
  /** Programs of host calls; a fourth as many more are over handles. */
  readonly sequences: number;
  /** Of the first job of each kind. */
  readonly seed: number;
}

export interface Totals {
  readonly counts: Map<string, number>;
  /** Differences that a listed reason explains, by its id. */
  readonly explained: Map<string, number>;
  readonly unlisted: Difference[];
  /** Jobs that could not be run at all, and why. */
  readonly broken: string[];
}

/** The names of all jobs of a run, such as `sequence:17`, the kinds mixed. */
export function jobsOf({ rounds, sequences, seed }: Amount): string[] {
  const guests = Math.ceil(rounds / VALUES_EACH);
  const amounts: Record<Kind, number> = {
    'round-trip': guests,
    sequence: sequences,
    handles: Math.ceil(sequences / 4),
    texts: Math.ceil(guests / 40) * 3,
    composition: Math.ceil(guests / 4),
  };
  const jobs = Object.entries(amounts).flatMap(([kind, amount]) =>
    Array.from({ length: amount }, (_, at) => ({ name: `${kind}:${seed + at}`, at: at / amount })),
  );
  return jobs.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

export function noTotals(): Totals {
  return { counts: new Map(), explained: new Map(), unlisted: [], broken: [] };
}

/** Runs one job and adds what it found. @param name - as `jobsOf` gives it. */
export async function runJob(name: string, totals: Totals): Promise<void> {
  const [kind, seed] = name.split(':');
  if (kind === undefined || !Object.hasOwn(KINDS, kind) || !/^\d+$/.test(seed ?? '')) throw new Error(`there is no job ${name}`);
  try {
    const { counts, differences } = await KINDS[kind as Kind](Number(seed)); // checked to be a key
    for (const [what, count] of Object.entries(counts)) add(totals.counts, what, count);
    for (const difference of differences) sort(difference, totals);
  } catch (error) {
    totals.broken.push(`${name}: ${wordsOf(error)}`);
  }
}

function sort(difference: Difference, { explained, unlisted }: Totals): void {
  const reason = reasonFor(difference);
  if (reason === undefined) unlisted.push(difference);
  else add(explained, reason.id, 1);
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

/** A difference as text. @param detail - with values and WIT. */
export function differenceText({ title, contender, what, expected, found, detail }: Difference): string {
  const cut = (text: string) => (text.length > 400 ? `${text.slice(0, 400)} ...` : text);
  return [`${cut(title)}`, `  ${contender}: ${what}`, `  expected ${cut(expected)}`, `  found    ${cut(found)}`, detail].join(
    '\n',
  );
}
