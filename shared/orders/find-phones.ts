import { fold, type Span, sticky } from '../domain/fold.ts';
import { PHONE_WORDS, VAGUE_PHONE_WORDS } from './phone-words.ts';

/** ITU-T E.164: fifteen digits at most, the country's code included. */
const MOST_DIGITS = 15;
const FEWEST_DIGITS = 7;
const FEWEST_AFTER_SURE_WORD = 5;

/** What stands between the digits of a phone number, after folding: spaces, brackets, points, dashes of all kinds. */
const BETWEEN = /[ \t().\-/·•_~\u2010-\u2015\u2212\u30fc]{0,3}/y;
const DIGITS = /\d+/y;
const PLUS = /\+[\s(]{0,3}/g;
const EXIT_CODE = /(?<![\p{L}\p{N}])00/gu;
/** Between the word and its number: `Tel.-Nr.: (0171)`, `Phone no. +49`. */
const AFTER_WORD =
  /[\s.:;#=\-/]{0,4}(?:(?:no|nr|num|numero|number|nbr|n°)(?!\p{L})[\s.:#=]{0,3})?[+( ]{0,3}/uy;
const EXTENSION = /[\s,]{0,2}(?:extn?|x|dw|poste|доб)[. ]{0,2}\d{1,6}/uy;
/** Open Location Codes, an address in many places that have no streets: `7FG8+W5`. */
const PLUS_CODE_HEAD = /(?:^|[^\p{L}\p{N}])[2-9cfghjmpqrvwx]{4,8}$/u;
const PLUS_CODE_TAIL = /\+[2-9cfghjmpqrvwx]{2,3}(?![\p{L}\p{N}])/uy;

const sureWords = new Set(
  PHONE_WORDS.map((word) => fold(word).text).flatMap((word) => [word, word.replace('-', ' ')]),
);
const wordPattern = phoneWord();

/**
 * Phone numbers in a folded text that show themselves to be one: by a plus, by 00, or by a word for phone before.
 * `postalCode`, in the same text, is never taken for a part of one.
 */
export function findPhones(text: string, postalCode: string): Span[] {
  return [...afterPlus(text, postalCode), ...afterExitCode(text, postalCode), ...afterWord(text, postalCode)];
}

/** Numbers with a plus. In a text such as a postal code, where nothing else can be a number of that form. */
export function afterPlus(text: string, postalCode: string): Span[] {
  const found: Span[] = [];
  for (const plus of text.matchAll(PLUS)) {
    const start = plus.index + plus[0].length;
    if (isPlusCode(text, plus.index)) continue;
    // `km 12+500` is a place on a road: behind a digit only a number in one piece counts.
    const inOnePiece = /\d/.test(text[plus.index - 1] ?? '');
    if (inOnePiece && (sticky(DIGITS, text, start)?.length ?? 0) < 9) continue;
    const number = numberAt(text, start, { postalCode, most: MOST_DIGITS, full: 11 });
    if (number.digits >= FEWEST_DIGITS) found.push(withSurroundings(text, plus.index, number.end));
  }
  return found;
}

/** Nine digits at least behind the 00, so that house and locker numbers with zeros in front stay. */
function afterExitCode(text: string, postalCode: string): Span[] {
  const found: Span[] = [];
  for (const { index } of text.matchAll(EXIT_CODE)) {
    if (/\d[.,:/-]$/.test(text.slice(Math.max(0, index - 2), index))) continue;
    const number = numberAt(text, index, { postalCode, most: MOST_DIGITS + 2, full: 13 });
    if (number.digits < 11 || !/^00[^\d]{0,3}[1-9]/.test(text.slice(index, index + 6))) continue;
    found.push(withSurroundings(text, index, number.end));
  }
  return found;
}

function afterWord(text: string, postalCode: string): Span[] {
  const found: Span[] = [];
  for (const words of text.matchAll(wordPattern)) {
    const after = words.index + words[0].length;
    const start = after + (sticky(AFTER_WORD, text, after) ?? '').length;
    const number = numberAt(text, start, { postalCode, most: MOST_DIGITS + 2, full: 11 });
    const sure = words.slice(1).some((word) => sureWords.has(word));
    if (number.digits < (sure ? FEWEST_AFTER_SURE_WORD : FEWEST_DIGITS)) continue;
    found.push(withSurroundings(text, words.index, number.end));
  }
  return found;
}

/** Every number of a text with what stands between its digits, for comparing with the payload's own numbers. */
export function digitRuns(text: string): { digits: string; places: number[] }[] {
  const runs: { digits: string; places: number[] }[] = [];
  let run = { digits: '', places: [] as number[] };
  let last = -1;
  for (let at = 0; at < text.length; at++) {
    const unit = text[at] ?? '';
    if (unit < '0' || unit > '9') continue;
    if (last >= 0 && (sticky(BETWEEN, text, last + 1) ?? '').length < at - last - 1) {
      runs.push(run);
      run = { digits: '', places: [] };
    }
    run.digits += unit;
    run.places.push(at);
    last = at;
  }
  return run.digits === '' ? runs : [...runs, run];
}

/** How far the number goes that begins here: groups of digits until something that is not a part of it. */
function numberAt(
  text: string,
  start: number,
  limits: { postalCode: string; most: number; full: number },
): { end: number; digits: number } {
  let number = { end: start, digits: 0 };
  for (let at = start; ;) {
    const group = sticky(DIGITS, text, at);
    if (group === undefined || number.digits + group.length > limits.most) return number;
    if (isPostalCode(text, at, limits.postalCode)) return number;
    // A number that is long enough already, then a space, a number and a word: `12 Main Street`.
    const after = at + group.length;
    if (
      number.digits >= limits.full &&
      text[at - 1] === ' ' &&
      /^ \p{L}/u.test(text.slice(after, after + 3))
    ) {
      return number;
    }
    number = { end: after, digits: number.digits + group.length };
    at = after + (sticky(BETWEEN, text, after) ?? '').length;
  }
}

function isPostalCode(text: string, at: number, postalCode: string): boolean {
  const wanted = postalCode.replace(/[^\p{L}\p{N}]/gu, '');
  if (wanted.length < 3) return false;
  let place = at;
  for (const unit of wanted) {
    while (/[ \-.]/.test(text[place] ?? '') && place > at) place++;
    if (!text.startsWith(unit, place)) return false;
    place += unit.length;
  }
  return !/[\p{L}\p{N}]/u.test(text[place] ?? '');
}

function isPlusCode(text: string, plus: number): boolean {
  return (
    PLUS_CODE_HEAD.test(text.slice(Math.max(0, plus - 9), plus)) &&
    sticky(PLUS_CODE_TAIL, text, plus) !== undefined
  );
}

function withSurroundings(text: string, start: number, end: number): Span {
  const opened = text[start - 1] === '(' && text.slice(start, end).includes(')');
  return { start: opened ? start - 1 : start, end: end + (sticky(EXTENSION, text, end) ?? '').length };
}

/**
 * One word for phone, or two (`Tel./Fax`). In scripts that put spaces between words it stands alone; in others it may
 * follow on anything. Single letters, and short words that are also names of states, need a colon.
 */
function phoneWord(): RegExp {
  const words = [...PHONE_WORDS, ...VAGUE_PHONE_WORDS].map((word) => fold(word).text);
  const longestFirst = [...new Set(words)].sort((a, b) => b.length - a.length);
  const isSpaced = (word: string): boolean =>
    /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}-]+$/u.test(word);
  const spaced = longestFirst.filter(isSpaced).join('|').replaceAll('-', '[ -]');
  const joined = longestFirst.filter((word) => !isSpaced(word)).join('|');
  const alone = `(?<![\\p{L}\\p{N}])(${spaced})(?:[ .,/&-]{1,3}(${spaced}))?(?!\\p{L})`;
  return new RegExp(`${alone}|(${joined})|(?<![\\p{L}\\p{N}])(?:[tpm]|wa|hp) ?:`, 'gu');
}
