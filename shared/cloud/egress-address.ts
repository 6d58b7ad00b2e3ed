import ipaddr from 'ipaddr.js';

/** What IANA has assigned of IPv6's global unicast. NAT64, mapped, local, site-local and unassigned lie outside. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** Public by its number and yet a metadata service: what Azure's machines ask (168.63.129.16). */
const METADATA = new Set(['168.63.129.16']);

/**
 * Whether an address, as a resolver gives it, is one of the public internet. Private, loopback, link-local, shared,
 * reserved, multicast and documentation ranges are not, nor is any IPv6 that carries an IPv4 inside (mapped,
 * compatible, NAT64, 6to4, Teredo): it would be judged by the wrong number.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || METADATA.has(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_IPV6);
}

/** Whether a URL's host, as WHATWG's parser leaves it, is an address and not a name. */
export function isAddressHost(host: string): boolean {
  return host.startsWith('[') || ipaddr.isValid(host);
}
