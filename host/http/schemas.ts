import { z } from '@hono/zod-openapi';

/*
 * What goes in and out, as the document has it. Answers are made elsewhere, from the warden's own types; tests hold them against these.
 */

const SHA256 = /^sha256:[0-9a-f]{64}$/;
const instant = z.number().int().openapi({ description: 'Milliseconds since 1970.', example: 1767225600000 });
const digest = z
  .string()
  .regex(SHA256)
  .openapi({ example: `sha256:${'4f'.repeat(32)}` });
export const EXAMPLE_AUDIT = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
export const EXAMPLE_APPROVAL = 'k7q2m-9xw4d';
const auditId = z.string().openapi({ description: 'Id of a request in the trail.', example: EXAMPLE_AUDIT });
const approvalId = z.string().openapi({ example: EXAMPLE_APPROVAL });

export const problemSchema = z
  .looseObject({
    type: z.string().openapi({ description: '`urn:cellblock:code:CODE`, or `about:blank`.' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().optional().openapi({ description: 'One of docs/codes.md.' }),
    help: z.string().optional().openapi({ description: 'What can be done next.' }),
    data: z.unknown().optional(),
    audit: auditId.optional(),
    outcome: z.unknown().optional().openapi({ description: 'The `Outcome`, where a request was filed.' }),
  })
  .openapi('Problem');

export const requestSchema = z
  .strictObject({
    tool_name: z
      .string()
      .max(256)
      .openapi({ description: '`tool` or `tool.function`, as the policy has them.', example: 'plain.take' }),
    parameters: z
      .looseObject({})
      .openapi({ description: 'One member for each parameter, in the JSON mapping of docs/values.md.' }),
    justification: z.string().max(16_384).optional().openapi({ description: 'Why, in the words of the agent.' }),
    source: z.string().max(16_384).optional().openapi({ description: 'What made it ask, such as a line of a log.' }),
    source_log_line: z.string().max(16_384).optional().openapi({ description: 'Another name of `source`.' }),
    request_id: z.string().min(1).max(256).optional().openapi({ description: 'The same id and the same request run once.' }),
    deadline: z
      .union([z.number(), z.string()])
      .optional()
      .openapi({ description: 'Milliseconds since 1970, or RFC 3339 with a zone.' }),
    session: z.string().min(1).max(256).optional(),
    approval: approvalId.optional(),
    agent: z.string().optional().openapi({ description: 'The name of the agent that files it, and of no other.' }),
  })
  .openapi('Request');

const receiptSchema = z
  .looseObject({
    audit: auditId.optional(),
    tool: z.string().optional(),
    agent: z.string().optional(),
    approval: approvalId.optional(),
    policy: digest.optional(),
    grants: z.array(z.string()),
    fuel: z.string().openapi({ description: 'A decimal number; it may pass 2^53.' }),
    wallMs: z.number(),
    memoryBytesPeak: z.number(),
    hostCalls: z.number(),
  })
  .openapi('Receipt');

export const outcomeSchema = z
  .looseObject({
    kind: z.enum(['ok', 'tool-error', 'refused', 'trapped', 'limited', 'pending', 'cancelled', 'failed']),
    value: z
      .unknown()
      .optional()
      .openapi({ description: 'The result, or the payload of `err`, in the JSON mapping of its type.' }),
    approval: z.object({ id: approvalId, expiresAt: instant, channels: z.array(z.string()) }).optional(),
    error: z.object({ code: z.string(), message: z.string(), help: z.string(), data: z.unknown().optional() }).optional(),
    stdout: z.string().optional(),
    stderr: z.string().optional(),
    receipt: receiptSchema,
  })
  .openapi('Outcome');

export const statusSchema = z
  .strictObject({
    audit: auditId,
    tool: z.string(),
    state: z.enum(['running', 'ok', 'tool-error', 'refused', 'trapped', 'limited', 'pending', 'cancelled', 'failed']),
    code: z.string().optional(),
    approval: approvalId.optional(),
    at: instant,
    fuel: z.string().optional(),
    wallMs: z.number().optional(),
    result: z.unknown().optional().openapi({ description: 'Where the policy keeps results.' }),
  })
  .openapi('RequestStatus');

const jsonSchema = z.looseObject({}).openapi({ description: 'A JSON Schema.' });
export const toolsSchema = z
  .strictObject({
    tools: z.array(
      z
        .strictObject({
          name: z.string().openapi({ description: 'For models: `^[a-zA-Z0-9_-]{1,64}$`.', example: 'plain_take' }),
          tool_name: z.string().openapi({ description: 'For requests.', example: 'plain.take' }),
          title: z.string(),
          description: z.string(),
          inputSchema: jsonSchema,
          outputSchema: jsonSchema.optional(),
          hints: z.strictObject({
            readOnlyHint: z.boolean(),
            destructiveHint: z.boolean(),
            idempotentHint: z.boolean(),
            openWorldHint: z.boolean(),
          }),
          asks: z
            .enum(['no', 'sometimes', 'required'])
            .openapi({ description: 'Whether a human is asked: `no`, `sometimes` or `required`.' }),
          words: z.record(z.string(), z.enum(['justification', 'source'])).openapi({
            description: 'Properties of `inputSchema` that are no parameters, with the member of a request that each stands for.',
          }),
          result: z.strictObject({ form: z.enum(['none', 'object', 'wrapped', 'media']) }).openapi({
            description:
              'How a result becomes structured content: nothing, as it is, as member `value` of an object, or as media beside it.',
          }),
        })
        .openapi('Tool'),
    ),
  })
  .openapi('Tools');

const approvalStatus = z.enum(['pending', 'approved', 'denied', 'revoked', 'expired', 'used']);
export const agentApprovalSchema = z
  .strictObject({
    id: approvalId,
    tool: z.string(),
    status: approvalStatus,
    askedAt: instant,
    expiresAt: instant,
    reason: z.string().optional().openapi({ description: 'What the human who said no wrote.' }),
  })
  .openapi('AgentApproval');

export const approvalSchema = z
  .looseObject({
    status: approvalStatus,
    asked: z.looseObject({
      approval: approvalId,
      digest,
      at: instant,
      expiresAt: instant,
      parameters: z.unknown(),
      subject: z.looseObject({}),
    }),
    approved: z.looseObject({ at: instant, by: z.string(), channel: z.string() }).optional(),
    ended: z.looseObject({ status: z.string(), at: instant }).optional(),
  })
  .openapi('Approval');

export const approvalsSchema = z
  .strictObject({ approvals: z.array(z.union([approvalSchema, agentApprovalSchema])) })
  .openapi('Approvals');

const reason = z
  .string()
  .max(1000)
  .optional()
  .openapi({ description: 'In your own words; the agent is told why it was denied.' });
const shape = z
  .strictObject({
    free: z.array(z.string()).max(100).openapi({ description: 'Parameters that may differ.' }),
    minutes: z.number().int().min(1).max(10_080),
    usesMax: z.number().int().min(1).max(1000),
  })
  .openapi('Shape');

export const approveSchema = z
  .strictObject({ digest: digest.openapi({ description: 'Of what was shown, in full.' }), reason, shape: shape.optional() })
  .openapi('Approve');
export const denySchema = z.strictObject({ digest, reason }).openapi('Deny');
export const revokeSchema = z.strictObject({ reason }).openapi('Revoke');

const count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const text = z.string().min(1).max(256).optional();
export const TRAIL_LIMIT = { default: 100, max: 1000 } as const;

/** Query of the trail: its names are those of `TrailFilter`, with `after` for the cursor. */
export const trailQuery = z.strictObject({
  since: count.optional().openapi({ type: 'integer', description: 'Written at or after, milliseconds since 1970.' }),
  until: count.optional().openapi({ type: 'integer', description: 'Written before.' }),
  kind: text.openapi({ example: 'outcome' }),
  agent: text,
  tool: text,
  outcome: text,
  code: text.openapi({ description: 'A code, or its area such as `denied`.' }),
  audit: text.openapi({ description: 'The beginning of an id; so are `approval` and `shape`.' }),
  approval: text,
  shape: text,
  text: text.openapi({ description: 'Anywhere in names and texts, whatever the case of letters.' }),
  after: count.optional().openapi({ type: 'integer', description: 'The `next` of the page before.' }),
  limit: count
    .refine((limit) => limit >= 1 && limit <= TRAIL_LIMIT.max, `a page has 1 to ${TRAIL_LIMIT.max} records`)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: TRAIL_LIMIT.max, default: TRAIL_LIMIT.default }),
});

const recordSchema = z
  .looseObject({ seq: z.number().int(), at: instant, kind: z.string(), link: z.string() })
  .openapi('TrailRecord', { description: 'One record, by its kind; see docs/trail.md.' });
export const trailPageSchema = z
  .strictObject({
    records: z.array(recordSchema),
    next: z.number().int().optional().openapi({ description: 'There are more: the `after` of the next page.' }),
  })
  .openapi('TrailPage');
export const callSchema = z.strictObject({ audit: auditId, records: z.array(recordSchema) }).openapi('TrailCall');
export const verifiedSchema = z.looseObject({ ok: z.boolean() }).openapi('Verification');

export const policySchema = z
  .strictObject({
    digest,
    state: z
      .enum(['current', 'stale'])
      .openapi({ description: '`stale`: the file has changed, and what it says now cannot be in force.' }),
    mode: z.enum(['enforce', 'log-only']),
    problem: z.string().optional(),
  })
  .openapi('PolicyState');

export const readinessSchema = z
  .strictObject({
    status: z.enum(['ready', 'not ready']),
    trail: z.strictObject({ isWritable: z.boolean() }),
    policy: z.strictObject({ digest, problem: z.string().optional() }),
  })
  .openapi('Readiness');
export const healthSchema = z.strictObject({ status: z.literal('ok'), uptimeMs: z.number() }).openapi('Health');

export const webhookAnswerSchema = z
  .strictObject({
    type: z.literal('approval.answered'),
    data: z.strictObject({
      approval: approvalId,
      digest,
      answer: z.enum(['approve', 'deny']),
      by: z.string().openapi({ description: 'An approver of the policy.', example: 'ann' }),
      reason: z.string().optional(),
    }),
  })
  .openapi('WebhookAnswer');
export const answeredSchema = z.strictObject({ approval: approvalId, status: approvalStatus }).openapi('Answered');
export const slackReplySchema = z
  .strictObject({ response_type: z.literal('ephemeral'), replace_original: z.literal(false), text: z.string() })
  .openapi('SlackReply');
export const textSchema = z.string();
export const documentSchema = z.looseObject({ openapi: z.string() }).openapi('OpenApi');
