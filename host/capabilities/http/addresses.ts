import ipaddr from 'ipaddr.js';
import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../../policy/quote.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** An address, or a block of them. */
export interface AddressBlock {
  readonly text: string;
  readonly range: [Address, number];
}

/** @throws CodedError `usage/invalid-argument`. */
export function parseAddressBlock(text: string): AddressBlock {
  try {
    if (text.includes('/')) return { text, range: ipaddr.parseCIDR(text) as [Address, number] };
    if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) throw new Error('no address');
    const address = ipaddr.parse(text);
    return { text, range: [address, address.kind() === 'ipv4' ? 32 : 128] };
  } catch {
    throw new CodedError('usage/invalid-argument', `expected an address or a block such as \`10.0.0.0/8\`, got ${quote(text)}`);
  }
}

/** The literal address that a hostname of an URL is; undefined for a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return ipaddr.isValid(bare) && (bare.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(bare)) ? bare : undefined;
}

/**
 * Whether a connection may go to an address.
 *
 * @param allowed - of each rule that the request needs: only what each has. Undefined: only what is public.
 */
export function isAllowedAddress(text: string, allowed: readonly (readonly AddressBlock[] | undefined)[]): boolean {
  const address = addressOf(text);
  if (address === undefined) return false;
  return allowed.every((blocks) => (blocks === undefined ? isPublic(address) : blocks.some((block) => isIn(address, block))));
}

function addressOf(text: string): Address | undefined {
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.parse(text);
  // `::ffff:10.0.0.1` is 10.0.0.1: the system connects there.
  return address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()
    ? (address as ipaddr.IPv6).toIPv4Address()
    : address;
}

function isIn(address: Address, { range: [network, bits] }: AddressBlock): boolean {
  return address.kind() === network.kind() && address.match(network as never, bits);
}

/** Blocks that lead to other addresses or to machines nearby, which the package counts as unicast in some versions. */
const NOT_PUBLIC = [
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fec0::/10',
  '100::/64',
  '3fff::/20',
  '5f00::/16',
  '192.88.99.0/24',
  '168.63.129.16/32',
  '100.100.100.200/32',
].map(parseAddressBlock);

function isPublic(address: Address): boolean {
  return address.range() === 'unicast' && !NOT_PUBLIC.some((block) => isIn(address, block));
}
