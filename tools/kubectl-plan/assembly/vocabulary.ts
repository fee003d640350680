/** The verbs and kinds of object that are known, and which go together. */

import { Parameter } from './bindings/exports/kubectl-plan';

/** No parameter, where there may be a case of `Parameter`. */
export const NOTHING: i32 = -1;

/** Bits of `Kind.verbs`. */
export const READ: u32 = 1;
export const LOGS: u32 = 2;
export const RESTART: u32 = 4;
export const SCALE: u32 = 8;
export const REMOVE: u32 = 16;
export const EXEC: u32 = 32;

export class Verb {
  constructor(
    public name: string,
    public bit: u32,
    /** The case of `Parameter` that it needs. */
    public needs: i32,
  ) {}

  /** Whether it takes all objects of a kind: to read them does no harm. */
  get takesAll(): bool {
    return this.bit == READ;
  }
}

export class Kind {
  constructor(
    /** Its name in a target for one object, such as `pod`. */
    public one: string,
    /** Its name in a path, and in a target for all of them, such as `pods`. */
    public all: string,
    /** Where its API begins. */
    public api: string,
    /** Bits of the verbs that take it. */
    public verbs: u32,
  ) {}
}

const VERBS: Verb[] = [
  new Verb('get', READ, NOTHING),
  new Verb('logs', LOGS, NOTHING),
  new Verb('rollout-restart', RESTART, Parameter.RestartedAt),
  new Verb('scale', SCALE, Parameter.Replicas),
  new Verb('delete', REMOVE, NOTHING),
  new Verb('exec', EXEC, Parameter.Command),
];

const CORE: string = '/api/v1';
const APPS: string = '/apis/apps/v1';

/** No secrets: whoever reads logs has no business with them. */
const KINDS: Kind[] = [
  new Kind('pod', 'pods', CORE, READ | LOGS | REMOVE | EXEC),
  new Kind('service', 'services', CORE, READ),
  new Kind('configmap', 'configmaps', CORE, READ),
  new Kind('event', 'events', CORE, READ),
  new Kind('deployment', 'deployments', APPS, READ | RESTART | SCALE | REMOVE),
  new Kind('statefulset', 'statefulsets', APPS, READ | RESTART | SCALE | REMOVE),
  new Kind('daemonset', 'daemonsets', APPS, READ | RESTART | REMOVE),
  new Kind('replicaset', 'replicasets', APPS, READ | SCALE | REMOVE),
  new Kind('job', 'jobs', '/apis/batch/v1', READ | REMOVE),
];

export function findVerb(name: string): Verb | null {
  for (let i = 0; i < VERBS.length; i++) if (VERBS[i].name == name) return VERBS[i];
  return null;
}

export function verbNames(): string[] {
  return VERBS.map<string>((verb) => verb.name);
}

/** The kind whose objects `verb` takes one by one as `name/...`. */
export function findOne(name: string, verb: Verb): Kind | null {
  for (let i = 0; i < KINDS.length; i++) if (KINDS[i].one == name && (KINDS[i].verbs & verb.bit) != 0) return KINDS[i];
  return null;
}

/** The kind whose objects `verb` takes all at once as `name`. */
export function findAll(name: string, verb: Verb): Kind | null {
  if (!verb.takesAll) return null;
  for (let i = 0; i < KINDS.length; i++) if (KINDS[i].all == name && (KINDS[i].verbs & verb.bit) != 0) return KINDS[i];
  return null;
}

/** The forms of target that `verb` takes, for whoever gave another. */
export function targetForms(verb: Verb): string[] {
  const forms: string[] = [];
  for (let i = 0; i < KINDS.length; i++) {
    if ((KINDS[i].verbs & verb.bit) == 0) continue;
    if (verb.takesAll) forms.push(KINDS[i].all);
    forms.push(KINDS[i].one + '/NAME');
  }
  return forms;
}
