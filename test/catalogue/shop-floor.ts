import { expect } from 'vitest';
import { eventually, type Merchant } from '../support/market.ts';

/** What `PUT /v1/products/{sku}` takes, of 10.00 dollars, but for what is given. */
export function productBody(change: Record<string, unknown> = {}): Record<string, unknown> {
  return { title: 'A thing', price: 1000, currency: 'USD', ...change };
}

export async function putProducts(who: Merchant, products: Record<string, unknown>[]): Promise<void> {
  for (let from = 0; from < products.length; from += 100) {
    const answer = await who.call('PUT', '/v1/products', {
      body: { products: products.slice(from, from + 100) },
    });
    expect(answer.status, answer.text).toBe(200);
  }
}

export async function putList(
  who: Merchant,
  id: string,
  change: Record<string, unknown> = {},
): Promise<void> {
  const answer = await who.call('PUT', `/v1/price-lists/${id}`, {
    body: { name: id, currency: 'USD', ...change },
  });
  expect(answer.status, answer.text).toBeLessThan(300);
}

/** Sends a file; the import's id. */
export async function sendFile(who: Merchant, text: string, query = ''): Promise<string> {
  const answer = await who.call('POST', `/v1/imports${query}`, {
    body: text,
    headers: { 'Content-Type': 'text/csv; charset=utf-8' },
  });
  expect(answer.status, answer.text).toBe(202);
  return (answer.json as { id: string }).id;
}

export interface ShownImport {
  state: string;
  progress: { rows: number | null; done: number };
  created: number;
  changed: number;
  unchanged: number;
  superseded: number;
  refused: number;
  problems: { line: number; column: string | null; message: string }[];
}

/** The import once it is over. */
export function ended(who: Merchant, importId: string): Promise<ShownImport> {
  return eventually(async () => {
    const shown = (await who.call('GET', `/v1/imports/${importId}`)).json as ShownImport;
    expect(['checking', 'applying']).not.toContain(shown.state);
    return shown;
  });
}

export interface CataloguePage {
  data: {
    sku: string;
    removed?: true;
    currency: string;
    prices: { minimumQuantity: number; unitPrice: number }[];
    available?: number | null;
  }[];
  next: string | null;
  changes: string;
  whole: boolean;
}

/** All pages of a partner's catalogue from a place on: its rows, and the last page. */
export async function walkCatalogue(
  who: Merchant,
  partnerId: string,
  after?: string,
  limit = 100,
): Promise<{ rows: CataloguePage['data']; last: CataloguePage }> {
  const rows: CataloguePage['data'] = [];
  let place = after;
  for (;;) {
    const query = new URLSearchParams({ limit: String(limit), ...(place !== undefined && { after: place }) });
    const answer = await who.call('GET', `/v1/partners/${partnerId}/catalogue?${query.toString()}`);
    expect(answer.status, answer.text).toBe(200);
    const page = answer.json as CataloguePage;
    rows.push(...page.data);
    if (page.next === null) return { rows, last: page };
    place = page.next;
  }
}

/** `SKU-00000` and so on. */
export function skus(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `SKU-${String(place).padStart(5, '0')}`);
}

export function fileOf(names: string[], price = (place: number) => `${(place % 500) + 1}.99`): string {
  const rows = names.map((sku, place) => `${sku},"Thing ${place}, fine",${price(place)},USD`);
  return ['sku,title,price,currency', ...rows, ''].join('\r\n');
}
