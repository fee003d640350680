import { resolve } from 'node:path';
import type { ServeDocument } from './serve-schema.ts';

/** Who somebody is, once a token or JWT has said so. */
export type Principal =
  | { readonly kind: 'agent'; readonly name: string }
  | { readonly kind: 'operator'; readonly name: string /** False: may only read. */; readonly mayAnswer: boolean };

export interface JwtPolicy {
  /** Absolute path of a JSON Web Key Set. */
  readonly keysFile: string;
  readonly issuer: string;
  readonly audience: string;
  readonly claim: string;
}

/** Who may come to `cellblock serve`. Without a section: nobody, over HTTP. */
export interface ServePolicy {
  /** As Host headers have them, in lower case; beside those of this machine. */
  readonly hostnames: ReadonlySet<string>;
  /** By the digest of the token, `sha256:` and hex. */
  readonly tokens: ReadonlyMap<string, Principal>;
  /** By the subject of a JWT. */
  readonly subjects: ReadonlyMap<string, Principal>;
  readonly jwt?: JwtPolicy;
}

type Report = (path: readonly PropertyKey[], message: string) => void;

/** Everybody in the section, with the place where it stands. */
function everybody(section: ServeDocument) {
  const agents = Object.entries(section.agents ?? {}).map(([name, client]) => {
    return { path: ['agents', name], client, principal: Object.freeze({ kind: 'agent', name }) as Principal };
  });
  const operators = Object.entries(section.operators ?? {}).map(([name, client]) => {
    const principal: Principal = Object.freeze({ kind: 'operator', name, mayAnswer: client.may !== 'read' });
    return { path: ['operators', name], client, principal };
  });
  return [...agents, ...operators];
}

/** @param folder - of the policy file. */
export function buildServe(section: ServeDocument = {}, folder: string): ServePolicy {
  const all = everybody(section);
  const { jwt } = section;
  return Object.freeze({
    hostnames: new Set(section.hostnames ?? []),
    tokens: new Map(all.flatMap(({ client, principal }) => (client.tokens ?? []).map((digest) => [digest, principal] as const))),
    subjects: new Map(
      all.flatMap(({ client, principal }) => (client.subjects ?? []).map((subject) => [subject, principal] as const)),
    ),
    ...(jwt === undefined
      ? {}
      : {
          jwt: Object.freeze({
            keysFile: resolve(folder, jwt.keys),
            issuer: jwt.issuer,
            audience: jwt.audience,
            claim: jwt.claim ?? 'sub',
          }),
        }),
  });
}

/** One token or subject stands for one principal, nobody is an agent and an operator, and each agent is one of the policy's. */
export function serveIssues(section: ServeDocument, agents: ReadonlySet<string>, report: Report): void {
  const folded = new Set([...agents].map((name) => name.toLowerCase()));
  const seen = new Map<string, string>();
  for (const { path, client, principal } of everybody(section)) {
    if (principal.kind === 'agent' && !agents.has(principal.name)) {
      report(path, `unknown agent \`${principal.name}\`; agents here: ${[...agents].sort().join(', ')}`);
    }
    if (principal.kind === 'operator' && folded.has(principal.name.toLowerCase())) {
      report(path, `\`${principal.name}\` is an agent of this policy; whoever asks never answers`);
    }
    for (const field of ['tokens', 'subjects'] as const) {
      (client[field] ?? []).forEach((text, index) => {
        const first = seen.get(`${field} ${text}`);
        if (first !== undefined) report([...path, field, index], `stands for \`${first}\` already; give each its own`);
        seen.set(`${field} ${text}`, principal.name);
      });
    }
    if (client.subjects !== undefined && section.jwt === undefined) {
      report([...path, 'subjects'], 'subjects are those of JWTs, and `serve.jwt` is missing');
    }
  }
}
