import { DEFAULT_LIMITS } from '../../runtime/index.ts';
import type { Document } from './document.ts';
import { quote, quoteList } from './quote.ts';
import type { CeilingDocument } from './rule-schema.ts';
import type { PolicyDocument } from './schema.ts';
import type { PolicyIssue } from './source.ts';
import type { ToolLimits } from './tool-policy.ts';

/** A ceiling and the document that it stands in: the policy's own, or a file that only the operator may write. */
export interface PlacedCeiling {
  readonly document: Document<unknown>;
  readonly ceiling: CeilingDocument;
  /** True for the ceiling of a file of its own. */
  readonly isApart: boolean;
}

type LimitsDocument = NonNullable<CeilingDocument['limits']>;

/** The names of limits in the file, and in `ToolLimits`. */
const LIMITS = {
  fuel: 'fuelMax',
  memory: 'memoryPagesMax',
  tableElements: 'tableElementsMax',
  timeout: 'timeoutMsMax',
  result: 'resultBytesMax',
  stdout: 'stdioBytesMax',
} as const satisfies Record<keyof LimitsDocument, keyof ToolLimits>;

const LIMIT_NAMES = Object.keys(LIMITS) as (keyof LimitsDocument)[];

/** Grants and limits of tools that a ceiling does not have; each message names the line of both. */
export function ceilingIssues(policy: Document<PolicyDocument>, placed: PlacedCeiling): PolicyIssue[] {
  const { grants, limits } = placed.ceiling;
  const at = (...path: PropertyKey[]): string => placed.document.placeOf(['ceiling', ...path]);
  const issues: PolicyIssue[] = [];
  for (const [name, tool] of Object.entries(policy.data.tools)) {
    tool.grants?.forEach(({ name: grant }, index) => {
      const most = grants?.map((one) => one.name);
      if (most === undefined || most.includes(grant)) return;
      const message = `${quote(grant)} is above the ceiling, which has ${quoteList(most)} (${at('grants')}); remove one or add to the other`;
      issues.push(policy.issueAt(['tools', name, 'grants', index], message));
    });
    for (const limit of LIMIT_NAMES) {
      const [value, most] = [tool.limits?.[limit], limits?.[limit]];
      if (value === undefined || most === undefined || value <= most) continue;
      const message = `this is above the ceiling (${at('limits', limit)}); lower one or raise the other`;
      issues.push(policy.issueAt(['tools', name, 'limits', limit], message));
    }
  }
  return issues;
}

/** The limits of a tool: as it sets them, else, where a ceiling has one, the lower one of that and of the runtime's default. */
export function limitsUnder(own: LimitsDocument, ceilings: readonly PlacedCeiling[]): ToolLimits {
  const limits: { -readonly [name in keyof ToolLimits]: number | bigint } = {};
  for (const limit of LIMIT_NAMES) {
    const name = LIMITS[limit];
    const most = ceilings.flatMap(({ ceiling }) => ceiling.limits?.[limit] ?? []);
    if (own[limit] !== undefined) limits[name] = own[limit];
    else if (most.length > 0) limits[name] = lowest([DEFAULT_LIMITS[name], ...most]);
  }
  return Object.freeze(limits) as ToolLimits; // a name's value is of the type that the schema gave that limit
}

/** `Math.min` takes no bigint. */
function lowest(values: readonly (number | bigint)[]): number | bigint {
  return [...values].sort((a, b) => (a < b ? -1 : 1))[0]!;
}
