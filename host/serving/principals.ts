import { readFileSync, statSync } from 'node:fs';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { JwtPolicy, Principal, ServePolicy } from '../policy/index.ts';
import { isToken, tokenDigest } from './token.ts';

/** Characters of a token or JWT; a longer one is nobody's. */
const BEARER_CHARS_MAX = 8192;
const JWT_FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** Signatures by public keys only: with a shared secret, whoever checks could also sign. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];
/** How far the clock of whoever signs may be from ours. */
const CLOCK_TOLERANCE_S = 30;

/** Says who a bearer is. Anything wrong, also with the keys, is nobody. */
export class Principals {
  #keys: { readonly file: string; readonly stamp: string; readonly of: JWTVerifyGetKey } | undefined;

  /**
   * @param serve - of the policy that is in force now.
   * @param bearer - what comes after `Bearer ` in an Authorization header, or a token from a form.
   */
  async of(serve: ServePolicy, bearer: string): Promise<Principal | undefined> {
    if (bearer.length > BEARER_CHARS_MAX) return undefined;
    // By its digest: how long a look-up takes tells nothing of the token.
    if (isToken(bearer)) return serve.tokens.get(tokenDigest(bearer));
    if (serve.jwt === undefined || !JWT_FORM.test(bearer)) return undefined;
    return this.#ofJwt(serve, serve.jwt, bearer);
  }

  async #ofJwt({ subjects }: ServePolicy, jwt: JwtPolicy, bearer: string): Promise<Principal | undefined> {
    try {
      const { issuer, audience, claim } = jwt;
      const { payload } = await jwtVerify(bearer, this.#keysOf(jwt), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', claim],
      });
      const subject = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
      return typeof subject === 'string' ? subjects.get(subject) : undefined;
    } catch {
      return undefined;
    }
  }

  #keysOf({ keysFile: file }: JwtPolicy): JWTVerifyGetKey {
    const { mtimeNs, size, ino } = statSync(file, { bigint: true });
    const stamp = `${ino}:${size}:${mtimeNs}`;
    if (this.#keys?.file !== file || this.#keys.stamp !== stamp) {
      this.#keys = { file, stamp, of: createLocalJWKSet(JSON.parse(readFileSync(file, 'utf8')) as JSONWebKeySet) };
    }
    return this.#keys.of;
  }
}
