/** Names of this machine that a browser does not ask anybody for, so that nobody can make them mean us by a name of their own. */
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Under which names a server may be asked. */
export interface OwnHosts {
  /** Port that it listens on. */
  readonly port: number;
  /** From the policy, in lower case, with a port or without. */
  readonly hostnames: ReadonlySet<string>;
}

/**
 * Whether a Host header means this server: a name of this machine with our port, or one that the policy has. An entry of the policy with a port is
 * exact; one without is also good with our port. Everything else is somebody's name that was pointed at us.
 */
export function isOwnHost(header: string, { port, hostnames }: OwnHosts): boolean {
  const host = header.toLowerCase();
  if (hostnames.has(host)) return true;
  const name = host.endsWith(`:${port}`) ? host.slice(0, -`:${port}`.length) : port === 80 ? host : '';
  return LOOPBACK.has(name) || hostnames.has(name);
}

/** Whether an Origin header is that of a page of this server. `null` is nobody's. */
export function isOwnOrigin(header: string, own: OwnHosts): boolean {
  const host = /^https?:\/\/([a-z0-9.:[\]-]+)$/.exec(header)?.[1];
  return host !== undefined && isOwnHost(host, own);
}
