/**
 * Every control character, NUL included, the separators that some systems take for an end of line, and what turns the
 * order of other characters around (Unicode TR 36, section 3.5); the marks of writing from right to left stay.
 */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g;
const CONTROLS_IN_LINES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g;

/** Text from outside as one line: well formed, without control characters, without space around it. */
export function plainLine(text: string): string {
  return text.toWellFormed().replace(CONTROLS, ' ').trim();
}

/** Text from outside as lines joined by `\n`, each one plain; lines that are empty are left out. */
export function plainLines(text: string): string {
  return text
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .toWellFormed()
    .replace(CONTROLS_IN_LINES, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

/** A shop's order code: `[#A-Za-z0-9._/-]`, other characters dropped, at most 40. May come out empty. */
export function codeText(text: string): string {
  return text.replace(/[^#A-Za-z0-9._/-]+/g, '').slice(0, 40);
}
