/**
 * Cells that a spreadsheet would run (https://owasp.org/www-community/attacks/CSV_Injection) begin with one of these,
 * the last four being the same signs in full width. A cell that has quotes in front of one is quoted once more, so that
 * each cell comes back as it was.
 */
const QUOTED_OUT = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const QUOTED_IN = /^'+[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** A cell as it is written into a file. */
export function cellOut(text: string): string {
  return QUOTED_OUT.test(text) ? `'${text}` : text;
}

/** A cell of a file as it was meant. */
export function cellIn(text: string): string {
  return QUOTED_IN.test(text) ? text.slice(1) : text;
}
