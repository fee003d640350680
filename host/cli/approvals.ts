import { userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { CodedError } from '../../runtime/index.ts';
import { type Answer, answerEntries, findOne, type ShapeWish } from '../approvals/answer.ts';
import type { Approval } from '../approvals/approval.ts';
import type { ApprovalBook } from '../approvals/book.ts';
import { wholeId } from '../approvals/id.ts';
import { approvalLine, itemJson, itemLines, shapeLine } from '../approvals/listing.ts';
import { confirmYes, isTerminal } from '../approvals/prompt.ts';
import { isShownWhole } from '../approvals/render.ts';
import { durationText } from '../approvals/text-lines.ts';
import { visibleJson } from '../approvals/visible-json.ts';
import type { Journal } from '../audit/trail.ts';
import { printable, quote } from '../policy/quote.ts';

/** The trail of a policy file, to read and to answer in. */
export type OpenTrail = (policyPath: string) => Promise<{
  readonly journal: Pick<Journal, 'transact' | 'catchUp'>;
  readonly approvals: ApprovalBook;
  /** Takes secrets out of what is written down. */
  readonly redactText: (text: string) => string;
  close(): Promise<void>;
}>;

/** What the commands touch outside the trail; tests give their own. */
export interface ApprovalsIo {
  readonly input: Readable;
  readonly output: Writable;
  /** Where a person is shown and asked something, so that the output stays for programs. */
  readonly errors: Writable;
  readonly now: () => number;
  readonly userName: () => string;
}

const PROCESS_IO: ApprovalsIo = {
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  now: Date.now,
  userName: () => userInfo().username,
};

interface CommonOptions {
  readonly policy: string;
  readonly json?: boolean;
}

interface AnswerOptions extends CommonOptions {
  readonly by?: string;
  readonly reason?: string;
}

interface ApproveOptions extends AnswerOptions {
  readonly yes?: boolean;
  readonly digest?: string;
  readonly free?: string;
  readonly minutes?: string;
  readonly uses?: string;
}

const DIGEST_PREFIX = /^(?:sha256:)?([0-9a-f]{12,64})$/;

const EXIT_TEXT = `
Exit codes: 0 done, 2 no such approval, or it cannot be answered like that, 3 refused (not an approver, expired, used), 7 not confirmed, 8 the trail cannot be read or written.`;

/**
 * Adds `cellblock approvals list | show | approve | deny | revoke`. Errors are thrown as `CodedError`, for the program to show.
 *
 * @param openTrail - opens the trail that a policy file names; closed again by each command.
 */
export function addApprovals(program: Command, openTrail: OpenTrail, io: ApprovalsIo = PROCESS_IO): void {
  const group = program
    .command('approvals')
    .summary('list, show, approve, deny and revoke what agents ask for')
    .description(
      'Where a rule of the policy says `ask`, a request waits for a human. These commands answer, as the operator of the trail.',
    )
    .addHelpText(
      'after',
      `
Example:
  cellblock approvals list                                  what waits
  cellblock approvals show k7q2                             the exact call, as the host sees it
  cellblock approvals approve k7q2                          this call, once; asks for a typed yes
  cellblock approvals approve k7q2 --free replicas --minutes 30 --uses 5
                                                            and calls like it, with other \`replicas\`
  cellblock approvals revoke k7q2                           take it back, as long as it is not used

The first four characters of an id are enough where they fit only one. The agent that asks can never answer, and silence is a no.
${EXIT_TEXT}`,
    );
  addReaders(group, openTrail, io);
  addApprove(group, openTrail, io);
  addRefusals(group, openTrail, io);
}

function withCommon(command: Command): Command {
  return command
    .option('--policy <file>', 'policy file, which says where the trail is', 'cellblock.yaml')
    .option('--json', 'print one JSON document');
}

function withAnswerer(command: Command): Command {
  return withCommon(command)
    .option('--by <name>', 'who answers, as the policy names them; default: the name of your user account')
    .option('--reason <text>', 'kept in the trail');
}

function addReaders(group: Command, openTrail: OpenTrail, io: ApprovalsIo): void {
  withCommon(group.command('list'))
    .summary('what waits, and what is approved and not used yet')
    .description('Lists open approvals, and shapes that are in force.')
    .option('--all', 'those of the last day, too, that were used, denied, revoked or have expired')
    .action(async (options: CommonOptions & { readonly all?: boolean }) => {
      await withTrail(openTrail, options, async ({ approvals }) => list(approvals, options, io));
    });
  withCommon(group.command('show'))
    .summary('one approval or shape: exactly what would run')
    .description('Shows the exact call as the host sees it. With --json nothing is cut.')
    .argument('<id>', 'id of an approval or a shape, or its beginning')
    .action(async (id: string, options: CommonOptions) => {
      await withTrail(openTrail, options, async ({ approvals }) => {
        const found = findOne(approvals, id, true);
        if (options.json === true) return write(io, visibleJson(itemJson(approvals, found, io.now())));
        for (const line of itemLines(approvals, found, io.now(), columnsOf(io.output))) write(io, line);
      });
    });
}

function addApprove(group: Command, openTrail: OpenTrail, io: ApprovalsIo): void {
  withAnswerer(group.command('approve'))
    .summary('let one call run, or calls of its shape')
    .description(
      'Approves exactly the call that `show` shows, once. With --minutes and --uses also further calls that differ only in --free.',
    )
    .argument('<id>', 'id of an approval, or its beginning')
    .option('--yes', 'do not ask; without a terminal this is needed, and with it the whole id or --digest')
    .option('--digest <prefix>', 'refuse unless the digest begins so; at least 12 hex digits')
    .option('--free <names>', 'parameters that may differ in further calls, separated by commas')
    .option('--minutes <n>', 'how long further calls are let through')
    .option('--uses <n>', 'how many further calls are let through')
    .addHelpText(
      'after',
      `
On a terminal the call is shown and a typed \`yes\` is needed. Scripts say --yes and the whole id, which stands for one call that never
changes; or the beginning of an id together with --digest, as \`show --json\` gave it.
${EXIT_TEXT}`,
    )
    .action(async (id: string, options: ApproveOptions) => {
      const shape = shapeOf(options);
      checkConfirmable(id, options, io);
      await withTrail(openTrail, options, async (trail) => {
        // Only an approval is found here; whatever it is in the next moment, the answer is for the digest that was shown.
        const { asked } = findOne(trail.approvals, id, false) as Approval;
        checkDigest(asked.digest, options.digest);
        if (options.yes !== true) await confirm(trail.approvals, { asked }, shape, io);
        await answer(trail, { approval: asked.approval, event: 'approved', digest: asked.digest, shape }, options, io);
      });
    });
}

function addRefusals(group: Command, openTrail: OpenTrail, io: ApprovalsIo): void {
  for (const [name, event, summary] of [
    ['deny', 'denied', 'say no to a call'],
    ['revoke', 'revoked', 'take an approval back that was not used yet, or end a shape'],
  ] as const) {
    withAnswerer(group.command(name))
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}. Asks nothing: a no is safe.`)
      .argument(
        '<id>',
        event === 'denied' ? 'id of an approval, or its beginning' : 'id of an approval or a shape, or its beginning',
      )
      .action(async (id: string, options: AnswerOptions) => {
        await withTrail(openTrail, options, (trail) => answer(trail, { approval: id, event }, options, io));
      });
  }
}

type Trail = Awaited<ReturnType<OpenTrail>>;

async function withTrail(openTrail: OpenTrail, { policy }: CommonOptions, work: (trail: Trail) => Promise<void>): Promise<void> {
  const trail = await openTrail(policy);
  try {
    await trail.journal.catchUp();
    await work(trail);
  } finally {
    await trail.close();
  }
}

type Said = Omit<Answer, 'by' | 'channel' | 'reason'>;

async function answer(
  { journal, approvals, redactText }: Trail,
  said: Said,
  options: AnswerOptions,
  io: ApprovalsIo,
): Promise<void> {
  const by = options.by ?? io.userName();
  const reason = options.reason === undefined ? undefined : redactText(options.reason);
  const made = { ids: [] as string[] };
  await journal.transact(() => {
    const entries = answerEntries(approvals, { ...said, by, channel: 'cli', reason }, io.now());
    made.ids = entries.map((entry) => (entry.kind === 'shape' ? entry.shape : entry.kind === 'approval' ? entry.approval : ''));
    return entries;
  }, 'durable');
  const [id = '', shape] = made.ids;
  if (options.json === true)
    return write(io, visibleJson({ id, event: said.event, by, ...(shape === undefined ? {} : { shape }) }));
  write(io, `${said.event}: ${printable(id)}, by ${quote(by)}`);
  if (shape !== undefined) write(io, `shape: ${printable(shape)}; \`cellblock approvals revoke ${printable(shape)}\` ends it`);
}

/** Without anybody at a terminal, `--yes` must say of what: a beginning of an id may mean another approval tomorrow. */
function checkConfirmable(id: string, { yes, digest }: ApproveOptions, { input, errors }: ApprovalsIo): void {
  if (yes !== true) {
    if (isTerminal(input) && isTerminal(errors)) return;
    throw invalid(
      'nobody is at a terminal to confirm the approval',
      'look at it with `cellblock approvals show`, then say `--yes`',
    );
  }
  if (wholeId(id) !== undefined || digest !== undefined) return;
  throw invalid('with `--yes` the whole id is needed, or `--digest`', '`cellblock approvals list` shows whole ids');
}

function checkDigest(digest: string, prefix: string | undefined): void {
  if (prefix === undefined) return;
  const hex = DIGEST_PREFIX.exec(prefix)?.[1];
  if (hex === undefined) throw invalid('expected `--digest` as 12 to 64 hex digits, after `sha256:` or without');
  if (!digest.startsWith(`sha256:${hex}`)) {
    throw new CodedError('denied/approval-mismatch', 'the approval has another digest than the one given by `--digest`', {
      help: 'look at it again with `cellblock approvals show`',
    });
  }
}

async function confirm(book: ApprovalBook, approval: Approval, shape: ShapeWish | undefined, io: ApprovalsIo): Promise<void> {
  const { asked } = approval;
  if (asked.parameters !== null && !isShownWhole(asked)) {
    throw invalid(
      'the call is too long to be shown whole, so a typed `yes` could not mean it',
      `read all of it with \`cellblock approvals show ${printable(asked.approval)} --json\`, then say \`--yes --digest ${asked.digest.slice('sha256:'.length, 'sha256:'.length + 12)}\``,
    );
  }
  const lines = [...itemLines(book, approval, io.now(), columnsOf(io.errors)), ''];
  if (shape !== undefined) {
    const free = shape.free.length === 0 ? 'the same parameters' : `any ${shape.free.map(quote).join(', ')}`;
    const until = `${shape.usesMax} of them, for ${durationText(shape.minutes * 60_000)}`;
    lines.push(`Further calls with ${free} will run without a question: ${until}.`);
  }
  io.errors.write(lines.map((line) => `${line}\n`).join(''));
  if (await confirmYes('Type `yes` to approve: ', { input: io.input, output: io.errors })) return;
  throw new CodedError('cancelled/by-caller', 'the approval was not confirmed, and nothing was answered');
}

/** @throws CodedError `usage/invalid-argument`: a shape needs an end in time and in uses. */
function shapeOf({ free, minutes, uses }: ApproveOptions): ShapeWish | undefined {
  if (free === undefined && minutes === undefined && uses === undefined) return undefined;
  if (minutes === undefined || uses === undefined) {
    throw invalid('further calls need `--minutes` and `--uses`', 'for example `--free replicas --minutes 30 --uses 5`');
  }
  const names = (free ?? '').split(',').map((name) => name.trim());
  return { free: names.filter((name) => name !== ''), minutes: countOf('--minutes', minutes), usesMax: countOf('--uses', uses) };
}

function countOf(option: string, text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw invalid(`expected ${quote(option)} as a whole number`);
  return Number(text);
}

function list(book: ApprovalBook, { all, json }: CommonOptions & { readonly all?: boolean }, io: ApprovalsIo): void {
  const now = io.now();
  const approvals = book.list(all === true ? {} : { statuses: ['pending', 'approved'] }, now);
  const shapes = book.listShapes(all === true ? undefined : ['active'], now);
  if (json === true) {
    const documents = [approvals, shapes].map((items) => items.map((item) => itemJson(book, item, now)));
    return write(io, visibleJson({ approvals: documents[0] ?? [], shapes: documents[1] ?? [] }));
  }
  if (approvals.length === 0) write(io, all === true ? 'no approvals in the last day' : 'nothing waits');
  for (const approval of approvals) write(io, approvalLine(book, approval, now));
  for (const shape of shapes) write(io, shapeLine(book, shape, now));
}

function columnsOf(stream: Writable): number {
  return (stream as { columns?: number }).columns || 80;
}

function write({ output }: ApprovalsIo, line: string): void {
  output.write(`${line}\n`);
}

function invalid(message: string, help?: string): CodedError {
  return new CodedError('usage/invalid-argument', message, help === undefined ? {} : { help });
}
