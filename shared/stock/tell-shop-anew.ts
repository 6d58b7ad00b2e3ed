import { createHash } from 'node:crypto';
import { FieldPath, type Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import type { StoredDelivery } from '../domain/delivery.ts';
import { publishDeliveries } from '../outbox/outbox.ts';
import { askForStock, type StockShop, stockDeliveryId, stockShopsOf } from '../outbox/shop-stock.ts';
import { partnersOf, sellable, type TellDeps } from './tell-shops.ts';

const PAGE = 200;

/** What of a shop's connection says which numbers it was told. */
interface Known {
  /** When its products were read at first. */
  catalogue: { finishedAt: string | null } | null;
  countedBy: string | null;
}

/**
 * Has a shop told all numbers that are other ones now, when somebody else's stock counts in them: a partner came, went,
 * paused, or shares its stock no more. That is what the shop was ever told, and what it sells: its products, if they were
 * read, or else whatever is counted, of which it is asked what it has.
 * What nobody counts any more is told as nothing. Answers a digest of whose stock counts, to be kept.
 */
export function stockTeller(deps: TellDeps) {
  return async ({ id, companyId }: { id: string; companyId: string }, known: Known): Promise<string> => {
    const { db } = deps;
    // With the time of each: one that paused and has resumed since was not heard of in between.
    const suppliers = await partnersOf(db, companyId, 'supplier');
    const all = JSON.stringify([known.catalogue?.finishedAt ?? null, suppliers]);
    const countedBy = createHash('sha256').update(all).digest('base64url').slice(0, 16);
    if (countedBy === known.countedBy) return countedBy;
    const shop = (await stockShopsOf(db, companyId)).find(({ connectionId }) => connectionId === id);
    if (shop === undefined) return countedBy;
    // Of all the company's shops: targets are in no index. They sell much the same.
    const told = db
      .collection(paths.deliveries(companyId))
      .where('kind', '==', 'stock')
      .orderBy(FieldPath.documentId());
    await eachSku(told, (skus) => tellOthers(shop, skus, deps));
    // What it sells, where that is known; it is asked for whatever is counted where it is not.
    const sold =
      known.catalogue === null
        ? [companyId, ...suppliers.map((each) => each.companyId)].map((each) => paths.stocks(each))
        : [paths.products(companyId)];
    for (const path of sold) {
      await eachSku(db.collection(path).orderBy('sku'), (skus) => tellOthers(shop, skus, deps));
    }
    return countedBy;
  };
}

/** The SKUs of what a query finds, some at a time. */
async function eachSku(query: Query, visit: (skus: string[]) => Promise<void>): Promise<void> {
  for await (const docs of pagesOf(query.select('sku'), PAGE)) {
    const skus = [...new Set(docs.map((doc) => String(doc.get('sku'))))];
    if (skus.length > 0) await visit(skus);
  }
}

async function tellOthers(shop: StockShop, skus: string[], deps: TellDeps): Promise<void> {
  const ours = await sellableAt(shop, skus, deps);
  const found = await deps.db.getAll(...skus.map((sku) => deliveryOf(shop, sku, deps)));
  const others = skus.filter((sku, place) => {
    const { state, told } = (found[place]?.data() ?? {}) as Partial<StoredDelivery>;
    return ours.has(sku) && (state !== 'done' || told?.available !== ours.get(sku));
  });
  for (const sku of others) await publishDeliveries(await askForStock([shop], sku, deps), deps);
}

/**
 * How many of each SKU a shop is to show. One that was told a number of ours shows none of its merchant's own: where
 * nobody counts the SKU any more, that is nothing.
 */
export async function sellableAt(
  shop: StockShop,
  skus: readonly string[],
  { db }: Pick<TellDeps, 'db'>,
): Promise<Map<string, number>> {
  const ours = await sellable(db, shop.companyId, skus);
  const missing = skus.filter((sku) => !ours.has(sku));
  if (missing.length === 0) return ours;
  const found = await db.getAll(...missing.map((sku) => deliveryOf(shop, sku, { db })));
  for (const [place, sku] of missing.entries()) {
    const { told } = (found[place]?.data() ?? {}) as Partial<StoredDelivery>;
    if (told !== undefined && told !== null) ours.set(sku, 0);
  }
  return ours;
}

function deliveryOf({ companyId, connectionId }: StockShop, sku: string, { db }: Pick<TellDeps, 'db'>) {
  return db.doc(paths.delivery(companyId, stockDeliveryId(connectionId, sku)));
}
