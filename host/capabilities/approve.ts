import { z } from 'zod';
import { isCoded, type WitValue } from '../../runtime/index.ts';
import { AGENT_NAME } from '../policy/names.ts';
import { printable } from '../policy/quote.ts';
import { expected, fields, listOf, name, parsedBy } from '../policy/schema-parts.ts';
import { unitText } from '../policy/tool-schema.ts';
import { PERIOD_FORM, PERIOD_PATTERN, parsePeriod } from '../policy/units.ts';
import { type CapabilityCall, defineCapability, type Grant, type HumanAnswer } from './capability.ts';

const QUESTION_CHARS_MAX = 200;
const DETAILS_BYTES_MAX = 4096;
const PER_CALL_DEFAULT = 3;
const PER_CALL_MAX = 20;
const EXPIRES_MS_DEFAULT = 600_000;

/** As `ask.channels` of rules. */
const CHANNEL = /^(?:terminal|(?:webhook|slack|mcp):[a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/;

const KEY = {};

function nonEmpty(item: z.ZodType<string>, what: string) {
  return listOf(item, what).min(1, { error: `expected ${what}, got an empty one` });
}

const perCall = expected(`a number of questions, a whole number from 1 to ${PER_CALL_MAX}`);

const scope = fields('the fields of `approve`', {
  channels: nonEmpty(name(CHANNEL, '`terminal`, or `webhook:`, `slack:` or `mcp:` and a name'), 'a list of one or more channels')
    .optional()
    .describe('Where questions go; default `terminal`. The command line may always answer.'),
  approvers: nonEmpty(name(AGENT_NAME, 'the name of an approver'), 'a list of one or more approvers')
    .optional()
    .describe('Who may answer; absent: whoever operates the trail.'),
  expires: unitText(PERIOD_FORM, PERIOD_PATTERN, '10m')
    .transform(parsedBy(parsePeriod))
    .optional()
    .describe('After this long, silence is no; never later than the end of the call. Default 10m.'),
  perCall: z
    .int({ error: perCall })
    .min(1, { error: perCall })
    .max(PER_CALL_MAX, { error: perCall })
    .optional()
    .describe('Questions that one call may ask. Default 3.'),
}).optional();

export type ApproveScope = z.output<typeof scope>;

/** `cellblock:host/approve`: a tool asks a human in the middle of its call. */
export const APPROVE = defineCapability<ApproveScope>({
  name: 'approve',
  summary: 'ask a human a question in the middle of a call, and wait for the answer',
  interfaces: ['cellblock:host/approve@0.1.0'],
  scope,
  names: (asks) => ({
    ...(asks?.channels === undefined ? {} : { channels: asks.channels }),
    ...(asks?.approvers === undefined ? {} : { approvers: asks.approvers }),
  }),
  open: (grant) => [
    {
      kind: 'bridged',
      name: 'approve',
      interface: 'cellblock:host/approve@0.1.0',
      signatures: {
        ask: 'func(question: string, details: option<string>) -> result<variant { yes, no(option<string>), silence }, variant { denied(string), unavailable }>',
      },
      functions: {
        ask: ([question, details], context) => {
          const some = details as { readonly some: string } | null;
          return ask(grant, grant.callOf(context), String(question), some === null ? undefined : some.some);
        },
      },
    },
  ],
});

async function ask(
  grant: Grant<ApproveScope>,
  call: CapabilityCall,
  question: string,
  details: string | undefined,
): Promise<WitValue> {
  const scopes = grant.scopesFor(call);
  const why = questionProblem(question, details) ?? overMany(scopes, call);
  if (why !== undefined) return refused(call, question, why);
  const approvers = inCommon(scopes.map((each) => each?.approvers));
  const channels = scopes[0]?.channels;
  if (approvers?.length === 0) return refused(call, question, 'nobody may answer for this tool and all of its callers');
  if (grant.host.ask === undefined) return unavailable(call, question);
  const expiresMs = Math.min(...scopes.map((each) => each?.expires ?? EXPIRES_MS_DEFAULT));
  const asked = {
    question,
    expiresMs,
    ...(details === undefined ? {} : { details }),
    ...(channels === undefined ? {} : { channels }),
    ...(approvers === undefined ? {} : { approvers }),
  };
  try {
    return answered(call, question, await grant.host.ask(asked, call));
  } catch (error) {
    if (isCoded(error) && /^(?:busy|params|usage)\//.test(error.code)) return unavailable(call, question, error.code);
    throw error; // the trail cannot be written: the call must not go on
  }
}

/** Why a text is no question that people can be shown; undefined where it is one. */
export function questionProblem(question: string, details: string | undefined): string | undefined {
  if (question.trim() === '' || question.length > QUESTION_CHARS_MAX || /[\r\n\p{Zl}\p{Zp}\u0085\v\f]/u.test(question))
    return `a question is one line of 1 to ${QUESTION_CHARS_MAX} characters`;
  if (details !== undefined && Buffer.byteLength(details) > DETAILS_BYTES_MAX)
    return `the details of a question have at most ${DETAILS_BYTES_MAX} bytes`;
  return undefined;
}

/** Counts before anything is awaited, and also what was not answered. */
function overMany(scopes: readonly ApproveScope[], call: CapabilityCall): string | undefined {
  const asked = call.state(KEY, () => ({ count: 0 }));
  const most = Math.min(...scopes.map((each) => each?.perCall ?? PER_CALL_DEFAULT));
  if (asked.count >= most) return `a call may ask ${most} questions; \`perCall\` of the grant says how many`;
  asked.count += 1;
  return undefined;
}

/** Undefined: none of them names anybody. */
function inCommon(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const named = lists.filter((list) => list !== undefined);
  return named.length === 0 ? undefined : named.reduce((left, right) => left.filter((one) => right.includes(one)));
}

function answered(call: CapabilityCall, question: string, answer: HumanAnswer): WitValue {
  const by = 'by' in answer ? ` by ${printable(answer.by)}` : '';
  note(call, question, `${answer.kind}${by}`, answer.approval);
  if (answer.kind !== 'no') return { ok: { tag: answer.kind } };
  return { ok: { tag: 'no', value: answer.reason === undefined ? null : { some: answer.reason } } };
}

function refused(call: CapabilityCall, question: string, why: string): WitValue {
  note(call, question, `denied: ${why}`);
  return { err: { tag: 'denied', value: why } };
}

function unavailable(call: CapabilityCall, question: string, why = 'nobody can be asked'): WitValue {
  note(call, question, `unavailable: ${why}`);
  return { err: { tag: 'unavailable' } };
}

function note(call: CapabilityCall, question: string, result: string, approval?: string): void {
  const data = approval === undefined || approval === '' ? {} : { data: { approval } };
  call.note({ capability: 'approve', act: `ask ${printable(question, QUESTION_CHARS_MAX)}`, result, ...data });
}
