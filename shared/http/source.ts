import { isIPv4, isIPv6 } from 'node:net';

/**
 * Where a request comes from, for throttling alone: never stored, logged or shown. Google's load balancer ends
 * `X-Forwarded-For` with the caller's address and its own; whatever is left of these two is the caller's word.
 * https://cloud.google.com/load-balancing/docs/https#x-forwarded-for_header
 */
export function sourceOf(forwardedFor: string | undefined): string {
  const address = forwardedFor?.split(',').at(-2)?.trim() ?? '';
  if (isIPv4(address)) return address;
  // One line gets a network of 2^64 addresses.
  return isIPv6(address) ? networkOf(address) : 'unknown';
}

/** The first 64 bits of an IPv6 address, in one spelling; of an IPv4 address that is written as one, that address. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros: string[] = new Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
