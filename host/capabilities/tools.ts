import { z } from 'zod';
import type { HostCallContext, WitValue } from '../../runtime/index.ts';
import { TOOL_ENTRY } from '../policy/names.ts';
import { printable, quote } from '../policy/quote.ts';
import { expected, fields, listOf, name, parsedBy } from '../policy/schema-parts.ts';
import { size } from '../policy/tool-schema.ts';
import { parseSize } from '../policy/units.ts';
import { type CapabilityCall, defineCapability, type Grant, type NestedOutcome, type NestedRequest } from './capability.ts';

const DEPTH_DEFAULT = 4;
const DEPTH_MAX = 8;
const PARAMETERS_BYTES_DEFAULT = 256 * 1024;

const KEY = {};

const depth = expected(`a number of levels, a whole number from 1 to ${DEPTH_MAX}`);
const tools = 'a list of one or more tools';

const scope = fields('the fields of `tools`', {
  call: listOf(name(TOOL_ENTRY, 'the name of a tool, or of one function as `tool.function`'), tools)
    .min(1, { error: `expected ${tools}, got an empty one` })
    .describe('Tools that may be called, as the agent may call them.'),
  depth: z
    .int({ error: depth })
    .min(1, { error: depth })
    .max(DEPTH_MAX, { error: depth })
    .optional()
    .describe('How many calls may be on behalf of each other below this one. Default 4.'),
  parametersBytes: size('256KiB')
    .transform(parsedBy(parseSize))
    .optional()
    .describe('Bytes of parameters as JSON. Default 256KiB.'),
});

export type ToolsScope = z.output<typeof scope>;

/** `cellblock:host/tools`: a tool calls another one through the warden, which decides on it as on any request. */
export const TOOLS = defineCapability<ToolsScope>({
  name: 'tools',
  summary: 'call other tools that the scope names, as requests of the same agent',
  interfaces: ['cellblock:host/tools@0.1.0'],
  scope,
  names: ({ call: entries }) => ({ tools: entries }),
  open: (grant) => [
    {
      kind: 'bridged',
      name: 'tools',
      interface: 'cellblock:host/tools@0.1.0',
      signatures: {
        call: 'func(tool: string, parameters: string, justification: option<string>) -> result<string, record { outcome: string, code: string, message: string, value: option<string> }>',
      },
      functions: {
        call: ([toolName, parameters, justification], context) => {
          const some = justification as { readonly some: string } | null;
          const request = { toolName: String(toolName), parametersJson: String(parameters) };
          return call(grant, some === null ? request : { ...request, justification: some.some }, context);
        },
      },
    },
  ],
});

async function call(grant: Grant<ToolsScope>, request: NestedRequest, context: HostCallContext): Promise<WitValue> {
  const running = grant.callOf(context);
  const scopes = grant.scopesFor(running);
  const why = refusalOf(scopes, request);
  if (why !== undefined) return failed(running, request, { outcome: 'refused', code: 'denied/scope', message: why });
  const file = grant.host.request;
  if (file === undefined) {
    const message = 'there is no warden that other tools could be called through';
    return failed(running, request, { outcome: 'failed', code: 'capability/unavailable', message });
  }
  const now = running.state(KEY, () => ({ inFlight: false }));
  if (now.inFlight) {
    return failed(running, request, { outcome: 'refused', code: 'denied/scope', message: 'a call to another tool is in flight' });
  }
  now.inFlight = true;
  try {
    const outcome = await file({ ...request, depthMax: depthOf(scopes) }, running, context.fuelLeft);
    if (outcome.fuel > 0n) context.charge(outcome.fuel);
    return answered(running, request, outcome);
  } finally {
    now.inFlight = false;
  }
}

/** Every scope must have it: the tool's own, the ceilings' and all callers'. */
function refusalOf(scopes: readonly ToolsScope[], { toolName, parametersJson }: NestedRequest): string | undefined {
  if (!scopes.every(({ call: entries }) => entries.some((entry) => covers(entry, toolName))))
    return `the grant does not have the tool ${quote(toolName)}; \`call\` of \`tools\` must list it, for all callers too`;
  const most = Math.min(...scopes.map(({ parametersBytes }) => parametersBytes ?? PARAMETERS_BYTES_DEFAULT));
  const bytes = Buffer.byteLength(parametersJson);
  return bytes > most ? `the parameters have ${bytes} bytes; the grant allows ${most}` : undefined;
}

/** Exact: `redact` covers each of its functions, `redact.text` only that one. */
function covers(entry: string, toolName: string): boolean {
  return entry === toolName || (!entry.includes('.') && toolName.startsWith(`${entry}.`));
}

/** The lowest depth that all scopes allow, for the warden, which knows the chain. */
function depthOf(scopes: readonly ToolsScope[]): number {
  return Math.min(...scopes.map(({ depth: levels }) => levels ?? DEPTH_DEFAULT));
}

function answered(running: CapabilityCall, request: NestedRequest, outcome: NestedOutcome): WitValue {
  if (outcome.kind === 'ok') {
    note(running, request, 'ok', outcome.audit);
    return { ok: outcome.valueJson ?? 'null' };
  }
  const { kind, code = kind, message = '', valueJson, audit } = outcome;
  return failed(running, request, { outcome: kind, code, message, value: valueJson }, audit);
}

interface Failure {
  readonly outcome: string;
  readonly code: string;
  readonly message: string;
  readonly value?: string | undefined;
}

function failed(running: CapabilityCall, request: NestedRequest, failure: Failure, audit?: string): WitValue {
  const { outcome, code, message, value } = failure;
  note(running, request, code === 'denied/scope' ? `denied: ${message}` : `${outcome}: ${code}`, audit);
  return { err: { outcome, code, message, value: value === undefined || outcome !== 'tool-error' ? null : { some: value } } };
}

function note(running: CapabilityCall, { toolName }: NestedRequest, result: string, audit: string | undefined): void {
  const data = audit === undefined ? {} : { data: { audit } };
  running.note({ capability: 'tools', act: `call ${printable(toolName)}`, result, ...data });
}
