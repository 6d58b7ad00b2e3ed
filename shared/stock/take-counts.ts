import type { DocumentSnapshot } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { StoredDelivery } from '../domain/delivery.ts';
import { freeOf } from '../domain/stock.ts';
import { timestamp } from '../domain/time.ts';
import { publishDeliveries } from '../outbox/outbox.ts';
import { askForStock, type StockShop, stockDeliveryId } from '../outbox/shop-stock.ts';
import { publishUnsettled, untouched } from './set-stock.ts';
import { moved } from './settle.ts';
import { isBalanced, readStocks, type StockDeps, writeStock } from './stock-store.ts';
import { sellableAt } from './tell-shop-anew.ts';

/** How many of a SKU a shop says that it can sell. */
export interface ShopCount {
  sku: string;
  available: number;
}

type TakeDeps = StockDeps & { publisher: Publisher; log: Log };
type Acting = Pick<AuditEntry, 'actor' | 'requestId'>;

/** A sale shows in the shop at once and here a little later: a number that stays for so long, in milliseconds, is none. */
const SETTLES = 60_000;

/**
 * Takes what was changed in a shop of what is counted here: as much more or less is its merchant's own. That is a number
 * which the shop shows for a minute, after it has shown the one that it was told, while there is nothing else to tell it;
 * so what we wrote comes back as no change. True when something is to be looked at again in a minute.
 */
export async function takeCounts(
  shop: StockShop,
  counts: ShopCount[],
  acting: Acting,
  deps: TakeDeps,
): Promise<boolean> {
  const { db, now } = deps;
  const ours = await sellableAt(
    shop,
    counts.map(({ sku }) => sku),
    deps,
  );
  const counted = counts.filter(({ sku }) => ours.has(sku));
  if (counted.length === 0) return false;
  const found = await db.getAll(...counted.map(({ sku }) => deliveryDoc(shop, sku, deps)));
  let again = false;
  for (const [place, count] of counted.entries()) {
    const doc = found[place];
    if (doc?.exists !== true) continue;
    const step = look(StoredDelivery.parse(doc.data()), count.available, ours.get(count.sku), now());
    if (step === 'shown') await unlessTold(doc, { 'told.shown': true, seen: null });
    if (step === 'new') await unlessTold(doc, { seen: { available: count.available, at: timestamp(now) } });
    if (step === 'stays') await take(shop, count, acting, deps);
    again ||= step === 'new' || step === 'young';
  }
  return again;
}

/** What a shop's number says, beside what it was told and what can be sold now. */
function look(
  { state, told, seen }: StoredDelivery,
  shown: number,
  ours: number | undefined,
  now: number,
): 'nothing' | 'shown' | 'new' | 'young' | 'stays' {
  if (told === null || state !== 'done' || told.available !== ours) return 'nothing';
  if (shown === told.available) return told.shown && seen === null ? 'nothing' : 'shown';
  // A shop that counts other places too never shows what it was told.
  if (!told.shown) return 'nothing';
  if (seen?.available !== shown) return 'new';
  return now - Date.parse(seen.at) < SETTLES ? 'young' : 'stays';
}

/** Changes the merchant's own stock, never below what is promised; the shop has then been told its own number. */
async function take(shop: StockShop, count: ShopCount, acting: Acting, deps: TakeDeps): Promise<void> {
  const { db, now } = deps;
  const { companyId } = shop;
  const ref = deliveryDoc(shop, count.sku, deps);
  const stock = await db.runTransaction(async (tx) => {
    const delivery = StoredDelivery.parse((await tx.get(ref)).data());
    const told = delivery.told?.available ?? 0;
    if (look(delivery, count.available, told, now()) !== 'stays') return undefined;
    const before = (await readStocks(tx, companyId, [count.sku], deps)).get(count.sku);
    const own = before ?? untouched(companyId, count.sku);
    const change = Math.max(count.available - told, -freeOf(own));
    tx.update(ref, {
      told: { available: count.available, at: timestamp(now), shown: true },
      seen: null,
    });
    if (change === 0) return undefined;
    const after = { ...own, places: moved(own.places, change) };
    writeStock(tx, after, !isBalanced(after), deps);
    const record = { type: 'company', id: companyId } as const;
    const about = { ...acting, action: 'stock.set', record, result: 'done' } as const;
    addEntry(tx, { companyId, ...about, facts: { skus: 1, connectionId: shop.connectionId } }, deps);
    return after;
  });
  if (stock !== undefined) await publishUnsettled([stock], deps);
  // What could not be taken is told again as it is here.
  await publishDeliveries(await askForStock([shop], count.sku, deps), deps);
}

function deliveryDoc({ companyId, connectionId }: StockShop, sku: string, { db }: Pick<StockDeps, 'db'>) {
  return db.doc(paths.delivery(companyId, stockDeliveryId(connectionId, sku)));
}

/** Notes it, unless the shop was told something since this was read. */
async function unlessTold(
  { ref, updateTime }: DocumentSnapshot,
  fields: Record<string, unknown>,
): Promise<void> {
  try {
    await ref.update(fields, updateTime === undefined ? {} : { lastUpdateTime: updateTime });
  } catch (error) {
    if (!hasStatus(error, status.FAILED_PRECONDITION) && !hasStatus(error, status.NOT_FOUND)) throw error;
  }
}
