const COLUMNS = [
  'charge',
  'day',
  'partner',
  'order',
  'currency',
  'amount',
  'refunded',
  'lost',
  'net',
] as const;

/** RFC 4180. Ids, days, codes and whole numbers of minor units: nothing in it could need quotes, or be a formula. */
export function csvOf(rows: Record<(typeof COLUMNS)[number], string | number>[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => String(row[column])).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}
