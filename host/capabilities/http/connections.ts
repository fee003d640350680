import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { CodedError } from '../../../runtime/index.ts';
import { isAllowedAddress } from './addresses.ts';
import { type AllowingRules, blockedAddress, blocksOf } from './decide.ts';
import { denied, ExchangeError } from './failure.ts';

/** Finds all addresses of a name; as `dns.lookup` with `all`. */
export type Lookup = (
  hostname: string,
  options: { readonly all: true },
  answer: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** What an exchange sends its requests by, once they were judged. */
export interface Network {
  /** @throws CodedError `capability/unavailable` when a certificate cannot be read. */
  for(rules: AllowingRules): { request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> };
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** How long a connection that nobody uses is kept. */
const IDLE_MS = 4000;
/** Pools of one grant; more than any policy has rules that differ in certificates and addresses. */
const POOLS_MAX = 64;
const HEADERS_BYTES_MAX = 64 * 1024;

/**
 * Connections of one grant. Names are looked up once for each connection, every address is judged, and the connection goes to one that was judged: a
 * second answer of the name's owner changes nothing. No proxy of the environment is asked.
 */
export class Connections implements Network {
  readonly #folder: string;
  readonly #lookup: Lookup;
  readonly #pools = new Map<string, Agent>();

  /** @param folder - where relative paths of certificates start. */
  constructor(folder: string, lookup: Lookup = (hostname, options, answer) => systemLookup(hostname, options, answer)) {
    this.#folder = folder;
    this.#lookup = lookup;
  }

  /**
   * A pool whose connections all of these rules allow.
   *
   * @throws CodedError `capability/unavailable` when a certificate cannot be read.
   */
  for(rules: AllowingRules): Agent {
    const [own] = rules;
    const blocks = blocksOf(rules);
    const key = JSON.stringify([own.ca, own.clientCert, blocks.map((list) => list?.map(({ text }) => text) ?? null)]);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    if (this.#pools.size >= POOLS_MAX) this.#forgetOldest();
    const pool = new Agent({
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        rejectUnauthorized: true, // whatever `NODE_TLS_REJECT_UNAUTHORIZED` of the host says
        ...this.#tls(own),
        lookup: this.#guarded((address) => isAllowedAddress(address, blocks)) as never, // of `net.connect`, whose type has overloads
      },
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      maxHeaderSize: HEADERS_BYTES_MAX,
      pipelining: 1,
      allowH2: false,
    });
    this.#pools.set(key, pool);
    return pool;
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #forgetOldest(): void {
    const [key, pool] = this.#pools.entries().next().value!;
    this.#pools.delete(key);
    void pool.close(); // once what runs on it has ended
  }

  #tls({ ca, clientCert }: AllowingRules[0]) {
    const read = (path: string, what: string): Buffer => {
      try {
        return readFileSync(resolve(this.#folder, path));
      } catch {
        throw new CodedError('capability/unavailable', `the ${what} of the grant cannot be read`, {
          help: 'check the paths of `ca` and `clientCert` in the policy',
        });
      }
    };
    return {
      ...(ca === undefined ? {} : { ca: read(ca, 'certificates') }),
      ...(clientCert === undefined
        ? {}
        : { cert: read(clientCert.cert, 'certificate'), key: read(clientCert.key, 'private key') }),
    };
  }

  /** As `net.connect` wants it. A name that has a blocked address beside a good one gets the good one only. */
  #guarded(isAllowed: (address: string) => boolean) {
    return (
      hostname: string,
      options: { readonly all?: boolean },
      answer: (error: Error | null, address?: string | readonly LookupAddress[], family?: number) => void,
    ): void => {
      this.#lookup(hostname, { all: true }, (error, found) => {
        if (error !== null) return answer(error);
        const allowed = found.filter(({ address }) => isAllowed(address));
        const [first] = allowed;
        if (first === undefined) return answer(new ExchangeError(denied(blockedAddress({ url: { hostname } }))));
        return options.all === true ? answer(null, allowed) : answer(null, first.address, first.family);
      });
    };
  }
}
