import { isCoded } from '../../runtime/index.ts';
import { approvalStatus } from '../approvals/approval.ts';
import type { ShapeWish } from '../approvals/index.ts';
import type { OperatorDoor } from '../serving/index.ts';
import { inlineText } from './exact-text.ts';
import { type Form, field } from './forms.ts';
import { type Html, html } from './html.ts';

/** Files what a form said to a question. @returns what to tell, and whether it counts. @throws what is no answer to anybody. */
export async function fileAnswer(door: OperatorDoor, id: string, form: Form): Promise<Html> {
  const verdict = form.get('verdict');
  if (verdict !== 'approve' && verdict !== 'deny') return html`<p><b>Not recorded:</b> the form had no answer.</p>`;
  const shape = verdict === 'approve' && form.get('shape') === 'yes' ? shapeOf(form) : undefined;
  const answer = { digest: form.get('digest') ?? '', reason: field(form, 'reason'), ...(shape === undefined ? {} : { shape }) };
  return told(door, id, async () => {
    await (verdict === 'approve' ? door.approve(id, answer) : door.deny(id, answer));
    if (verdict === 'deny') return html`<p><b>Recorded: you denied this call.</b> It does not run.</p>`;
    const more = shape === undefined ? '' : ` So may up to ${shape.usesMax} calls like it, for ${shape.minutes} minutes.`;
    return html`<p><b>Recorded: you approved this call.</b> It may run once.${more}</p>`;
  });
}

/** Takes a yes back, or ends a rule that was made with one. */
export function fileRevocation(door: OperatorDoor, id: string, form: Form): Promise<Html> {
  return told(door, id, async () => {
    await door.revoke(id, field(form, 'reason'));
    return html`<p><b>Recorded:</b> it is taken back.</p>`;
  });
}

/** Numbers that are none are 0, which no shape may have. */
function shapeOf(form: Form): ShapeWish {
  const count = (name: string) => (/^[0-9]{1,6}$/.test(form.get(name) ?? '') ? Number(form.get(name)) : 0);
  return { free: form.getAll('free'), minutes: count('minutes'), usesMax: count('uses') };
}

async function told(door: OperatorDoor, id: string, file: () => Promise<Html>): Promise<Html> {
  try {
    return await file();
  } catch (error) {
    if (!isCoded(error)) throw error;
    return (
      (await firstAnswer(door, id)) ?? html`<p><b>Not recorded:</b> ${WHY[error.code] ?? inlineText(error.message, 400)}</p>`
    );
  }
}

const WHY: Readonly<Record<string, string>> = {
  'denied/approval-mismatch': 'the question is another than the one that you were shown. Look at it again.',
  'denied/approval-expired': 'the time for an answer is over.',
  'usage/not-found': 'there is no such question any more.',
};

/** Of two who answer at once the first one counts, and the second one is told whose answer it was. */
async function firstAnswer(door: OperatorDoor, id: string): Promise<Html | undefined> {
  try {
    const approval = await door.approval(id);
    const { approved, ended } = approval;
    const status = approvalStatus(approval, Date.now());
    if (status === 'pending' || status === 'expired') return undefined;
    const by = ended?.by ?? approved?.by;
    if (by === undefined) return undefined;
    const what = status === 'denied' ? 'denied it' : status === 'revoked' ? 'took it back' : 'approved it';
    const who = by === door.name ? html`You had answered` : html`${inlineText(by)} answered`;
    return html`<p><b>Not recorded: ${who} before this, and ${what}.</b> The first answer counts.</p>`;
  } catch {
    return undefined;
  }
}
