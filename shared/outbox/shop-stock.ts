import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { isShopPlatform, type StoredDelivery } from '../domain/delivery.ts';
import { dueSlot } from '../domain/due.ts';
import { keyedId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { Queued } from './outbox.ts';

/** A shop whose stock we may write. */
export interface StockShop {
  companyId: string;
  connectionId: string;
}

const AT_ONCE = 200;
/** A shop that did not sell a SKU is asked again after this, in milliseconds. */
const FORGET = 24 * 60 * 60_000;
/** What a merchant has to let us do at Shopify; the other platforms' credentials do not say. */
const SCOPE = 'write_inventory';

export async function stockShopsOf(db: Firestore, companyId: string): Promise<StockShop[]> {
  const { docs } = await db
    .collection(paths.connections(companyId))
    .where('state', '==', 'active')
    .select('platform', 'scopes')
    .get();
  return docs
    .filter((doc) => {
      const platform = String(doc.get('platform'));
      if (!isShopPlatform(platform)) return false;
      return platform !== 'shopify' || ((doc.get('scopes') ?? []) as string[]).includes(SCOPE);
    })
    .map((doc) => ({ companyId, connectionId: doc.id }));
}

/**
 * Asks for one delivery a shop and SKU, which is there once: it is asked for again whenever the stock changes, and what
 * has changed while it was under way is sent after it. Shops that did not sell the SKU within a day are left alone.
 */
export async function askForStock(
  shops: StockShop[],
  sku: string,
  { db, now }: { db: Firestore; now: Clock },
): Promise<Queued> {
  const queued: Queued = [];
  const at = timestamp(now);
  for (let from = 0; from < shops.length; from += AT_ONCE) {
    const some = shops.slice(from, from + AT_ONCE);
    const refs = some.map(({ companyId, connectionId }) =>
      db.doc(paths.delivery(companyId, stockDeliveryId(connectionId, sku))),
    );
    const before = await db.getAll(...refs);
    const batch = db.batch();
    some.forEach(({ companyId, connectionId }, place) => {
      const [ref, known] = [refs[place], before[place]];
      const { state, shopId, updatedAt } = (known?.data() ?? {}) as Partial<StoredDelivery>;
      const unsold = state === 'done' && shopId === null && now() - Date.parse(updatedAt ?? '') < FORGET;
      if (ref === undefined || unsold) return;
      const asked = {
        ...{ companyId, kind: 'stock', event: null, orderId: null, sku, fulfilmentId: null, lineIds: [] },
        target: { type: 'connection', id: connectionId },
        stream: `${connectionId}/${sku}`,
        ...{ state: 'pending', attempts: 0, createdAt: at, updatedAt: at, due: dueSlot() },
      } satisfies Partial<StoredDelivery>;
      batch.set(ref, asked, { merge: true });
      queued.push({ companyId, deliveryId: ref.id });
    });
    await batch.commit();
  }
  return queued;
}

/** The one delivery of a shop and SKU. */
export function stockDeliveryId(connectionId: string, sku: string): string {
  return keyedId('delivery', createHash('sha256').update(`${connectionId}/${sku}`).digest());
}
