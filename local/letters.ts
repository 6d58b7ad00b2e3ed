import { readFile } from 'node:fs/promises';

/** The name of the file that a line of the log tells of when a letter was filed; `undefined` for any other line. */
export function letterOf(line: string): string | undefined {
  return /"event":"mail\.filed".*"fileName":"([0-9a-z.-]+)"/.exec(line)?.[1];
}

/** What a letter's file says: a head, and a text in base64 (RFC 2045), by which long links stay whole. */
export function textOf(letter: string): string {
  return Buffer.from(letter.slice(letter.indexOf('\n\n')), 'base64').toString('utf8');
}

/** The one link of a letter. */
export async function linkIn(file: string): Promise<string> {
  return /^https?:\S+$/m.exec(textOf(await readFile(file, 'utf8')))?.[0] ?? '';
}
