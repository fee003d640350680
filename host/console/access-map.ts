import type { FilesScope } from '../capabilities/files/scope.ts';
import type { HttpScope } from '../capabilities/http/scope.ts';
import type { KvScope } from '../capabilities/kv/scope.ts';
import type { SecretsScope } from '../capabilities/secrets/scope.ts';
import type { ToolsScope } from '../capabilities/tools.ts';
import type { Policy, Rule, ToolPolicy } from '../policy/index.ts';

/** Where a capability leads. `inside`: nowhere, it changes and reaches nothing outside of the call. */
export interface Door {
  readonly kind: 'inside' | 'host' | 'folder' | 'store' | 'secret' | 'tool' | 'human' | 'other';
  readonly text: string;
}

export interface GrantedCapability {
  readonly name: string;
  readonly doors: readonly Door[];
}

/** How often: in each case, under conditions of rules, or never. */
export type HowOften = 'always' | 'sometimes' | 'never';

export interface FunctionAccess {
  readonly name: string;
  /** Whether an agent may call it. */
  readonly may: HowOften;
  /** Whether a human is asked before it runs. */
  readonly asks: HowOften;
}

/** What one agent may do with one tool: at least one function. */
export interface ToolUse {
  readonly agent: string;
  readonly tool: string;
  readonly functions: readonly FunctionAccess[];
}

/** Who may use what, and where that leads. */
export interface AccessMap {
  readonly uses: readonly ToolUse[];
  /** Of tools that somebody may use, in the order of the policy. */
  readonly tools: ReadonlyMap<string, readonly GrantedCapability[]>;
  /** Tools that nobody may use. */
  readonly idle: readonly string[];
}

/** @param agent - only what this one may use. Pure. */
export function accessMap(policy: Policy, agent?: string): AccessMap {
  const agents = [...policy.agents.keys()].filter((name) => agent === undefined || name === agent);
  const uses = agents.flatMap((name) =>
    [...policy.tools.values()].flatMap((tool) => {
      const functions = tool.functions.map((one) => functionAccess(policy, name, tool, one)).filter(({ may }) => may !== 'never');
      return functions.length === 0 ? [] : [{ agent: name, tool: tool.name, functions }];
    }),
  );
  const used = new Set(uses.map(({ tool }) => tool));
  const all = [...policy.tools.values()];
  return {
    uses,
    tools: new Map(all.filter(({ name }) => used.has(name)).map((tool) => [tool.name, capabilitiesOf(tool)])),
    idle: agent === undefined ? all.filter(({ name }) => !used.has(name)).map(({ name }) => name) : [],
  };
}

function functionAccess(policy: Policy, agent: string, tool: ToolPolicy, name: string): FunctionAccess {
  const { allows, others } = policy.ruleSet.candidates(agent, tool.name, name);
  const enforced = others.filter((rule) => rule.isEnforced);
  const forbids = enforced.filter(({ effect }) => effect === 'forbid');
  const asking = enforced.filter(({ effect }) => effect === 'ask');
  if (allows.length === 0 || forbids.some(isUnconditional)) return { name, may: 'never', asks: 'never' };
  const isFree = allows.some((rule) => rule.isPlain || isUnconditional(rule)) && forbids.length === 0;
  const asked = allows.filter(({ ask }) => ask !== undefined);
  const asks =
    asking.some(isUnconditional) || asked.length === allows.length
      ? 'always'
      : asking.length + asked.length > 0
        ? 'sometimes'
        : 'never';
  return { name, may: isFree ? 'always' : 'sometimes', asks };
}

function isUnconditional({ parameters, during, source, justification, when, budget }: Rule): boolean {
  return [parameters, during, source, justification, when, budget].every((condition) => condition === undefined);
}

function capabilitiesOf(tool: ToolPolicy): readonly GrantedCapability[] {
  return tool.grants.map((name) => ({ name, doors: doorsOf(name, tool) }));
}

const INSIDE: Readonly<Record<string, string>> = {
  log: 'lines for the receipt',
  clock: 'the time of day',
  random: 'random numbers',
  progress: 'how far the call is',
};

/** The scopes of built-in capabilities are what their own schemas made; a capability of the embedding program is shown as it is granted. */
function doorsOf(name: string, tool: ToolPolicy): readonly Door[] {
  const scope = tool.scopes.get(name);
  if (Object.hasOwn(INSIDE, name)) return [{ kind: 'inside', text: INSIDE[name]! }];
  if (name === 'approve') return [{ kind: 'human', text: 'asks a human during the call' }];
  const read = Object.hasOwn(READERS, name) && scope !== undefined ? READERS[name] : undefined;
  if (read !== undefined) return read(scope);
  return [{ kind: 'other', text: tool.grantTexts.get(name) ?? name }];
}

const READERS: Readonly<Record<string, (scope: unknown) => readonly Door[]>> = {
  config: (scope) => [
    { kind: 'inside', text: `settings ${Object.keys((scope as { readonly values: object }).values).join(', ')}` },
  ],
  http: (scope) => httpDoors(scope as HttpScope),
  files: (scope) => fileDoors(scope as FilesScope),
  kv: (scope) => [storeDoor(scope as KvScope)],
  secrets: (scope) =>
    [...(scope as SecretsScope)].map(([secret, uses]) => {
      const how = uses.has('reveal') ? 'the tool sees it' : 'the host signs with it';
      return { kind: 'secret', text: `${secret}: ${how}` };
    }),
  tools: (scope) => (scope as ToolsScope).call.map((entry) => ({ kind: 'tool', text: entry })),
};

function httpDoors({ requests }: HttpScope): readonly Door[] {
  return requests.flatMap(({ methods, url, secrets, addresses }): Door[] => {
    const { protocol, hostname, below, port, path } = url;
    const standard = port === (protocol === 'https:' ? '443' : '80') || port === '';
    const place = `${protocol === 'https:' ? '' : 'http://'}${below ? '*.' : ''}${hostname}${standard ? '' : `:${port}`}${path}`;
    const only = addresses === undefined ? '' : ' (at named addresses)';
    const used = [...new Set(Object.values(secrets).map(({ secret }) => secret))];
    return [
      { kind: 'host', text: `${methods.join(', ')} ${place}${only}` },
      ...used.map((secret): Door => ({ kind: 'secret', text: `${secret}: the host sends it, unseen by the tool` })),
    ];
  });
}

function fileDoors({ mounts }: FilesScope): readonly Door[] {
  return Object.entries(mounts).flatMap(([name, { from, access, copyOut }]): Door[] => {
    const source =
      from === undefined
        ? `${name}: empty, the tool writes in memory`
        : `${name}: reads a copy of ${from}${access === 'write' ? ', may change the copy' : ''}`;
    const out = copyOut === undefined ? [] : [{ kind: 'folder' as const, text: `${name}: writes to ${copyOut.to}` }];
    return [{ kind: from === undefined ? 'inside' : 'folder', text: source }, ...out];
  });
}

function storeDoor({ namespace, store, access }: KvScope): Door {
  const whose = namespace === 'tool' ? 'of the tool' : namespace === 'agent' ? 'of each agent' : 'of each session';
  return {
    kind: 'store',
    text: `${access === 'read' ? 'reads' : 'reads and writes'} ${store === undefined ? 'a store' : `store ${store}`} ${whose}`,
  };
}
