/**
 * Text as it is looked at, never as it is kept: compatibility forms folded (NFKD), digits of every script as ASCII,
 * lower case, without accents and invisible characters. It knows where in the original each of its units came from.
 */
export interface Folded {
  text: string;
  /** Where in the original the folded unit at this place begins. */
  start(unit: number): number;
  /** Where in the original what lies before this folded unit ends. */
  end(unit: number): number;
}

/** A part of a folded text: from `start` up to, not including, `end`. */
export interface Span {
  start: number;
  end: number;
}

/** What a sticky pattern finds at this place and nowhere else. */
export function sticky(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const UNSEEN = /[\p{M}\p{Cf}]/gu;
const DIGIT = /^\p{Nd}$/u;

export function fold(original: string): Folded {
  if (PRINTABLE_ASCII.test(original)) {
    return { text: original.toLowerCase(), start: (unit) => unit, end: (unit) => unit };
  }
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const character of original) {
    const folded = foldCharacter(character);
    const after = at + character.length;
    for (let unit = 0; unit < folded.length; unit++) {
      starts.push(at);
      ends.push(after);
    }
    // An accent or an invisible character goes with what it follows.
    if (folded === '' && ends.length > 0) ends[ends.length - 1] = after;
    text += folded;
    at = after;
  }
  return {
    text,
    start: (unit) => starts[unit] ?? original.length,
    end: (unit) => (unit === 0 ? 0 : (ends[unit - 1] ?? original.length)),
  };
}

function foldCharacter(character: string): string {
  if (PRINTABLE_ASCII.test(character)) return character.toLowerCase();
  const plain = character.normalize('NFKD').replace(UNSEEN, '').toLowerCase();
  return DIGIT.test(plain) ? digitOf(plain) : plain;
}

/** Decimal digits of a script are ten code points in a row, zero first (Unicode standard, section 4.6). */
function digitOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && DIGIT.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}
