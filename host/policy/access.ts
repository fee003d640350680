import type { AccessAllowed, Denied } from './decision.ts';
import { denial } from './denial.ts';
import { AGENT_NAME, FUNCTION_NAME, isName, splitEntry, TOOL_NAME } from './names.ts';
import type { AgentPolicy, Policy } from './policy.ts';
import { quote, quoteList } from './quote.ts';
import type { Candidates } from './rule-set.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** What the names of a request stand for. */
export interface Access {
  readonly effect: 'access';
  readonly tool: ToolPolicy;
  readonly functionName: string;
  /** At least one of them allows. */
  readonly candidates: Candidates;
}

/** What a request names. Both are compared exactly, as they came. */
export interface AccessRequest {
  readonly agent: string;
  /** `tool` when the tool offers one function, else `tool.function`. */
  readonly toolName: string;
}

/**
 * Says whether an agent may call a function of a tool at all. What no rule allows is denied; what a rule allows under conditions is allowed
 * here, since its parameters are not known yet: `decide` has the last word.
 *
 * Thread: any. Pure, as `decide` is; throws nothing, whatever the two fields hold.
 */
export function decideAccess(policy: Policy, request: AccessRequest): AccessAllowed | Denied {
  const access = findAccess(policy, request.agent, request.toolName);
  if (access.effect === 'deny') return access;
  const { tool, functionName, candidates } = access;
  const rules = [...candidates.allows.map(({ ref }) => ref), tool.rules.byFunction.get(functionName)!];
  return { effect: 'allow', tool, functionName, rules };
}

/**
 * The tool and function that a request names, if the agent may use them.
 *
 * The order of the questions is fixed, so that a denial tells an agent nothing about tools that it may not use: is the
 * agent known, is the tool, may this agent use any of it, does it offer the function, may the agent call that one.
 */
export function findAccess(policy: Policy, agentName: unknown, toolName: unknown): Access | Denied {
  // The types promise strings; requests come from outside, and a list or object must not be coerced into a name.
  const agent = typeof agentName === 'string' ? policy.agents.get(agentName) : undefined;
  if (!agent) return unknownAgent(policy, agentName);
  if (typeof toolName !== 'string') return unknownTool(policy, agent, toolName);
  const { tool: name, functionName } = splitEntry(toolName);
  const tool = policy.tools.get(name);
  // A name that no tool can have is shown with all that came after it.
  if (!tool) return unknownTool(policy, agent, isName(TOOL_NAME, name) ? name : toolName);
  const called = functionName ?? (tool.functions.length === 1 ? tool.functions[0]! : undefined);
  if (called !== undefined && tool.rules.byFunction.has(called)) {
    const candidates = policy.ruleSet.candidates(agent.name, name, called);
    if (candidates.allows.length > 0) return { effect: 'access', tool, functionName: called, candidates };
  }
  return refused(policy, agent, tool, functionName, called);
}

function refused(policy: Policy, agent: AgentPolicy, tool: ToolPolicy, written: string | undefined, called: string | undefined) {
  const callable = callableOf(policy, agent, tool);
  if (callable.length === 0) {
    const entry = written === undefined ? tool.name : `${tool.name}.${written}`;
    return notGranted(agent, entry, `${quote(agent.name)} may not use tool ${quote(tool.name)}`);
  }
  const choices = `functions that this agent may call: ${quoteList(callable)}`;
  if (called === undefined) return ambiguous(tool, choices);
  if (!tool.rules.byFunction.has(called)) return notOffered(tool, called, choices);
  const message = `${quote(agent.name)} may not call function ${quote(called)} of tool ${quote(tool.name)}`;
  return notGranted(agent, `${tool.name}.${called}`, message);
}

/** The `tool.function` names that this agent may call; functions that it may not are left out. */
function callableOf(policy: Policy, agent: AgentPolicy, tool: ToolPolicy): string[] {
  return tool.functions
    .filter((name) => policy.ruleSet.candidates(agent.name, tool.name, name).allows.length > 0)
    .map((name) => `${tool.name}.${name}`);
}

function shown(name: unknown): string {
  return typeof name === 'string' ? quote(name) : 'that is not text';
}

function unknownAgent(policy: Policy, name: unknown): Denied {
  const possible = typeof name === 'string' && isName(AGENT_NAME, name);
  const help = possible
    ? `to allow it, add ${quote(name)} and the tools it may use to ${policy.rules.agents}`
    : 'no policy can have an agent of this name: agent names are ASCII letters, digits and `.`, `_`, `@`, `-`';
  return denial('denied/no-policy-for-agent', `the policy has no agent ${shown(name)}`, [policy.rules.agents], help);
}

function unknownTool(policy: Policy, agent: AgentPolicy, name: unknown): Denied {
  const possible = typeof name === 'string' && isName(TOOL_NAME, name);
  const help = possible
    ? `to allow it, add ${quote(name)} to ${policy.rules.tools} and to ${agent.rule}`
    : `no policy can have a tool of this name: tool names are kebab-case and match exactly; tools of this agent: ${quoteList(toolsOf(policy, agent))}`;
  return denial('denied/no-policy-for-tool', `the policy has no tool ${shown(name)}`, [policy.rules.tools], help);
}

/** Those of its own list, then those that other rules let it use. */
function toolsOf(policy: Policy, agent: AgentPolicy): string[] {
  const others = [...policy.tools.values()].filter(
    (tool) => !agent.access.has(tool.name) && callableOf(policy, agent, tool).length > 0,
  );
  return [...agent.access.keys(), ...others.map(({ name }) => name)];
}

function notGranted(agent: AgentPolicy, entry: string, what: string): Denied {
  const help = `to allow it, add ${quote(entry)} to ${agent.rule}`;
  return denial('denied/tool-not-granted', `agent ${what}`, [agent.rule], help);
}

function notOffered(tool: ToolPolicy, functionName: string, choices: string): Denied {
  const help = isName(FUNCTION_NAME, functionName)
    ? `to allow it, add ${quote(functionName)} to ${tool.rules.functions}; ${choices}`
    : `no policy can have a function of this name; ${choices}`;
  const message = `tool ${quote(tool.name)} offers no function ${quote(functionName)}`;
  return denial('denied/function-not-listed', message, [tool.rules.functions], help);
}

function ambiguous(tool: ToolPolicy, choices: string): Denied {
  const message = `tool ${quote(tool.name)} offers ${tool.functions.length} functions, so the request must name one of them`;
  return denial('denied/function-not-listed', message, [tool.rules.functions], choices);
}
