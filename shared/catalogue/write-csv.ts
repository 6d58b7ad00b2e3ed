import { stringify } from 'csv-stringify/sync';
import { cellOut } from './csv-cells.ts';
import { COLUMNS, toCells } from './csv-columns.ts';
import type { StoredProduct } from './stored-product.ts';

/** The first line of an export (RFC 4180). */
export function csvHeader(): string {
  return stringify([COLUMNS], { record_delimiter: 'windows' });
}

/** The lines of some products. An import reads them back as they are. */
export function csvLines(products: readonly StoredProduct[]): string {
  const rows = products.map((product) => {
    const cells = toCells(product);
    return COLUMNS.map((column) => cellOut(cells[column]));
  });
  return stringify(rows, { record_delimiter: 'windows' });
}
