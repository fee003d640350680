import { z } from 'zod';
import { CodedError } from '../../runtime/index.ts';
import { alerts, approvers } from './channel-schema.ts';
import { AGENT_NAME, TOOL_NAME } from './names.ts';
import { quote } from './quote.ts';
import { agentEntry, ceiling, rule } from './rule-schema.ts';
import { expected, fields, name, parsedBy } from './schema-parts.ts';
import { secretsSection } from './secrets-schema.ts';
import { serveSection } from './serve-schema.ts';
import { filePath, size, tool } from './tool-schema.ts';
import { parseSize } from './units.ts';

const SEGMENT_BYTES_MIN = 4096;
const SEGMENT_BYTES_MAX = 2 ** 30;

function parseSegment(text: string): number {
  const bytes = parseSize(text);
  if (bytes >= SEGMENT_BYTES_MIN && bytes <= SEGMENT_BYTES_MAX) return bytes;
  throw new CodedError('usage/invalid-argument', `expected a size from 4KiB to 1GiB, got ${bytes} bytes`);
}

const trail = fields('the fields of the trail', {
  folder: filePath('the path of a folder')
    .optional()
    .describe("Where the trail is kept; a relative path starts at this file's folder. Default .cellblock."),
  sync: z
    .enum(['each', 'group', 'os'], { error: expected('`each`, `group` or `os`') })
    .optional()
    .describe('When a record counts as written: synced one by one, in groups (the default), or left to the system.'),
  segment: size('16MiB').transform(parsedBy(parseSegment)).optional().describe('Size of a file of the trail. Default 16MiB.'),
  results: z
    .enum(['digest', 'keep'], { error: expected('`digest` or `keep`') })
    .optional()
    .describe('Whether results are kept, or only their digests (the default).'),
  answers: z
    .enum(['none', 'keep'], { error: expected('`none` or `keep`') })
    .optional()
    .describe('Whether answers of host functions are kept for replays. Default none.'),
});

/** A list in which no plain name is there twice: a second one is most often a slip for another name. Entries with conditions may repeat. */
const entries = z
  .array(agentEntry, { error: expected('a list of tools') })
  .superRefine((items, context) => {
    const seen = new Set<string>();
    items.forEach((item, index) => {
      if (typeof item !== 'string') return;
      if (seen.has(item)) context.addIssue({ code: 'custom', path: [index], message: `${quote(item)} is listed twice` });
      seen.add(item);
    });
  })
  .meta({ uniqueItems: true });

const agent = fields('the fields of an agent', {
  tools: entries.describe(
    'What this agent may call: `tool` for all functions that it offers, `tool.function`, or a mapping with conditions.',
  ),
});

/** Shape of a policy file, version 1; its output has limits in plain units. References are checked by the loader. */
export const policySchema = fields('`version`, `tools` and `agents`', {
  version: z.literal(1, { error: expected('1') }).describe('Version of this format.'),
  mode: z
    .enum(['enforce', 'log-only'], { error: expected('`enforce` or `log-only`') })
    .optional()
    .describe('`log-only`: rules are recorded, and not enforced; the ceiling, and who may use which tool, still are.'),
  trail: trail.optional().describe('How the trail is kept.'),
  alerts: alerts.optional().describe('Where alerts go: sinks by name.'),
  approvers: approvers.optional().describe('Who approves, and through which channels.'),
  secrets: secretsSection.optional().describe('Secrets by name: where each of them is. Values are not in this file.'),
  serve: serveSection.optional().describe('Who may come to `cellblock serve` over HTTP.'),
  tools: z
    .record(name(TOOL_NAME, 'a tool name in kebab-case: lower-case letters, digits and single hyphens'), tool, {
      error: expected('a mapping of tools'),
    })
    .describe('Tools by name.'),
  agents: z
    .record(name(AGENT_NAME, 'an agent name of letters, digits and `.`, `_`, `@`, `-`'), agent, {
      error: expected('a mapping of agents'),
    })
    .describe('Agents by name; an agent that is not here may call nothing.'),
  rules: z
    .array(rule, { error: expected('a list of rules') })
    .optional()
    .describe('Rules across agents and tools; their order means nothing.'),
  ceiling: ceiling.optional().describe('What no rule exceeds; another may be in a file of its own.'),
});

/** A policy file as it is written, before units are read. */
export type PolicyInput = z.input<typeof policySchema>;
/** A policy file that passed the schema. */
export type PolicyDocument = z.output<typeof policySchema>;
