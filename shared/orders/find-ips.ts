import { isIPv6 } from 'node:net';
import { type Span, sticky } from '../domain/fold.ts';

const V4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)(?::\d{1,5}(?!\d))?/g;
const V6 = /[0-9a-f:.]{3,}/g;
/** Eight groups of four, or six of them before an IPv4 address, with a full stop behind. */
const LONGEST = 46;
const ZONE = /(?:%[a-z0-9]{1,15})?(?:\/\d{1,3})?/y;

/** IP addresses in a folded text: four numbers of IPv4, or any form of IPv6. */
export function findIps(text: string): Span[] {
  const v4 = [...text.matchAll(V4)]
    .filter((match) => match[0].split(/[.:]/, 4).every((part) => Number(part) <= 255))
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
  return [...v4, ...[...text.matchAll(V6)].flatMap((run) => v6In(text, run[0], run.index))];
}

function v6In(text: string, run: string, at: number): Span[] {
  // `Adresse:2001:db8::1` begins with letters that could be hexadecimal.
  for (const skipped of [0, run.indexOf(':') + 1]) {
    const start = at + skipped;
    if (/[\p{L}\p{N}]/u.test(text[start - 1] ?? '')) continue;
    const rest = run.slice(skipped, skipped + LONGEST);
    const address = [rest, rest.replace(/[.:]$/, '')].find(isAddress);
    if (address === undefined) continue;
    const end = start + address.length;
    return [{ start, end: end + (sticky(ZONE, text, end) ?? '').length }];
  }
  return [];
}

/** `::` alone, or `b::4` for a room, is also valid IPv6; nobody's address looks like that. */
function isAddress(text: string): boolean {
  if (!isIPv6(text)) return false;
  return text.replace(/[^0-9a-f]/g, '').length >= 4 || /^::[0-9a-f]/.test(text);
}
