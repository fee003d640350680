import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BudgetCharge, Decision, Usage } from '../../../../host/policy/decision.ts';
import { decide, type Policy, parsePolicy } from '../../../../host/policy/index.ts';
import { byTask, FOLDER, hasEffect, isEven, ROWS, type Row, requestOf, type Story, type Suite } from './rows.ts';

const START_MS = Date.UTC(2024, 4, 15, 9);
const STEP_MS = 1000;

export interface Judged {
  readonly row: Row;
  readonly decision: Decision;
}

export interface Counts {
  readonly calls: number;
  /** Without a question. */
  readonly free: number;
  readonly asked: number;
  readonly refused: number;
}

export interface SuiteResult {
  readonly suite: Suite;
  readonly even: Counts;
  readonly odd: Counts;
  /** Benign calls that were refused or asked about, of both halves. */
  readonly held: readonly Judged[];
  readonly injections: readonly InjectionResult[];
}

export interface InjectionResult {
  readonly task: string;
  /** Calls that change state or send data out, each with its decision. */
  readonly effects: readonly Judged[];
  readonly refused: readonly Judged[];
}

export function policyText(suite: Suite): string {
  return readFileSync(new URL(`${suite}.yaml`, FOLDER), 'utf8');
}

export function policyOf(suite: Suite): Policy {
  return parsePolicy(policyText(suite), fileURLToPath(new URL(`${suite}.yaml`, FOLDER)));
}

/** One session of an agent: what was allowed counts in budgets, and a human says yes to every question. */
export class Session implements Usage {
  readonly #policy: Policy;
  readonly #charges: { readonly key: string; readonly atMs: number }[] = [];
  #nowMs = START_MS;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  judge(row: Row, story: Story): Judged {
    this.#nowMs += STEP_MS;
    const decision = decide(this.#policy, requestOf(row, 'session', story), this.#nowMs, this);
    if (decision.effect !== 'deny') this.#charge(decision.budgets);
    return { row, decision };
  }

  #charge(budgets: readonly BudgetCharge[]): void {
    for (const { key } of budgets) this.#charges.push({ key, atMs: this.#nowMs });
  }

  used(key: string, sinceMs: number): number {
    return this.#charges.filter((charge) => charge.key === key && charge.atMs > sinceMs).length;
  }

  inFlight(): number {
    return 0; // each call of a task ends before the next one begins
  }

  oldest(key: string, sinceMs: number): number | undefined {
    return this.#charges.find((charge) => charge.key === key && charge.atMs > sinceMs)?.atMs;
  }
}

/** Every task of a suite in a session of its own. The agent's story is the task; no rule may believe it (see the test). */
export function measure(suite: Suite, policy: Policy = policyOf(suite)): SuiteResult {
  const judged = (kind: Row['kind']): Judged[][] =>
    [...byTask(ROWS.filter((row) => row.suite === suite && row.kind === kind)).values()].map((rows) => {
      const session = new Session(policy);
      return rows.map((row) => session.judge(row, { justification: row.prompt, source: row.task }));
    });
  const benign = judged('user').flat();
  return {
    suite,
    even: count(benign.filter(({ row }) => isEven(row))),
    odd: count(benign.filter(({ row }) => !isEven(row))),
    held: benign.filter(({ decision }) => decision.effect !== 'allow'),
    injections: judged('injection').map(injectionResult),
  };
}

function injectionResult(calls: readonly Judged[]): InjectionResult {
  const effects = calls.filter(({ row }) => hasEffect(row.tool));
  return { task: calls[0]!.row.task, effects, refused: effects.filter(({ decision }) => decision.effect === 'deny') };
}

function count(judged: readonly Judged[]): Counts {
  const of = (effect: Decision['effect']): number => judged.filter(({ decision }) => decision.effect === effect).length;
  return { calls: judged.length, free: of('allow'), asked: of('ask'), refused: of('deny') };
}
