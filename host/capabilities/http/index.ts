import type { Capability, HostCallContext } from '../../../runtime/index.ts';
import { type CapabilityEntry, defineCapability, type Grant } from '../capability.ts';
import { AnsweredNetwork, type AnswerRequest } from './answered-network.ts';
import { CallHttp } from './call-http.ts';
import { Connections, type Lookup, type Network } from './connections.ts';
import { type HttpScope, httpScope } from './scope.ts';
import { sendFunction } from './send.ts';
import { wasiFunctions } from './wasi-functions.ts';

/** What tests may set. */
export interface HttpOptions {
  /** Finds addresses of names. Default: the system's. */
  readonly lookup?: Lookup;
  /** Answers requests in place of the network, once they were judged. */
  readonly answer?: AnswerRequest;
}

const HEADER = 'record { name: string, value: string }';
const ERROR = 'variant { denied(string), invalid(string), unreachable(string), timed-out, too-large(u64), too-many-redirects }';

const SIGNATURES = {
  send: `func(request: record { method: string, url: string, headers: list<${HEADER}>, body: option<list<u8>> }) -> result<record { status: u16, headers: list<${HEADER}>, body: list<u8> }, ${ERROR}>`,
};

/** Makes the capability `http` for one grant: `cellblock:host/http` and `wasi:http`, through one guard. */
export function openHttp(grant: Grant<HttpScope>, { lookup, answer }: HttpOptions = {}): readonly Capability[] {
  const connections = (): Network =>
    grant.host.state<Network>(
      connectionsKey,
      () => (answer === undefined ? new Connections(grant.host.policyFolder, lookup) : new AnsweredNetwork(answer)),
      (opened) => opened.close(),
    );
  const connectionsKey = {};
  const callKey = {};
  const httpOf = (context: HostCallContext): CallHttp => {
    const call = grant.callOf(context);
    return call.state(
      callKey,
      () => new CallHttp(grant, call, connections()),
      (http) => http.end(),
    );
  };
  return [
    {
      kind: 'bridged',
      name: 'http',
      interface: 'cellblock:host/http@0.1.0',
      signatures: SIGNATURES,
      functions: { send: sendFunction(httpOf) },
    },
    {
      kind: 'wasi',
      name: 'http',
      setup: { http: true },
      interfaces: ['wasi:http/types', 'wasi:http/outgoing-handler'],
      back: wasiFunctions(httpOf, (context) => grant.callOf(context)),
    },
  ];
}

/** Requests to the places that the scope names, and to no others. See docs/http.md. */
export const HTTP: CapabilityEntry = httpCapability();

/** The capability with what tests may set. */
export function httpCapability(options: HttpOptions = {}): CapabilityEntry {
  return defineCapability({
    name: 'http',
    summary: 'send the requests that the scope names, to the hosts that it names, with secrets that it does not see',
    interfaces: ['cellblock:host/http@0.1.0', 'wasi:http/types@0.2.0', 'wasi:http/outgoing-handler@0.2.0'],
    scope: httpScope,
    names: ({ requests }) => ({
      secrets: requests.flatMap(({ secrets }) => Object.values(secrets).map(({ secret }) => secret)),
      paths: requests.flatMap(({ ca, clientCert }) => [ca ?? [], clientCert?.cert ?? [], clientCert?.key ?? []].flat()),
    }),
    open: (grant: Grant<HttpScope>) => openHttp(grant, options),
  });
}

export type { AnsweredRequest, AnswerRequest, HttpAnswer } from './answered-network.ts';
