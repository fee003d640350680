import { printable } from '../../policy/quote.ts';
import type { CapabilityCall, Grant } from '../capability.ts';
import type { Network } from './connections.ts';
import { type AllowingRules, type Header, judge, type Refusal } from './decide.ts';
import { Exchange, type ExchangeHost, type ExchangeRequest } from './exchange.ts';
import { denied, ExchangeError, type HttpFailure, invalid } from './failure.ts';
import { headerFault, isHostHeader } from './header-names.ts';
import type { HttpScope } from './scope.ts';
import { shownUrl, type Target, targetOf } from './target.ts';

/** What a guest asks for, as it comes. */
export interface AskedRequest extends Omit<ExchangeRequest, 'target' | 'headers'> {
  readonly url: string;
  readonly headers: readonly Header[];
}

/** Headers of one request. */
const HEADERS_MAX = 100;
const HEADER_BYTES_MAX = 64 * 1024;

/** The exchanges of one call. */
export class CallHttp {
  readonly #scopes: readonly [HttpScope, ...HttpScope[]];
  readonly #host: ExchangeHost;
  readonly #note: (act: string, result: string) => void;
  readonly #exchanges = new Set<Exchange>();

  constructor(grant: Grant<HttpScope>, call: CapabilityCall, connections: Network) {
    this.#scopes = grant.scopesFor(call);
    this.#note = (act, result) => call.note({ capability: 'http', act, result });
    this.#host = {
      judge: (hop) => judge(this.#scopes, hop),
      connections,
      secret: (name) => grant.host.secret(name),
      note: (act, result, { sent, received }) => call.note({ capability: 'http', act, result, data: { sent, received } }),
    };
  }

  /** Begins an exchange. @throws ExchangeError when it is refused, which the trail then has; CodedError. */
  start({ url, method, headers, ...asked }: AskedRequest): Exchange {
    const target = targetOf(url);
    const act = `${printable(method, 20)} ${typeof target === 'string' ? 'of something that is no URL' : shownUrl(target)}`;
    if (!/^[A-Z]{1,20}$/.test(method)) this.#refuse(act, invalid('HTTP-request-method-invalid', 'a method is in capitals'));
    if (typeof target === 'string')
      return this.#refuse(act, invalid('HTTP-request-URI-invalid', `the URL cannot be used: ${target}`));
    const { kept, contentLength } = this.#headers(act, headers);
    const rules = this.#rules(act, { method, target, headers: kept });
    const concurrent = Math.min(...this.#scopes.map((scope) => scope.concurrent));
    for (const exchange of this.#exchanges) if (exchange.isOver) this.#exchanges.delete(exchange);
    if (this.#exchanges.size >= concurrent) {
      const message = `there are ${concurrent} exchanges at one time already; \`concurrent\` of the grant would allow more`;
      this.#refuse(act, { kind: 'denied', code: 'connection-limit-reached', message });
    }
    const length = contentLength === undefined ? {} : { contentLength };
    const exchange = new Exchange(this.#host, { ...asked, ...length, method, target, headers: kept }, rules);
    this.#exchanges.add(exchange);
    return exchange;
  }

  /** Lets go of all that is under way. */
  end(): undefined {
    for (const exchange of this.#exchanges) exchange.end();
    this.#exchanges.clear();
  }

  #rules(
    act: string,
    hop: { readonly method: string; readonly target: Target; readonly headers: readonly Header[] },
  ): AllowingRules {
    const judged: AllowingRules | Refusal = judge(this.#scopes, hop);
    return 'denied' in judged ? this.#refuse(act, denied(judged.denied)) : judged;
  }

  /** What the connection needs is set by the host; the length is kept where it says one. */
  #headers(act: string, headers: readonly Header[]): { readonly kept: readonly Header[]; readonly contentLength?: string } {
    const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (headers.length > HEADERS_MAX || bytes > HEADER_BYTES_MAX) {
      this.#refuse(act, invalid('HTTP-request-header-section-size', 'there are too many headers'));
    }
    const kept: Header[] = [];
    let contentLength: string | undefined;
    for (const [given, value] of headers) {
      const name = given.toLowerCase();
      const fault = headerFault(name, value);
      if (fault !== undefined) this.#refuse(act, invalid('HTTP-protocol-error', fault));
      if (name === 'content-length' && /^\d{1,15}$/.test(value)) contentLength = value;
      else if (name !== 'host' && isHostHeader(name)) this.#refuse(act, denied(`the header \`${name}\` belongs to the host`));
      else if (name !== 'host') kept.push([name, value]);
    }
    return { kept, ...(contentLength === undefined ? {} : { contentLength }) };
  }

  #refuse(act: string, failure: HttpFailure): never {
    this.#note(act, `denied: ${failure.message}`);
    throw new ExchangeError(failure);
  }
}
