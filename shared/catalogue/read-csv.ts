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
  /** The first of them. */
  problems: CsvProblem[];
  /** How many rows the file has, its header not counted. */
  rows: number;
  /** False for what can not be read as a table of products at all: then there are no rows. */
  readable: boolean;
}

/** How many problems are kept. */
const MOST_PROBLEMS = 200;
/** A file is read whole, in an instance of 512 MB: rows of two letters would make many more of the same bytes. */
const MOST_ROWS = 200_000;
/** Likewise a line of nothing but empty cells. Our own lines have a few one after the other. */
const EMPTY_CELLS = 1000;

/** All that is set in a row; a column that a file lacks is not. */
const Row = Product.partial().required({ title: true, price: true, currency: true });

/** A file as far as it is read: each row becomes a product or a problem at once, so that nothing else of it is held. */
interface Reading {
  mostRows: number;
  columns: Column[] | undefined;
  writes: ProductWrite[];
  problems: CsvProblem[];
  rows: number;
  /** Empty rows of another length than the header, of which each takes the package as long as a row. */
  uneven: number;
  /** In which line an SKU stands. */
  seen: Map<string, number>;
}

/** Thrown where nothing behind a line has to be read any more. */
class NoTable extends Error {
  readonly problem: CsvProblem;

  constructor(problem: CsvProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/**
 * Reads a whole file: UTF-8, a header, cells divided by comma, semicolon or tab. Every problem is named by line and
 * column, and no cell is ever repeated in one; of more than `mostRows` rows none is read. Knows nothing of what is
 * stored, so it says the same whenever it is read.
 */
export function readCsv(bytes: Uint8Array, mostRows = MOST_ROWS): CsvFile {
  const reading: Reading = {
    ...{ mostRows, columns: undefined, writes: [], problems: [], rows: 0, uneven: 0, seen: new Map() },
  };
  try {
    eachLine(decoded(bytes), (cells, line) => {
      const { columns } = reading;
      const empty = cells.every((cell) => cell.trim() === '');
      // Spreadsheets leave rows behind that have nothing in any cell.
      if (empty && cells.length === (columns?.length ?? cells.length)) return;
      if (columns === undefined) reading.columns = columnsOf(cells, line);
      else if (empty) countUneven(reading, line);
      else takeRow(reading, cells, line, columns);
    });
    if (reading.columns === undefined) throw new NoTable(wholeLine(1, 'there is no header'));
  } catch (error) {
    if (!(error instanceof NoTable)) throw error;
    return { writes: [], rows: 0, readable: false, problems: [error.problem] };
  }
  const { writes, problems, rows } = reading;
  return { writes, problems, rows, readable: true };
}

function wholeLine(line: number, message: string): CsvProblem {
  return { line, column: null, message };
}

function decoded(bytes: Uint8Array): string {
  try {
    // Without the byte order mark that spreadsheets put in front.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new NoTable(wholeLine(1, 'the file is not UTF-8'));
  }
}

/** Tells of each line, by its cells and its number. */
function eachLine(text: string, tell: (cells: string[], line: number) => void): void {
  const delimiter = delimiterOf(text);
  const empty = text.indexOf(delimiter.repeat(EMPTY_CELLS));
  if (empty >= 0) {
    const line = 1 + endsIn(text.slice(0, empty));
    throw new NoTable(wholeLine(line, 'has many more cells than there are columns'));
  }
  // An end of line within a cell that is of two characters counts as two ends.
  let surplus = 0;
  let told = 0;
  try {
    parse(text, {
      ...{ delimiter, skip_empty_lines: true, relax_column_count: true },
      // A file that was put together out of others has ends of lines of each.
      record_delimiter: ['\r\n', '\n', '\r'],
      on_record: (cells: string[], { lines }) => {
        const within = cells.reduce((ends, cell) => ends + endsIn(cell), 0);
        surplus += cells.reduce((ends, cell) => ends + (cell.match(/\r\n/g)?.length ?? 0), 0);
        told = lines - surplus;
        tell(cells, told - within);
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const seen = typeof error['lines'] === 'number' ? error['lines'] - surplus : 1;
    // All that follows a quote that is never closed was read as its cell.
    const line = error.code === NEVER_CLOSED ? lineAfter(text, told) : seen;
    throw new NoTable(wholeLine(line, SYNTAX[error.code] ?? 'not a line of CSV'));
  }
}

const NEVER_CLOSED = 'CSV_QUOTE_NOT_CLOSED';
const SYNTAX: Record<string, string> = {
  [NEVER_CLOSED]: 'a quote that was opened is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a quote is closed in the middle of a cell',
  INVALID_OPENING_QUOTE: 'a quote is opened in the middle of a cell',
};

/** Our names have none of these in them: the one that is there most divides the header. */
function delimiterOf(text: string): string {
  const header = /[^\r\n]+/.exec(text)?.[0] ?? '';
  const count = (delimiter: string): number => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** The first line with something in it after as many lines. */
function lineAfter(text: string, lines: number): number {
  const rest = text.split(/\r\n|\r|\n/).slice(lines);
  return (
    lines +
    1 +
    Math.max(
      0,
      rest.findIndex((line) => line !== ''),
    )
  );
}

function endsIn(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

function columnsOf(header: string[], line: number): Column[] {
  const wrong = (column: string, message: string): NoTable => new NoTable({ line, column, message });
  const names = header.map((cell) => cell.trim().toLowerCase());
  const columns = names.map((name) => COLUMNS.find((column) => column === name));
  const unknown = columns.indexOf(undefined);
  if (unknown >= 0) throw wrong(String(unknown + 1), 'the header names no column that is known');
  const twice = columns.find((column, place) => columns.indexOf(column) !== place);
  if (twice !== undefined) throw wrong(twice, 'the header names it twice');
  const missing = REQUIRED_COLUMNS.find((column) => !columns.includes(column));
  if (missing !== undefined) throw wrong(missing, 'the header lacks it');
  return columns.filter((column) => column !== undefined);
}

function countUneven(reading: Reading, line: number): void {
  reading.uneven += 1;
  requireRoom(reading, line);
}

function requireRoom({ rows, uneven, mostRows }: Reading, line: number): void {
  if (rows + uneven <= mostRows) return;
  throw new NoTable(wholeLine(line, `there are more than ${mostRows.toLocaleString('en')} rows`));
}

function takeRow(reading: Reading, cells: string[], line: number, columns: Column[]): void {
  const { writes, problems, seen } = reading;
  reading.rows += 1;
  requireRoom(reading, line);
  const read = readRow(cells, columns);
  const before = 'write' in read ? seen.get(read.write.sku) : undefined;
  const wrong =
    before !== undefined
      ? [{ column: 'sku', message: `stands in line ${before} already` }]
      : 'write' in read
        ? []
        : read.problems;
  problems.push(...wrong.slice(0, MOST_PROBLEMS - problems.length).map((problem) => ({ line, ...problem })));
  if (wrong.length > 0 || !('write' in read)) return;
  seen.set(read.write.sku, line);
  writes.push(read.write);
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
