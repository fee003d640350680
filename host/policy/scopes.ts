import { isAbsolute } from 'node:path';
import type { z } from 'zod';
import type { PlacedCeiling } from './ceiling.ts';
import type { Document } from './document.ts';
import { quote } from './quote.ts';
import { scopeNameProblems } from './references.ts';
import type { PolicyDocument } from './schema.ts';
import type { NamesInScope } from './scope-names.ts';
import type { PolicyIssue } from './source.ts';
import type { GrantDocument } from './tool-schema.ts';

/** Schemas of the scopes that capabilities have, by the capability's name. One that is not here takes no scope. */
export type ScopeSchemas = ReadonlyMap<string, z.ZodType>;

/** Scopes by the capability's name, as the schemas made them. */
export type Scopes = ReadonlyMap<string, unknown>;

/** All scopes of a policy. */
export interface PolicyScopes {
  readonly byTool: ReadonlyMap<string, Scopes>;
  /** Of each ceiling that has scopes. */
  readonly ceilings: readonly Scopes[];
  readonly issues: ReadonlyMap<Document<unknown>, readonly PolicyIssue[]>;
}

/** How scopes are read. */
export interface ScopeReading {
  readonly schemas: ScopeSchemas;
  readonly namesIn: NamesInScope;
  /** Scopes without a schema are kept as they are written, for those who run nothing. */
  readonly keepsUnknown: boolean;
}

/** Checks what grants say beside their names. */
export function readScopes(
  policy: Document<PolicyDocument>,
  ceilings: readonly PlacedCeiling[],
  reading: ScopeReading,
): PolicyScopes {
  const issues = new Map<Document<unknown>, PolicyIssue[]>();
  const read = (
    document: Document<unknown>,
    path: readonly PropertyKey[],
    grants: readonly GrantDocument[] = [],
    isApart = false,
  ): Scopes =>
    scopesOf({ policy: policy.data, isCeiling: path[0] === 'ceiling', isApart, ...reading }, grants, (where, message) => {
      if (!issues.has(document)) issues.set(document, []);
      issues.get(document)!.push(document.issueAt([...path, ...where], message));
    });
  const tools = Object.entries(policy.data.tools);
  const byTool = new Map(tools.map(([name, tool]) => [name, read(policy, ['tools', name, 'grants'], tool.grants)]));
  const above = ceilings.map(({ document, ceiling, isApart }) => read(document, ['ceiling', 'grants'], ceiling.grants, isApart));
  return { byTool, ceilings: above.filter((scopes) => scopes.size > 0), issues };
}

/**
 * The same for grants of a document that is no policy, which names nothing that a scope could mean.
 *
 * @param report - hears what is wrong, at the path below the list.
 */
export function readGrantScopes(
  grants: readonly GrantDocument[],
  schemas: ScopeSchemas,
  report: (path: readonly PropertyKey[], message: string) => void,
): Scopes {
  const reading = { policy: undefined, isCeiling: false, isApart: false, schemas, namesIn: () => ({}), keepsUnknown: false };
  return scopesOf(reading, grants, report);
}

/** What the scopes of one list are read with. */
interface Reading extends ScopeReading {
  /** What names are looked for in; undefined: nowhere. */
  readonly policy: PolicyDocument | undefined;
  /** There a bare name sets no bound on the scope. */
  readonly isCeiling: boolean;
  /** In a file of its own: a relative path there would start at the folder of a policy that is somebody else's. */
  readonly isApart: boolean;
}

function scopesOf(
  { policy, isCeiling, isApart, schemas, namesIn, keepsUnknown }: Reading,
  grants: readonly GrantDocument[],
  report: (path: readonly PropertyKey[], message: string) => void,
): Scopes {
  const scopes = new Map<string, unknown>();
  for (const [index, grant] of grants.entries()) {
    const { name, scope } = grant;
    if (isCeiling && !('scope' in grant)) continue;
    const schema = schemas.get(name);
    if (schema === undefined) {
      if (!('scope' in grant)) continue;
      if (keepsUnknown) scopes.set(name, scope);
      else report([index, name], `${quote(name)} takes no scope`);
      continue;
    }
    const checked = schema.safeParse(scope);
    if (checked.success) {
      scopes.set(name, checked.data);
      const names = namesIn(name, checked.data);
      const problems = policy === undefined ? [] : scopeNameProblems(policy, names);
      for (const problem of problems) report([index, name], problem);
      for (const path of isApart ? (names.paths ?? []) : []) {
        if (!isAbsolute(path)) report([index, name], `expected absolute paths in a ceiling of its own file, got ${quote(path)}`);
      }
    } else if ('scope' in grant) for (const issue of checked.error.issues) reportIssue(issue, [index, name], report);
    else report([index], scopeNeeded(name, schema));
  }
  return scopes;
}

/** With the first field that has to be there. */
function scopeNeeded(name: string, schema: z.ZodType): string {
  const [first] = schema.safeParse({}).error?.issues ?? [];
  const isField = first !== undefined && first.path.length > 0;
  const form = isField ? `, with ${quote(first.path.join('.'))}: ${first.message.replace(/^missing; /, '')}` : '';
  return `${quote(name)} needs a scope: write ${quote(`${name}: {...}`)}${form}`;
}

function reportIssue(
  issue: z.core.$ZodIssue,
  base: readonly PropertyKey[],
  report: (path: readonly PropertyKey[], message: string) => void,
): void {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) report([...path, key], `unknown field; ${issue.message}`);
  } else report(path, issue.message);
}

/** Characters of a scope that records and questions show; of a longer one its digest, too. */
const SHOWN_CHARS_MAX = 300;

/**
 * A grant as records, receipts and approvals have it: the name, and the scope as it is written. Two grants of one text are the same.
 *
 * @param digestOf - `sha256:` and hex of a text.
 */
export function grantText(grant: GrantDocument, digestOf: (text: string) => string): string {
  if (!('scope' in grant)) return grant.name;
  const json = JSON.stringify(grant.scope);
  if (json.length <= SHOWN_CHARS_MAX) return `${grant.name} ${json}`;
  return `${grant.name} ${json.slice(0, SHOWN_CHARS_MAX)}… ${digestOf(json)}`;
}

/** The capability that a text of `grantText` is about. */
export function grantNameOf(text: string): string {
  const space = text.indexOf(' ');
  return space < 0 ? text : text.slice(0, space);
}
