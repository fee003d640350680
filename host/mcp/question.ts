import { createHash, randomBytes } from 'node:crypto';
import { createRequestStateCodec, type ElicitRequestFormParams } from '@modelcontextprotocol/server';
import { type Asked, isShownWhole, renderApproval } from '../approvals/index.ts';

/*
 * A question of the warden as an elicitation, and back. What comes back counts only for the question that was shown: over a session by the id of our own
 * request, and between two requests by a sealed state that says whose question it was, which one, and about which call.
 */

/** What the person before a client said. */
export interface Said {
  readonly event: 'approved' | 'denied';
  readonly reason?: string;
}

/** Key of the one input request that we send. */
export const QUESTION = 'decision';

/** Code points of a reason: as UTF-16 never more than the book of approvals takes. */
const REASON_CHARS_MAX = 500;
const COLUMNS = 80;
/** Seconds for which a state is good; a question that is over by then has no answer anyway. */
const STATE_SECONDS = 3600;

/** Nobody says yes to what they cannot see: as in a Slack message, where there is no button for it then. */
const CUT = 'Not all of it is shown here, so it can be denied here and not approved. In full:';

/** @param nowMs - milliseconds since 1970, for what is left of the time. Pure. */
export function questionForm(asked: Asked, nowMs: number): ElicitRequestFormParams {
  const isWhole = isShownWhole(asked);
  const cut = isWhole ? [] : ['', `${CUT} the console, or \`cellblock approvals show ${asked.approval} --json\`.`];
  return {
    mode: 'form',
    message: [...renderApproval(asked, nowMs, COLUMNS), ...cut].join('\n'),
    requestedSchema: {
      type: 'object',
      properties: {
        decision: {
          type: 'string',
          title: 'Decision',
          description: 'May this call run, once?',
          enum: isWhole ? ['approve', 'deny'] : ['deny'],
        },
        reason: {
          type: 'string',
          title: 'Reason',
          description: 'For the records; the agent is told the reason of a no.',
          maxLength: REASON_CHARS_MAX,
        },
      },
      required: ['decision'],
    },
  };
}

/**
 * Only an accepted form that says `approve` is a yes.
 *
 * @param result - of the elicitation, as it came. @returns undefined: nobody has decided, and the question stays open. Pure.
 */
export function saidIn(result: { readonly action: unknown; readonly content?: unknown }): Said | undefined {
  if (result.action === 'decline') return { event: 'denied' };
  if (result.action !== 'accept') return undefined;
  const { decision, reason } = Object.assign({ decision: undefined, reason: undefined }, result.content);
  if (decision !== 'approve' && decision !== 'deny') return undefined;
  const event = decision === 'approve' ? 'approved' : 'denied';
  return typeof reason === 'string' ? { event, reason: [...reason].slice(0, REASON_CHARS_MAX).join('') } : { event };
}

/** Whether what was said counts for a question: a yes only where the form showed all of it, whatever the client lets its person choose. */
export function counts({ event }: Said, asked: Asked): boolean {
  return event === 'denied' || isShownWhole(asked);
}

/** The question that a state was sealed for. */
interface Sealed {
  readonly agent: string;
  readonly approval: string;
  /** Digest of the call, so that an answer lets no other one be filed. */
  readonly call: string;
}

/** Seals what goes through the client between two requests, by a key that this process alone has. */
export class QuestionSeal {
  readonly #codec = createRequestStateCodec<Sealed>({ key: randomBytes(32), ttlSeconds: STATE_SECONDS });

  seal(agent: string, approval: string, call: string): Promise<string> {
    return this.#codec.mint({ agent, approval, call });
  }

  /** @returns the approval; undefined for a state that is not ours, too old, or of another agent or call. */
  async open(state: string, agent: string, call: string): Promise<string | undefined> {
    try {
      // The codec's own binding is not used, so it looks at no context of a request.
      const sealed = await this.#codec.verify(state, undefined as never);
      return sealed.agent === agent && sealed.call === call ? sealed.approval : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Digest of a call for `QuestionSeal`. Pure. */
export function callDigest(name: string, argumentsJson: string): string {
  return createHash('sha256')
    .update(JSON.stringify([name, argumentsJson]))
    .digest('hex');
}
