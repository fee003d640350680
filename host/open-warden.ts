import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError } from '../runtime/index.ts';
import type { AdmissionOptions } from './admission.ts';
import { createAlerts } from './alerts/index.ts';
import { createRedactor, openRedactionKey } from './audit/index.ts';
import { BUILT_IN, type CapabilityEntry, namesInScopeOf, scopeSchemasOf } from './capabilities/index.ts';
import { openSecretStore } from './capabilities/secret-store.ts';
import { loadPolicy, type Policy } from './policy/index.ts';
import { GRANT_NAME } from './policy/names.ts';
import { quote } from './policy/quote.ts';
import { Runners, type RunnersOptions } from './runners.ts';
import { openTrail, type Trail } from './trail.ts';
import { Warden } from './warden.ts';

export interface WardenOptions extends RunnersOptions, Omit<AdmissionOptions, 'callsPerToolMax'> {
  /** Path of the policy file. */
  readonly policy: string;
  /** Path of a file with a ceiling that no rule of the policy exceeds, for operators who let others write policies. */
  readonly ceiling?: string;
  /** Capabilities of the embedding program, beside the built-in ones; the policy grants them by name. */
  readonly capabilities?: readonly CapabilityEntry[];
  /** Outcomes of `request` say where in its source a guest trapped; see `CallsOptions`. Default: false. */
  readonly explainTraps?: boolean;
  /** Hears of alerts and questions that could not be sent, and the like. Default: nobody. */
  readonly onProblem?: (problem: string) => void;
}

/**
 * Opens the warden for one policy file, and the trail that the policy names.
 *
 * @throws CodedError `policy/missing`, `policy/invalid-document`: without a valid policy there is no warden;
 * `failed/audit-unavailable`, `audit/broken-chain`: nor without its trail.
 */
export async function openWarden(options: WardenOptions): Promise<Warden> {
  const { policy: path, ceiling, capabilities = [], onProblem = () => undefined } = options;
  const entries = [...BUILT_IN, ...capabilities];
  checkEntries(entries);
  const knownGrants = new Set(entries.map((entry) => entry.name));
  const policy = await loadPolicy(path, {
    knownGrants,
    scopeSchemas: scopeSchemasOf(entries),
    namesInScope: namesInScopeOf(entries),
    ...(ceiling === undefined ? {} : { ceilingFile: ceiling }),
  });
  const trail = await openPolicyTrail(policy, { decides: true, reduced: reductionsOf(policy, options) });
  try {
    const redactor = createRedactor(openRedactionKey(policy.trail.folder));
    const { env } = process;
    const alerts = createAlerts({
      sinks: [...policy.alertSinks.values()],
      env,
      now: Date.now,
      onProblem: ({ sink, message }) => onProblem(`alerts to ${quote(sink)}: ${message}`),
    });
    const questions = { env, onProblem };
    const store = openSecretStore(policy.secrets, { env, policyFolder: dirname(policy.file) });
    const secret = (name: string): string => {
      const value = store.value(name);
      redactor.learn(value); // from now on nothing that is recorded, shown or sent holds it
      return value;
    };
    return new Warden({ ...options, policy, entries, runners: new Runners(options), trail, alerts, questions, redactor, secret });
  } catch (error) {
    await trail.close();
    throw error;
  }
}

/**
 * Opens the trail of a policy for writing.
 *
 * @param options - `decides`: true for a warden, false for commands that only administer.
 * @throws CodedError `failed/audit-unavailable`, `audit/broken-chain`.
 */
export function openPolicyTrail(
  policy: Policy,
  options: { readonly decides: boolean; readonly reduced?: readonly string[] },
): Promise<Trail> {
  const { folder, sync, segmentBytesMax } = policy.trail;
  const { decides, reduced = [] } = options;
  return openTrail({
    folder,
    sync,
    segmentBytesMax,
    version: VERSION,
    ...(decides ? { policy: policy.digest } : {}),
    ...(reduced.length === 0 ? {} : { reduced }),
  });
}

const { version: VERSION } = JSON.parse(packageText()) as { version: string };

/** The sources are one level below the package, the built files two. */
function packageText(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return readFileSync(new URL(path, import.meta.url), 'utf8');
    } catch {
      // the other one
    }
  }
  throw new CodedError('internal/invariant', 'the package has no package.json');
}

/** What somebody chose that weakens a promise: the trail says so where it begins. */
function reductionsOf(policy: Policy, { isolation }: WardenOptions): readonly string[] {
  const threads = [...policy.tools.values()].filter((tool) => (tool.isolation ?? isolation) === 'thread');
  return [
    ...(policy.trail.sync === 'os' ? ['sync: os'] : []),
    ...(policy.mode === 'log-only' ? ['mode: log-only'] : []),
    ...threads.map((tool) => `isolation: thread (${tool.name})`),
  ];
}

/** A name must mean one capability: two of one name would both be granted by it. */
function checkEntries(entries: readonly CapabilityEntry[]): void {
  const names = new Set<string>();
  for (const entry of entries) {
    const isServed = typeof entry?.capability?.kind === 'string' || typeof entry?.open === 'function';
    if (typeof entry?.name !== 'string' || !Array.isArray(entry.interfaces) || !isServed) {
      throw new CodedError(
        'usage/invalid-argument',
        'a capability needs `name`, `summary`, `interfaces`, and `capability` or `open`',
      );
    }
    if (!GRANT_NAME.test(entry.name)) {
      throw new CodedError('usage/invalid-argument', `${quote(entry.name)} is no name of a capability that a policy could grant`);
    }
    if (names.has(entry.name))
      throw new CodedError('usage/invalid-argument', `there are two capabilities named \`${entry.name}\``);
    names.add(entry.name);
  }
}
