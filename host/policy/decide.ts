import type { Code } from '../../runtime/index.ts';
import { AGENT_NAME, FUNCTION_NAME, isName, splitEntry, TOOL_NAME } from './names.ts';
import type { AgentPolicy, Policy, RuleRef, ToolAccess, ToolPolicy } from './policy.ts';
import { quote, quoteList } from './quote.ts';

/** What an agent asks for. Both are compared exactly, as they came. */
export interface DecisionRequest {
  readonly agent: string;
  /** `tool` when the tool offers one function, else `tool.function`. */
  readonly toolName: string;
}

export interface Allowed {
  readonly effect: 'allow';
  readonly tool: ToolPolicy;
  /** The function to call, as the policy writes it: a name or `interface#function`. */
  readonly functionName: string;
  /** The agent's entries that allow it, then the entry of the tool that offers it. At least two. */
  readonly rules: readonly RuleRef[];
}

export interface Denied {
  readonly effect: 'deny';
  readonly code: Extract<Code, `denied/${string}`>;
  readonly message: string;
  /** The part of the policy that would have to allow it. */
  readonly rules: readonly RuleRef[];
  /** What would allow it, or which names the agent could use. */
  readonly help: string;
}

export type Decision = Allowed | Denied;

/**
 * Says whether an agent may call a function of a tool. What no rule allows is denied.
 *
 * The order of the questions is fixed, so that a denial tells an agent nothing about tools that it may not use: is the
 * agent known, is the tool, may this agent use any of it, does it offer the function, may the agent call that one.
 *
 * Thread: any. Pure: no clock, no I/O, no promise, no state; throws nothing, whatever the two fields hold.
 */
export function decide(policy: Policy, request: DecisionRequest): Decision {
  const { agent: agentName, toolName } = request;
  // The types promise strings; requests come from outside, and a list or object must not be coerced into a name.
  const agent = typeof agentName === 'string' ? policy.agents.get(agentName) : undefined;
  if (!agent) return unknownAgent(policy, agentName);
  if (typeof toolName !== 'string') return unknownTool(policy, agent, toolName);
  const { tool: name, functionName } = splitEntry(toolName);
  const tool = policy.tools.get(name);
  // A name that no tool can have is shown with all that came after it.
  if (!tool) return unknownTool(policy, agent, isName(TOOL_NAME, name) ? name : toolName);
  const access = agent.access.get(name);
  if (!access) return notGranted(agent, toolName, `${quote(agent.name)} may not use tool ${quote(name)}`);
  if (functionName === undefined && tool.functions.length > 1) return ambiguous(tool, access);
  return decideFunction(agent, tool, access, functionName ?? tool.functions[0]!);
}

function decideFunction(agent: AgentPolicy, tool: ToolPolicy, access: ToolAccess, functionName: string): Decision {
  const offered = tool.rules.byFunction.get(functionName);
  if (offered === undefined) return notOffered(tool, access, functionName);
  const rules = [access.whole, access.byFunction.get(functionName)].filter((rule) => rule !== undefined);
  if (rules.length > 0) return { effect: 'allow', tool, functionName, rules: [...rules, offered] };
  const message = `${quote(agent.name)} may not call function ${quote(functionName)} of tool ${quote(tool.name)}`;
  return notGranted(agent, `${tool.name}.${functionName}`, message);
}

function deny(code: Denied['code'], message: string, rule: RuleRef, help: string): Denied {
  return { effect: 'deny', code, message, rules: [rule], help };
}

function shown(name: unknown): string {
  return typeof name === 'string' ? quote(name) : 'that is not text';
}

function unknownAgent(policy: Policy, name: unknown): Denied {
  const possible = typeof name === 'string' && isName(AGENT_NAME, name);
  const help = possible
    ? `to allow it, add ${quote(name)} and the tools it may use to ${policy.rules.agents}`
    : 'no policy can have an agent of this name: agent names are ASCII letters, digits and `.`, `_`, `@`, `-`';
  return deny('denied/no-policy-for-agent', `the policy has no agent ${shown(name)}`, policy.rules.agents, help);
}

function unknownTool(policy: Policy, agent: AgentPolicy, name: unknown): Denied {
  const possible = typeof name === 'string' && isName(TOOL_NAME, name);
  const help = possible
    ? `to allow it, add ${quote(name)} to ${policy.rules.tools} and to ${agent.rule}`
    : `no policy can have a tool of this name: tool names are kebab-case and match exactly; tools of this agent: ${quoteList([...agent.access.keys()])}`;
  return deny('denied/no-policy-for-tool', `the policy has no tool ${shown(name)}`, policy.rules.tools, help);
}

function notGranted(agent: AgentPolicy, entry: string, what: string): Denied {
  return deny('denied/tool-not-granted', `agent ${what}`, agent.rule, `to allow it, add ${quote(entry)} to ${agent.rule}`);
}

function notOffered(tool: ToolPolicy, access: ToolAccess, functionName: string): Denied {
  const choices = `functions that this agent may call: ${quoteList(callable(tool, access))}`;
  const help = isName(FUNCTION_NAME, functionName)
    ? `to allow it, add ${quote(functionName)} to ${tool.rules.functions}; ${choices}`
    : `no policy can have a function of this name; ${choices}`;
  const message = `tool ${quote(tool.name)} offers no function ${quote(functionName)}`;
  return deny('denied/function-not-listed', message, tool.rules.functions, help);
}

function ambiguous(tool: ToolPolicy, access: ToolAccess): Denied {
  const message = `tool ${quote(tool.name)} offers ${tool.functions.length} functions, so the request must name one of them`;
  const help = `functions that this agent may call: ${quoteList(callable(tool, access))}`;
  return deny('denied/function-not-listed', message, tool.rules.functions, help);
}

/** The `tool.function` names that this agent may call; functions that it may not are left out. */
function callable(tool: ToolPolicy, access: ToolAccess): string[] {
  return tool.functions
    .filter((name) => access.whole !== undefined || access.byFunction.has(name))
    .map((name) => `${tool.name}.${name}`);
}
