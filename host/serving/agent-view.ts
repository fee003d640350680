import { CODES, type Code, type PlainJson } from '../../runtime/index.ts';
import type { Outcome, Receipt } from '../receipt.ts';

/*
 * What an agent may know of an outcome. The warden's messages speak to operators too: they name rules with their files and lines, scopes of grants,
 * paths of components. An agent is told what it asked for, how that ended, and what it can do about it; the trail has the rest, by the audit id.
 */

/** The receipt without rules, scopes and what capabilities did. */
export type AgentReceipt = Omit<Receipt, 'policy' | 'uses' | 'usesDropped' | 'logOnly'> & { readonly policy?: string };

export interface AgentError {
  readonly code: string;
  readonly message: string;
  /** What the agent can do next. */
  readonly help: string;
  /** `path`, `condition`, `retryAfterMs`, `limit`, `used`, where there are any. */
  readonly data?: { readonly [name: string]: unknown };
}

/** An outcome as its agent sees it: plain JSON data. */
export type AgentOutcome = Omit<Outcome, 'receipt' | 'error'> & { readonly receipt: AgentReceipt; readonly error?: AgentError };

/** @param outcome - as the warden gave it. Pure. */
export function agentOutcome({ receipt, error, ...rest }: Outcome): AgentOutcome {
  return { ...rest, ...(error === undefined ? {} : { error: agentError(error) }), receipt: agentReceipt(receipt) };
}

function agentReceipt(receipt: Receipt): AgentReceipt {
  const { policy, uses: _uses, usesDropped: _dropped, logOnly: _logOnly, grants, ...rest } = receipt;
  const names = grants.map((text) => /^[a-z0-9-]+/.exec(text)?.[0] ?? text);
  return { ...rest, grants: names, ...(policy === undefined ? {} : { policy: policy.digest }) };
}

const DATA_TOLD = ['path', 'condition', 'retryAfterMs', 'limit', 'used', 'approval', 'until', 'status'] as const;

/** Codes whose messages are about the request or the guest alone: they hold no word of the policy and no path of the host. */
const TOLD =
  /^(?:params|limit|trap|tool|cancelled)\/|^denied\/(?:approval-|parameters$|outside-hours$|justification-required$|source-required$)/;

/** Whether a tool is there that it may not use is not the agent's to know. */
const NO_TOOL: AgentError = {
  code: 'denied/tool-not-granted',
  message: 'this agent may use no tool of this name',
  help: 'use one of the tools that are listed; only the operator can add others',
};
const NO_TOOL_CODES: ReadonlySet<string> = new Set([
  'denied/no-policy-for-tool',
  'denied/tool-not-granted',
  'denied/function-not-listed',
]);

/** A code as an agent may see it. */
export function agentCode(code: string): string {
  return NO_TOOL_CODES.has(code) ? NO_TOOL.code : code;
}

function agentError({ code, message, help, data }: NonNullable<Outcome['error']>): AgentError {
  if (NO_TOOL_CODES.has(code)) return NO_TOOL;
  const told = dataTold(data);
  const row = Object.hasOwn(CODES, code) ? CODES[code as Code] : undefined;
  return {
    code,
    message: TOLD.test(code) || row === undefined ? (TOLD.test(code) ? message : 'the request failed') : sentence(row.means),
    help: HELP[code] ?? (/^params\/|^denied\/approval-/.test(code) && help !== undefined ? help : helpOf(code, row?.who, told)),
    ...(Object.keys(told).length === 0 ? {} : { data: told }),
  };
}

/** From the table's prose to a message: it may name fields of `data` that an agent is not told. */
function sentence(means: string): string {
  const [first = means] = means.split(/; (?:try again after )?`data/);
  return `${first.slice(0, 1).toLowerCase()}${first.slice(1)}`.replace(/\.$/, '');
}

const HELP: Readonly<Record<string, string>> = {
  'denied/justification-required': 'say in `justification` why the call is needed, and ask again',
  'denied/source-required': 'say in `source` what made you ask, and ask again',
  'denied/parameters': 'send other parameters, or ask the operator to allow these',
};

function helpOf(code: string, who: string | undefined, { retryAfterMs }: { readonly retryAfterMs?: unknown }): string {
  if (typeof retryAfterMs === 'number') return `try again after ${Math.ceil(retryAfterMs)} ms`;
  if (/^limit\/|^trap\//.test(code)) return 'try with other or smaller parameters; the same ones will end in the same way';
  if (code === 'tool/error' || code === 'tool/exit-status') return 'the tool says what is wrong';
  if (who === 'agent' || who === 'caller') return 'change the request, and ask again';
  return 'only the operator can change this: asking again does not help';
}

function dataTold(data: unknown): { readonly [name: string]: unknown } {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(
    DATA_TOLD.filter((name) => Object.hasOwn(data, name)).map((name) => [name, (data as PlainRecord)[name]]),
  );
}

type PlainRecord = { readonly [name: string]: PlainJson };
