import { expect } from 'vitest';
import type { Market } from '../support/market.ts';
import { expectSound, onHand, ordered, quiet, settled, supplying } from './stock-fixture.ts';

/** Two retailers order single pieces of one SKU, all at once: exactly as many are granted as there are. */
export async function sellOut(market: Market, orders: number, pieces: number): Promise<void> {
  const { supplier, one, two } = await supplying(market, pieces);
  const owners = Array.from({ length: orders }, (_, place) => (place % 2 === 0 ? one : two));
  const ids = await Promise.all(owners.map((owner) => ordered(owner)));
  const all = [];
  for (const [place, id] of ids.entries()) all.push(await settled(market, owners[place] ?? one, id));
  const granted = all.filter((order) => order.lines[0]?.stock === 'granted');
  const backordered = all.filter((order) => order.lines[0]?.stock === 'backordered');
  expect([granted.length, backordered.length]).toEqual([pieces, orders - pieces]);
  const books = await quiet(market, supplier);
  expectSound(books);
  expect([onHand(books), books.stock?.reserved, books.stock?.waiting]).toEqual([
    pieces,
    pieces,
    orders - pieces,
  ]);
}
