/** One line of the table. */
export interface Figure {
  what: string;
  unit: string;
  ours: number;
  /** Said in the table instead of the bare number. */
  words?: string;
  /** Measured in the same run; absent where nothing but the aim is there to compare with. */
  limit?: number;
  /** Whether more or less of it is better. */
  better: 'more' | 'less';
  /** A part of the limit where there is one (`0.8`), else the figure itself. */
  aim?: number;
}

/** Whether the aim is met; undefined when there is none. */
export function meetsAim({ ours, limit, better, aim }: Figure): boolean | undefined {
  if (aim === undefined) return undefined;
  const value = limit === undefined ? ours : ours / limit;
  return better === 'more' ? value >= aim : value <= aim;
}

/** The figures as a table in Markdown, which is what a terminal shows well enough. */
export function tableOf(figures: Figure[]): string {
  const head = ['what', 'ours', 'limit', 'ratio', 'aim', ''];
  const rows = figures.map((figure) => {
    const { what, unit, ours, words, limit, better, aim } = figure;
    const bound = better === 'more' ? '≥' : '≤';
    const met = meetsAim(figure);
    return [
      what,
      words ?? `${short(ours)} ${unit}`,
      limit === undefined ? '' : `${short(limit)} ${unit}`,
      limit === undefined ? '' : (ours / limit).toFixed(2),
      aim === undefined ? '' : `${bound} ${aim}`,
      met === undefined ? '' : met ? 'met' : 'missed',
    ];
  });
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 || column === 5 ? cell.padEnd(width) : cell.padStart(width);
}

function short(value: number): string {
  if (Number.isInteger(value) || value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(1);
}
