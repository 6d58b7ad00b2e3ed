import { stringify } from 'csv-stringify/sync';
import { cellOut } from './csv-cells.ts';
import { COLUMNS, toCells } from './csv-columns.ts';
import type { StoredProduct } from './stored-product.ts';

/** The package quotes a cell that has this end of a line in it; other ends of lines end one as well, for most readers. */
const FORM = { record_delimiter: 'windows', quoted_match: /[\r\n]/ };

/** The first line of an export (RFC 4180). */
export function csvHeader(): string {
  return stringify([COLUMNS], FORM);
}

/** The lines of some products. An import reads them back as they are. */
export function csvLines(products: readonly StoredProduct[]): string {
  const rows = products.map((product) => {
    const cells = toCells(product);
    return COLUMNS.map((column) => cellOut(cells[column]));
  });
  return stringify(rows, FORM);
}
