import { createHmac } from 'node:crypto';
import { type HostCallContext, type HostFunction, isCoded, type Signatures, type WitValue } from '../../../runtime/index.ts';
import { quote } from '../../policy/quote.ts';
import { type CapabilityEntry, defineCapability, type Grant } from '../capability.ts';
import { namesIn, refusalOf, type SecretsScope, type SecretUse, secretsScope } from './scope.ts';

const ERROR = 'variant { denied(string), unavailable }';

const SIGNATURES: Signatures = {
  names: 'func() -> list<string>',
  'hmac-sha256': `func(name: string, message: list<u8>) -> result<list<u8>, ${ERROR}>`,
  reveal: `func(name: string) -> result<string, ${ERROR}>`,
};

/** `cellblock:host/secrets`: the host uses secrets for the tool, which knows their names. */
export const SECRETS: CapabilityEntry = defineCapability<SecretsScope>({
  name: 'secrets',
  summary: 'have messages signed with secrets that it does not see; get a value only where the policy says `reveal`',
  interfaces: ['cellblock:host/secrets@0.1.0'],
  effect: 'none',
  scope: secretsScope,
  names: (scope) => ({ secrets: [...scope.keys()] }),
  open: (grant) => [
    {
      kind: 'bridged',
      name: 'secrets',
      interface: 'cellblock:host/secrets@0.1.0',
      signatures: SIGNATURES,
      functions: functionsOf(grant),
    },
  ],
});

function functionsOf(grant: Grant<SecretsScope>): Readonly<Record<string, HostFunction>> {
  return {
    names: (_, context) => namesIn(grant.scopesFor(grant.callOf(context))),
    'hmac-sha256': ([name, message], context) => {
      const bytes = message instanceof Uint8Array ? message : new Uint8Array(0);
      return used(grant, context, { name: String(name), use: 'hmac-sha256', bytes: bytes.length }, (secret) =>
        Uint8Array.from(createHmac('sha256', Buffer.from(secret)).update(bytes).digest()),
      );
    },
    reveal: ([name], context) => used(grant, context, { name: String(name), use: 'reveal' }, (secret) => secret),
  };
}

interface Wanted {
  readonly name: string;
  readonly use: SecretUse;
  /** Of the message. */
  readonly bytes?: number;
}

/** Uses a secret once every scope allows it, and leaves word. Neither word nor error has any part of the value. */
function used(
  grant: Grant<SecretsScope>,
  context: HostCallContext,
  { name, use, bytes }: Wanted,
  make: (secret: string) => WitValue,
): WitValue {
  const call = grant.callOf(context);
  const note = (result: string): void => {
    const data = bytes === undefined ? {} : { data: { bytes } };
    call.note({ capability: 'secrets', act: `${use} ${quote(name)}`, result, ...data });
  };
  const refusal = refusalOf(grant.scopesFor(call), name, use);
  if (refusal !== undefined) {
    note(`denied: ${refusal}`);
    return { err: { tag: 'denied', value: refusal } };
  }
  let secret: string;
  try {
    secret = grant.host.secret(name);
  } catch (error) {
    if (!isCoded(error) || error.code !== 'capability/unavailable') throw error;
    note(`unavailable: ${error.message}`);
    return { err: { tag: 'unavailable' } };
  }
  note('ok');
  return { ok: make(secret) };
}
