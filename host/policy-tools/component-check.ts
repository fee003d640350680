import { type CodedError, isCoded, isMet, type WorldItem } from '../../runtime/index.ts';
import { BUILT_IN, type CapabilityEntry, grantFor, namesInScopeOf } from '../capabilities/index.ts';
import type { Policy, ToolPolicy } from '../policy/index.ts';
import { splitEntry } from '../policy/names.ts';
import { quote, quoteList } from '../policy/quote.ts';
import { type Finding, problem, warning } from './finding.ts';
import type { ToolComponent, ToolComponents } from './tool-components.ts';

/** What components need and do not get, get and do not need, and do not have. Nothing of them is run. */
export function checkComponents(
  policy: Policy,
  components: ToolComponents,
  entries: readonly CapabilityEntry[] = BUILT_IN,
): Finding[] {
  return [...policy.tools.values()].flatMap((tool) => {
    const component = components.get(tool.name);
    if (component === undefined) return [];
    if (isCoded(component)) return [unreadable(tool, component)];
    return [
      ...digestFindings(tool, component),
      ...functionFindings(tool, component),
      ...importFindings(tool, component, entries),
      ...grantFindings(policy, tool, component, entries),
      ...callFindings(policy, tool, components, entries),
    ];
  });
}

function unreadable(tool: ToolPolicy, error: CodedError): Finding {
  return problem('component-unreadable', tool.rules.tool, `${error.message} [${error.code}]`);
}

function digestFindings({ componentDigest, rules }: ToolPolicy, { digest }: ToolComponent): Finding[] {
  if (componentDigest === undefined || componentDigest === digest) return [];
  return [problem('digest-mismatch', rules.tool, `the component is ${quote(digest)} and not the one that \`digest\` pins`)];
}

function functionFindings({ rules }: ToolPolicy, { functions }: ToolComponent): Finding[] {
  return [...functions].flatMap(([name, found]) => {
    const ref = rules.byFunction.get(name)!;
    if (isCoded(found)) {
      return [problem('no-such-function', ref, `${found.message}${found.help === undefined ? '' : `; ${found.help}`}`)];
    }
    if (found.callable) return [];
    return [problem('not-callable', ref, `${quote(name)} cannot be called: ${found.reason ?? 'its types are no data'}`)];
  });
}

/** Types carry no authority; `isMet` imports are served to everybody. */
function needsGrant(item: WorldItem): boolean {
  if (item.kind === 'type' || isMet(item.name)) return false;
  return !(item.kind === 'interface' && item.items.every(({ kind }) => kind === 'type'));
}

function importFindings(tool: ToolPolicy, { imports }: ToolComponent, entries: readonly CapabilityEntry[]): Finding[] {
  return imports.filter(needsGrant).flatMap(({ name }) => {
    const grant = grantFor(name, entries);
    if (grant === undefined) {
      return [problem('import-not-served', tool.rules.tool, `imports ${quote(name)}, which no capability here serves`)];
    }
    return tool.grants.includes(grant) ? [] : [problem('grant-missing', tool.rules.tool, `needs ${grant}: ${name}`)];
  });
}

function grantFindings(
  policy: Policy,
  tool: ToolPolicy,
  { imports }: ToolComponent,
  entries: readonly CapabilityEntry[],
): Finding[] {
  const forOthers = new Set(calledBy(tool, entries).flatMap((name) => policy.tools.get(name)?.grants ?? []));
  const unused = tool.grants.filter((name) => {
    const entry = entries.find((candidate) => candidate.name === name);
    if (entry === undefined || forOthers.has(name)) return false;
    if (imports.some((item) => grantFor(item.name, [entry]) !== undefined)) return false;
    return !opensPartOf(entry, imports);
  });
  if (unused.length === 0) return [];
  return [
    warning(
      'grant-unused',
      tool.rules.tool,
      `gets ${quoteList(unused)} and never imports what ${unused.length === 1 ? 'it serves' : 'they serve'}`,
    ),
  ];
}

/** Names of the tools that a tool may call. */
function calledBy({ scopes }: ToolPolicy, entries: readonly CapabilityEntry[]): readonly string[] {
  const scope = scopes.get('tools');
  const { tools = [] } = scope === undefined ? {} : namesInScopeOf(entries)('tools', scope);
  return [...new Set(tools.map((entry) => splitEntry(entry).tool))];
}

/** Calls to other tools that are always refused: a called tool gets only the grants that its caller has, and none calls itself. */
function callFindings(
  policy: Policy,
  caller: ToolPolicy,
  components: ToolComponents,
  entries: readonly CapabilityEntry[],
): Finding[] {
  return calledBy(caller, entries).flatMap((name) => {
    const { tool } = caller.rules;
    if (name === caller.name)
      return [warning('calls-itself', tool, `${quote('tools')} names the tool itself, which cannot call itself`)];
    const component = components.get(name);
    if (component === undefined || isCoded(component)) return [];
    const needed = component.imports.filter(needsGrant).map((item) => grantFor(item.name, entries));
    const grants = policy.tools.get(name)?.grants ?? [];
    const missing = [...new Set(grants.filter((grant) => needed.includes(grant) && !caller.grants.includes(grant)))];
    if (missing.length === 0) return [];
    const message = `calls ${quote(name)}, which needs ${quoteList(missing)}; a called tool gets only the grants that its caller has, too`;
    return [warning('caller-without-grant', tool, message)];
  });
}

/** Closed WASI is there for everybody; a grant that opens a part of it is of use to who imports that part. */
function opensPartOf({ opens, interfaces }: CapabilityEntry, imports: readonly WorldItem[]): boolean {
  // What says neither what it serves nor what it opens may be of use to anybody.
  if (opens === undefined) return interfaces.length === 0;
  return imports.some(({ name }) => opens.some((prefix) => name.startsWith(prefix)));
}
