/** The pages that links in letters lead to. */
export const LETTER_PAGES = [
  'sign-in',
  'sign-up',
  'confirm',
  'join',
  'reset',
  'forgotten',
  'recovery',
  'recoveries',
  'second-factors',
  'closing',
  'partner',
] as const;
export type LetterPage = (typeof LETTER_PAGES)[number];

/** What a page is told travels behind `#`, which no browser sends and no server logs. */
export function letterLink(baseUrl: string, page: LetterPage, told: Record<string, string> = {}): string {
  const fragment = new URLSearchParams(told).toString();
  return `${baseUrl}/app/${page}${fragment === '' ? '' : `#${fragment}`}`;
}
