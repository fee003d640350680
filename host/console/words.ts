import { type Html, html, NOTHING } from './html.ts';
import type { RequestRow } from './request-row.ts';

/** How something ended: `ok` well, `no` it did not run or failed, `ask` a human is needed; empty: neither. */
export type Tone = 'ok' | 'no' | 'ask' | '';

const DECISIONS: Readonly<Record<NonNullable<RequestRow['effect']>, readonly [Tone, string]>> = {
  allow: ['ok', 'allowed'],
  ask: ['ask', 'asks a human'],
  deny: ['no', 'denied'],
  repeat: ['', 'repeated'],
};

const OUTCOMES: Readonly<Record<string, readonly [Tone, string]>> = {
  ok: ['ok', 'ok'],
  'tool-error': ['no', 'tool error'],
  refused: ['no', 'refused'],
  trapped: ['no', 'trapped'],
  limited: ['no', 'over a limit'],
  pending: ['ask', 'waits'],
  cancelled: ['', 'cancelled'],
  failed: ['no', 'failed'],
};

const ANSWERS: Readonly<Record<NonNullable<RequestRow['answer']>, readonly [Tone, string]>> = {
  approved: ['ok', 'approved: may be filed again'],
  used: ['ok', 'approved and filed again'],
  denied: ['no', 'a human said no'],
  revoked: ['no', 'the yes was taken back'],
  expired: ['no', 'nobody answered'],
};

const STATUSES: Readonly<Record<string, readonly [Tone, string]>> = {
  pending: ['ask', 'waits for an answer'],
  approved: ['ok', 'approved, not used yet'],
  used: ['ok', 'approved and used'],
  denied: ['no', 'denied'],
  revoked: ['no', 'taken back'],
  expired: ['', 'expired, which is a no'],
};

/** @param text - a word of ours. */
export function pill(tone: Tone, text: string): Html {
  return html`<span class="pill ${tone}">${text}</span>`;
}

export function decisionPill(effect: RequestRow['effect']): Html {
  if (effect === undefined) return NOTHING;
  const [tone, words] = DECISIONS[effect];
  return pill(tone, words);
}

/** How a request stands, from all that is known of it. */
export function standingPill({ outcome, effect, answer }: RequestRow): Html {
  if (outcome !== undefined) return outcomePill(outcome);
  if (effect === 'deny') return pill('no', 'did not run');
  if (effect === 'allow') return pill('', 'running');
  if (effect !== 'ask') return NOTHING;
  const [tone, words] = answer === undefined ? (['ask', 'waits'] as const) : ANSWERS[answer];
  return pill(tone, words);
}

function outcomePill(outcome: string): Html {
  const [tone, words] = (Object.hasOwn(OUTCOMES, outcome) ? OUTCOMES[outcome] : undefined) ?? ['', 'of a newer version'];
  return pill(tone, words);
}

export function toneOf(outcome: string): Tone {
  return Object.hasOwn(OUTCOMES, outcome) ? OUTCOMES[outcome]![0] : '';
}

/** @param status - of an approval. */
export function statusWords(status: string): readonly [Tone, string] {
  return Object.hasOwn(STATUSES, status) ? STATUSES[status]! : ['', 'of a newer version'];
}
