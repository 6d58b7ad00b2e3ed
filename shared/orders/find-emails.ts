import { isIPv4 } from 'node:net';
import { type Span, sticky } from '../domain/fold.ts';

/** The sign, or the word in brackets that people write to hide one. */
const AT = /@|[([{] ?at ?[)\]}]/g;
const LOCAL = /[\p{L}\p{N}.!#$%&'*+=?^_`~-]/u;
const DOMAIN = /[\p{L}\p{N}_-]+/uy;
/** `。` is a full stop in domains, too (RFC 3490 section 3.1). */
const DOT = /[.。]| ?[([{] ?dot ?[)\]}] ?/y;
const LITERAL = /\[[0-9a-fipv.:]{2,50}\]/y;
const TLD = /^(?:\p{L}{2,}|xn--[a-z0-9-]+)$/u;
/** With a space around the sign it is more often the name of a house: `Residences @ St. Thomas`. */
const COMMON_TLD = /^(?:com|net|org|edu|info|biz|app|dev|online|shop|[a-z]{2})$/;

/** Email addresses in a folded text, also quoted, internationalised, or with `(at)` and `(dot)`. */
export function findEmails(text: string): Span[] {
  const found: Span[] = [];
  for (const sign of text.matchAll(AT)) {
    const after = sign.index + sign[0].length;
    const bracketed = sign[0] !== '@';
    const spacedLeft = text[sign.index - 1] === ' ';
    const spacedRight = text[after] === ' ';
    const start = localStart(text, spacedLeft ? sign.index - 1 : sign.index);
    const domain = domainAt(text, spacedRight ? after + 1 : after);
    if (start === undefined || domain === undefined) continue;
    if ((spacedLeft || spacedRight) && !bracketed && !COMMON_TLD.test(domain.tld)) continue;
    found.push({ start, end: domain.end });
  }
  return found;
}

function localStart(text: string, end: number): number | undefined {
  if (text[end - 1] === '"') {
    const quote = text.lastIndexOf('"', end - 2);
    // RFC 5321 section 4.5.3.1.1: at most 64 octets.
    return quote >= 0 && end - quote <= 66 ? quote : undefined;
  }
  let start = end;
  while (start > 0 && LOCAL.test(lastCharacter(text, start))) start -= lastCharacter(text, start).length;
  return start < end ? start : undefined;
}

function lastCharacter(text: string, end: number): string {
  const last = text[end - 1] ?? '';
  return /[\udc00-\udfff]/.test(last) ? text.slice(end - 2, end) : last;
}

function domainAt(text: string, start: number): { end: number; tld: string } | undefined {
  const literal = sticky(LITERAL, text, start);
  if (literal !== undefined) return { end: start + literal.length, tld: 'net' };
  const labels: string[] = [];
  let end = start;
  let dot = '';
  for (
    let label = sticky(DOMAIN, text, end);
    label !== undefined;
    label = sticky(DOMAIN, text, end + dot.length)
  ) {
    end += dot.length + label.length;
    labels.push(label);
    dot = sticky(DOT, text, end) ?? '';
    if (dot === '') break;
  }
  const tld = labels.at(-1) ?? '';
  const named = labels.length > 1 && TLD.test(tld);
  return named || isIPv4(labels.join('.')) ? { end, tld } : undefined;
}
