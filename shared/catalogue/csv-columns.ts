import { decimalsOf, majorUnits, minorUnits } from '../domain/money.ts';
import type { Product } from './product.ts';
import type { StoredProduct } from './stored-product.ts';

const OPTIONS = [1, 2, 3] as const;
const OPTION_COLUMNS = OPTIONS.flatMap((n) => [`option${n}_name`, `option${n}_value`] as const);

/** The columns of a file of products, as an export has them. A file to import has them in any order. */
export const COLUMNS = [
  'sku',
  'title',
  'price',
  'currency',
  'active',
  'group',
  ...OPTION_COLUMNS,
  'description',
  'images',
  'barcode',
] as const;
export type Column = (typeof COLUMNS)[number];

/** Without them a row is no product. */
export const REQUIRED_COLUMNS = ['sku', 'title', 'price', 'currency'] as const satisfies readonly Column[];

/** What is wrong with one cell; `column` is one of ours. */
export interface CellError {
  column: Column;
  message: string;
}

type Cells = Partial<Record<Column, string>>;

/** A product as the cells of its row. */
export function toCells(product: StoredProduct): Record<Column, string> {
  const options = OPTIONS.map((n) => {
    const option = product.options[n - 1];
    return { [`option${n}_name`]: option?.name ?? '', [`option${n}_value`]: option?.value ?? '' };
  });
  return {
    sku: product.sku,
    title: product.title,
    price: majorUnits(product.price, product.currency) ?? '',
    currency: product.currency,
    active: String(product.active),
    group: product.group ?? '',
    ...(Object.assign({}, ...options) as Record<(typeof OPTION_COLUMNS)[number], string>),
    description: product.description,
    images: product.images.join(' '),
    barcode: product.barcode ?? '',
  };
}

/** What the cells of a row say, for the schema to check; a column that the file lacks says nothing. */
export function fromCells(cells: Cells): { fields: Record<string, unknown>; errors: CellError[] } {
  const errors: CellError[] = [];
  const currency = (cells.currency ?? '').trim();
  const price = priceOf(cells.price ?? '', currency);
  if (price === undefined && decimalsOf(currency) !== undefined) {
    errors.push({ column: 'price', message: priceMessage(currency) });
  }
  const fields: Record<string, unknown> = { title: cells.title, price: price ?? 0, currency };
  if (cells.active !== undefined) {
    const active = ACTIVE[cells.active.trim().toLowerCase()];
    if (active === undefined) errors.push({ column: 'active', message: 'not true or false' });
    fields['active'] = active ?? true;
  }
  if (cells.group !== undefined) fields['group'] = orNull(cells.group);
  if (cells.description !== undefined) fields['description'] = cells.description;
  if (cells.images !== undefined) fields['images'] = cells.images.split(/\s+/).filter((url) => url !== '');
  if (cells.barcode !== undefined) fields['barcode'] = orNull(cells.barcode);
  if (OPTION_COLUMNS.some((column) => cells[column] !== undefined)) {
    const before = errors.length;
    const options = optionsOf(cells, errors);
    // What is said of them already is not said again by the schema.
    fields['options'] = errors.length > before ? [] : options;
  }
  return { fields, errors };
}

/** The column that a field of a product stands in, by the path of an error such as `options.0.value`. */
export function columnOf(path: string): Column {
  const [field = '', place = '0', part] = path.split('.');
  if (field === 'options')
    return `option${(Number(place) + 1) as 1 | 2 | 3}_${part === 'value' ? 'value' : 'name'}`;
  return COLUMNS.find((column) => column === field) ?? 'sku';
}

const ACTIVE: Record<string, boolean> = {
  ...{ '': true, true: true, yes: true, '1': true },
  ...{ false: false, no: false, '0': false },
};

/** Never rounded: what has more decimals than the currency is a mistake. */
function priceOf(text: string, currency: string): number | undefined {
  const decimals = text.trim().split('.')[1]?.length ?? 0;
  if (decimals > (decimalsOf(currency) ?? 0)) return undefined;
  return minorUnits(text.trim(), currency);
}

function priceMessage(currency: Product['currency']): string {
  return `not a price in its currency, such as ${majorUnits(1990, currency) ?? ''}`;
}

function optionsOf(cells: Cells, errors: CellError[]): Product['options'] {
  return OPTIONS.flatMap((n): Product['options'] => {
    const name = cells[`option${n}_name`] ?? '';
    const value = cells[`option${n}_value`] ?? '';
    if (name === '' && value === '') return [];
    if (name === '')
      errors.push({ column: `option${n}_name`, message: 'is empty where the option has a value' });
    if (value === '')
      errors.push({ column: `option${n}_value`, message: 'is empty where the option has a name' });
    return [{ name, value }];
  });
}

function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}
