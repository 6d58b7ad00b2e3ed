import { CsvError, parse } from 'csv-parse/sync';
import { fieldErrors } from '../domain/field-errors.ts';
import { cellIn } from './csv-cells.ts';
import { type Column, columnOf, COLUMNS, fromCells, REQUIRED_COLUMNS } from './csv-columns.ts';
import { Product, ProductSku } from './product.ts';
import type { ProductWrite } from './write-products.ts';

/** What is wrong in a file, and where: `column` is a name of ours, `null` for the line as a whole. */
export interface CsvProblem {
  line: number;
  column: string | null;
  message: string;
}

export interface CsvFile {
  /** The rows that are products, in the order of the file. */
  writes: ProductWrite[];
  problems: CsvProblem[];
  /** How many rows the file has, its header not counted. */
  rows: number;
  /** False for what can not be read as a table of products at all: then there are no rows. */
  readable: boolean;
}

/** All that is set in a row; a column that a file lacks is not. */
const Row = Product.partial().required({ title: true, price: true, currency: true });

interface Line {
  record: string[];
  info: { lines: number };
  raw: string;
}

/**
 * Reads a whole file: UTF-8, a header, cells divided by comma, semicolon or tab. Every problem is named by line and
 * column, and no cell is ever repeated in one. Knows nothing of what is stored, so it says the same whenever it is read.
 */
export function readCsv(bytes: Uint8Array): CsvFile {
  const unreadable = (line: number, message: string, column: string | null = null): CsvFile => ({
    ...{ writes: [], rows: 0, readable: false, problems: [{ line, column, message }] },
  });
  const text = decoded(bytes);
  if (text === undefined) return unreadable(1, 'the file is not UTF-8');
  const lines = linesOf(text);
  if ('message' in lines) return unreadable(lines.line, lines.message);
  const [header, ...rows] = lines;
  if (header === undefined) return unreadable(1, 'there is no header');
  const columns = columnsOf(header.record);
  if ('message' in columns) return { ...unreadable(firstLineOf(header), columns.message, columns.column) };
  return { ...readRows(rows, columns), rows: rows.length, readable: true };
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    // Without the byte order mark that spreadsheets put in front.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function linesOf(text: string): Line[] | { line: number; message: string } {
  try {
    return parse(text, {
      ...{ delimiter: delimiterOf(text), info: true, raw: true, skip_empty_lines: true },
      // A file that was put together out of others has ends of lines of each.
      record_delimiter: ['\r\n', '\n', '\r'],
      // Spreadsheets leave rows behind that have nothing in any cell.
      ...{ relax_column_count: true, skip_records_with_empty_values: true },
    }) as unknown as Line[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error['lines'] === 'number' ? error['lines'] : 1;
    return { line, message: SYNTAX[error.code] ?? 'not a line of CSV' };
  }
}

const SYNTAX: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote that was opened is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a quote is closed in the middle of a cell',
  INVALID_OPENING_QUOTE: 'a quote is opened in the middle of a cell',
};

/** Our names have none of these in them: the one that is there most divides the header. */
function delimiterOf(text: string): string {
  const header = /[^\r\n]+/.exec(text)?.[0] ?? '';
  const count = (delimiter: string): number => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** A record's first line: its last one, less the ends of lines within it. */
function firstLineOf({ info, raw }: Line): number {
  return info.lines - (raw.trim().match(/\r\n|\r|\n/g)?.length ?? 0);
}

function columnsOf(header: string[]): Column[] | { column: string; message: string } {
  const names = header.map((cell) => cell.trim().toLowerCase());
  const columns = names.map((name) => COLUMNS.find((column) => column === name));
  const unknown = columns.indexOf(undefined);
  if (unknown >= 0)
    return { column: String(unknown + 1), message: 'the header names no column that is known' };
  const twice = columns.find((column, place) => columns.indexOf(column) !== place);
  if (twice !== undefined) return { column: twice, message: 'the header names it twice' };
  const missing = REQUIRED_COLUMNS.find((column) => !columns.includes(column));
  if (missing !== undefined) return { column: missing, message: 'the header lacks it' };
  return columns.filter((column) => column !== undefined);
}

function readRows(rows: Line[], columns: Column[]): Pick<CsvFile, 'writes' | 'problems'> {
  const problems: CsvProblem[] = [];
  const writes: ProductWrite[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const line = firstLineOf(row);
    const read = readRow(row.record, columns);
    const before = 'write' in read ? seen.get(read.write.sku) : undefined;
    if (!('write' in read)) problems.push(...read.problems.map((problem) => ({ line, ...problem })));
    else if (before !== undefined) {
      problems.push({ line, column: 'sku', message: `stands in line ${before} already` });
    } else {
      seen.set(read.write.sku, line);
      writes.push(read.write);
    }
  }
  return { writes, problems };
}

function readRow(
  record: string[],
  columns: Column[],
): { write: ProductWrite } | { problems: Omit<CsvProblem, 'line'>[] } {
  if (record.length !== columns.length) {
    const message = `has ${record.length} cells where the header has ${columns.length}`;
    return { problems: [{ column: null, message }] };
  }
  const cells = Object.fromEntries(columns.map((column, place) => [column, cellIn(record[place] ?? '')]));
  const { fields, errors } = fromCells(cells);
  const sku = ProductSku.safeParse((cells['sku'] ?? '').trim());
  const row = Row.safeParse(fields);
  if (errors.length === 0 && sku.success && row.success) {
    return { write: { sku: sku.data, product: row.data as ProductWrite['product'] } };
  }
  const wrong = row.success ? [] : fieldErrors(row.error);
  const problems = [
    ...(sku.success ? [] : fieldErrors(sku.error).map(({ message }) => ({ column: 'sku', message }))),
    ...errors,
    ...wrong.map(({ path, message }) => ({ column: columnOf(path), message })),
  ];
  return { problems: [...new Map(problems.map((problem) => [problem.column, problem])).values()] };
}
