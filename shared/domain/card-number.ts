import { fold } from './fold.ts';

/** Which numbers are cards: how they begin, and how long they are (ISO/IEC 7812, by the networks' own ranges). */
const ISSUERS: readonly { begins: RegExp; lengths: readonly number[] }[] = [
  { begins: /^4/, lengths: [13, 16, 19] },
  { begins: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { begins: /^3[47]/, lengths: [15] },
  { begins: /^(?:6011|64[4-9]|65)/, lengths: [16, 17, 18, 19] },
  { begins: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  { begins: /^3(?:0[0-5]|[689])/, lengths: [14] },
  { begins: /^(?:62|81)/, lengths: [16, 17, 18, 19] },
  { begins: /^220[0-4]/, lengths: [16, 17, 18, 19] },
  { begins: /^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, lengths: [13, 14, 15, 16, 17, 18, 19] },
];

/** Whether these digits are a card's number: a known issuer, its length, and the check digit. */
export function isCardNumber(digits: string): boolean {
  const known = ISSUERS.some(({ begins, lengths }) => lengths.includes(digits.length) && begins.test(digits));
  return known && luhn(digits);
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** A part of a text: from `start` up to, not including, `end`. */
interface Part {
  start: number;
  end: number;
}

/** Groups of digits as people write them: apart by spaces, dashes, points, strokes and the like, and nothing else. */
const RUN = /\d+(?:[\s.\-/|\u00b7\u2010-\u2015\u2022\u2043\u2212\u2219]{1,3}\d+)*/g;

/**
 * Card numbers in a text that is folded. A number begins and ends with a group of digits, whatever stands
 * before and behind it, such as an expiry; letters around it make it an id or a code.
 */
export function findCardNumbers(text: string): Part[] {
  const found: Part[] = [];
  for (const run of text.matchAll(RUN)) {
    const groups = [...run[0].matchAll(/\d+/g)].map((group) => ({
      digits: group[0],
      start: run.index + group.index,
      end: run.index + group.index + group[0].length,
    }));
    for (let first = 0; first < groups.length; first += 1) {
      const card = cardFrom(groups.slice(first, first + 19));
      if (card === undefined) continue;
      const alone = !/[\p{L}_]/u.test((text[card.start - 1] ?? '') + (text[card.end] ?? ''));
      if (alone) found.push(card);
      first += groups.slice(first).findIndex(({ end }) => end === card.end);
    }
  }
  return found;
}

function cardFrom(groups: { digits: string; start: number; end: number }[]): Part | undefined {
  let digits = '';
  for (const group of groups) {
    digits += group.digits;
    if (digits.length > 19) return undefined;
    if (isCardNumber(digits)) return { start: groups[0]?.start ?? 0, end: group.end };
  }
  return undefined;
}

/** Whether somebody typed a card's number here, in digits of any script and width, whatever unseen is between them. */
export function holdsCardNumber(text: string): boolean {
  return findCardNumbers(fold(text).text).length > 0;
}

/** What a field says that was given one. The number itself is repeated nowhere. */
export const CARD_REFUSED = 'looks like the number of a card, which has no place here';

/** Free text without one, for `refine`: ids, codes, SKUs, barcodes and tracking numbers are not free text. */
export const noCardNumber = [(text: string): boolean => !holdsCardNumber(text), CARD_REFUSED] as const;
