import { isIP } from 'node:net';
import type { ShipTo } from '../domain/order.ts';
import { findCardNumbers } from '../domain/card-number.ts';
import { findEmails } from './find-emails.ts';
import { findIps } from './find-ips.ts';
import { afterPlus, digitRuns, findPhones } from './find-phones.ts';
import { fold, type Folded, type Span } from '../domain/fold.ts';

const FEWEST_DIGITS = 7;
const MOST_DIGITS = 15;

/** The payload's own values, folded for comparing. */
interface Own {
  /** Emails and IP addresses. */
  texts: string[];
  /** Phone numbers as digits, without zeros or a plus in front. */
  phones: string[];
}

/**
 * Cuts out of the name, the address lines and the region whatever is an email address, an IP address or a phone number;
 * `scrub` are the payload's own ones. Lines left empty are removed; `empty` says that nothing of the street address
 * is left, so that nothing can be sent there.
 */
export function cleanShipTo(
  shipTo: ShipTo,
  scrub: string[],
): { shipTo: ShipTo; cleaned: boolean; empty: boolean } {
  const own = ownValues(scrub);
  const line = (text: string): string => cleanLine(text, own, shipTo.postalCode);
  const clean: ShipTo = {
    firstName: line(shipTo.firstName),
    lastName: line(shipTo.lastName),
    streetAddress: shipTo.streetAddress
      .split('\n')
      .map(line)
      .filter((text) => text !== '')
      .join('\n'),
    postalCode: cleanPostalCode(shipTo.postalCode, own),
    region: line(shipTo.region),
    country: shipTo.country,
  };
  const cleaned = Object.entries(clean).some(([field, text]) => text !== shipTo[field as keyof ShipTo]);
  return { shipTo: clean, cleaned, empty: !/[\p{L}\p{N}]/u.test(clean.streetAddress) };
}

/** The title of a line, cleaned in the same way. May come out empty. */
export function cleanTitle(text: string, scrub: string[]): string {
  return cleanLine(text, ownValues(scrub), '');
}

function ownValues(scrub: string[]): Own {
  const own: Own = { texts: [], phones: [] };
  for (const value of scrub) {
    const { text } = fold(value.trim());
    const digits = text.replace(/\D/g, '').replace(/^0+/, '');
    if ((text.includes('@') && text.length > 3) || isIP(text) !== 0) own.texts.push(text);
    else if (digits.length >= FEWEST_DIGITS) own.phones.push(digits.slice(-MOST_DIGITS));
  }
  return own;
}

function cleanLine(original: string, own: Own, postalCode: string): string {
  const folded = fold(original);
  return cut(original, folded, [
    ...ownTexts(folded.text, own),
    ...ownPhones(folded.text, own, postalCode),
    ...findCardNumbers(folded.text),
    ...findEmails(folded.text),
    ...findIps(folded.text),
    ...findPhones(folded.text, fold(postalCode).text),
  ]);
}

/** A postal code is digits and dashes itself: only what can be no postal code is cut. */
function cleanPostalCode(original: string, own: Own): string {
  const folded = fold(original);
  return cut(original, folded, [
    ...ownTexts(folded.text, own),
    ...findEmails(folded.text),
    ...findIps(folded.text),
    ...afterPlus(folded.text, ''),
  ]);
}

function ownTexts(text: string, own: Own): Span[] {
  return own.texts.flatMap((value) => {
    const found: Span[] = [];
    for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) {
      found.push({ start: at, end: at + value.length });
    }
    return found;
  });
}

/** The payload's own numbers in any punctuation, with or without the codes of country and area in front. */
function ownPhones(text: string, own: Own, postalCode: string): Span[] {
  if (own.phones.length === 0) return [];
  const code = fold(postalCode).text.replace(/\D/g, '');
  return digitRuns(text).flatMap(({ digits, places }) => {
    if (digits.length < FEWEST_DIGITS || digits === code) return [];
    return own.phones.flatMap((phone) => {
      const at = longestTail(digits, phone);
      if (at === undefined) return [];
      let first = at.from;
      // Zeros in front that belong to the number: a trunk prefix, or the exit code.
      while (first > 0 && digits[first - 1] === '0' && places[first - 1] === (places[first] ?? 0) - 1)
        first--;
      const start = places[first] ?? 0;
      const end = (places[at.to - 1] ?? 0) + 1;
      const prefix = /[+(]{1,2}$/.exec(text.slice(Math.max(0, start - 2), start))?.[0] ?? '';
      return { start: start - prefix.length, end };
    });
  });
}

/** Where the longest tail of the number, of seven digits at least, stands in the run. */
function longestTail(run: string, phone: string): { from: number; to: number } | undefined {
  for (let length = Math.min(phone.length, run.length); length >= FEWEST_DIGITS; length--) {
    const from = run.indexOf(phone.slice(-length));
    if (from >= 0) return { from, to: from + length };
  }
  return undefined;
}

/** The original without the spans, which are places in its folded form. Without spans it stays as it is. */
function cut(original: string, folded: Folded, spans: Span[]): string {
  if (spans.length === 0) return original;
  let kept: string | undefined;
  let from = 0;
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const start = folded.start(span.start);
    if (kept === undefined) kept = original.slice(0, start);
    else if (start > from) kept = join(kept, original.slice(from, start));
    from = Math.max(from, folded.end(span.end));
  }
  const rest = join(kept ?? '', original.slice(from));
  return /[\p{L}\p{N}]/u.test(rest) ? rest : '';
}

const LABEL =
  /(?<!\p{L})(?:e-?mails?|mail|courriel|correo|ip(?:v[46])?)(?: ?address| ?adresse)?\s{0,2}[:=]?\s{0,2}$/iu;
const OPENING = /[([{<"']\s?$/;
const CLOSING = /^\s?[)\]}>"']/;
const DANGLING = ' \t,;:|/\\-–—';

/** The text before and after something that was cut, without the label, brackets and commas that were its own. */
function join(before: string, after: string): string {
  // Patterns that end in `$` look at a short tail only, or they would take quadratic time.
  const tail = before.slice(-30);
  let left = before.slice(0, before.length - tail.length) + tail.replace(LABEL, '');
  let right = after;
  if (OPENING.test(left.slice(-2)) && CLOSING.test(right)) {
    left = left.slice(0, -2) + left.slice(-2).replace(OPENING, '');
    right = right.replace(CLOSING, '');
  }
  left = left.slice(0, edge(left, left.length, -1));
  right = right.slice(edge(right, 0, 1));
  const comma = before.trimEnd().endsWith(',') || after.trimStart().startsWith(',');
  return left === '' || right === '' ? left + right : `${left}${comma ? ', ' : ' '}${right}`;
}

/** Where the dangling characters end that begin at this end of the text. */
function edge(text: string, end: number, step: 1 | -1): number {
  let at = end;
  const next = (): string => text[step === 1 ? at : at - 1] ?? '';
  while (next() !== '' && DANGLING.includes(next())) at += step;
  return at;
}
