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
    const [written = '', bits, ...more] = text.split('/');
    // The package also reads short, octal and hexadecimal forms, which others read in other ways.
    if (!/^[\d.]+$|:/.test(written) || written.includes('%') || more.length > 0) throw new Error('no address');
    const isExact = written.includes(':') ? ipaddr.IPv6.isValid(written) : ipaddr.IPv4.isValidFourPartDecimal(written);
    if (!isExact || (bits !== undefined && !/^(0|[1-9]\d{0,2})$/.test(bits))) throw new Error('no address');
    const address = ipaddr.parse(written);
    const all = bitsOf(address);
    if (bits !== undefined && Number(bits) > all) throw new Error('no block');
    return { text, range: [address, bits === undefined ? all : Number(bits)] };
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
  const isNear = [address, ...carriedBy(address)].some((one) => NEARBY.some((block) => isIn(one, block)));
  return allowed.every((blocks) =>
    blocks === undefined
      ? isPublic(address)
      : blocks.some((block) => isIn(address, block) && (!isNear || block.range[1] === bitsOf(address))),
  );
}

function bitsOf(address: Address): number {
  return address.kind() === 'ipv4' ? 32 : 128;
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

/** Machines' own metadata and what else is on the link: only who names the very address means it. */
const NEARBY = [
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::/32', // AWS
  'fd20:ce::254', // Google
  '100.100.100.200', // Alibaba
  '168.63.129.16', // Azure
  '192.0.0.192', // Oracle
].map(parseAddressBlock);

/** IPv4 addresses to which an IPv6 address leads through translators and tunnels, wherever in it they stand. */
function carriedBy(address: Address): readonly Address[] {
  if (address.kind() === 'ipv4') return [];
  const bytes = address.toByteArray();
  const at = (from: number, mask = 0): Address => new ipaddr.IPv4(bytes.slice(from, from + 4).map((byte) => byte ^ mask));
  if (isIn(address, SIX_TO_FOUR)) return [at(2)];
  if (isIn(address, TEREDO)) return [at(4), at(12, 0xff)];
  return [at(12)]; // NAT64, and harmless where it is no such address
}

const SIX_TO_FOUR = parseAddressBlock('2002::/16');
const TEREDO = parseAddressBlock('2001::/32');
/** All that was given out for single machines. */
const GLOBAL_UNICAST = parseAddressBlock('2000::/3');

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
  if (address.kind() === 'ipv6' && !isIn(address, GLOBAL_UNICAST)) return false;
  return address.range() === 'unicast' && !NOT_PUBLIC.some((block) => isIn(address, block));
}
