import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { timingSafeEqual } from 'node:crypto';
import { paths } from '../cloud/firestore.ts';
import type { LookupKey } from '../crypto/lookup.ts';
import type { DeliveryMessage, StoredDelivery } from '../domain/delivery.ts';
import { ID_KINDS, idBody, isId } from '../domain/ids.ts';
import type { OrdersDeps } from './order-store.ts';

/** `sr1-`, the bodies of two ids and of a MAC. */
const MARKER = /^sr1-([0-9a-z]{26})-([0-9a-z]{26})-([0-9a-z]{26})$/;

/** What an order that we make in a supplier's shop carries: which supply order and delivery it is, under a MAC. */
export function markerOf(lookup: LookupKey, companyId: string, orderId: string, deliveryId: string): string {
  const mac = idBody(lookup.hash('marker', companyId, orderId, deliveryId));
  return `sr1-${bodyOf(orderId)}-${bodyOf(deliveryId)}-${mac}`;
}

/** The supply order and delivery that a marker names; undefined unless we made it for this company. */
export function readMarker(
  lookup: LookupKey,
  companyId: string,
  text: string,
): (DeliveryMessage & { orderId: string }) | undefined {
  const [, order, delivery] = MARKER.exec(text) ?? [];
  const orderId = `${ID_KINDS.order}_${order ?? ''}`;
  const deliveryId = `${ID_KINDS.delivery}_${delivery ?? ''}`;
  if (!isId('order', orderId) || !isId('delivery', deliveryId)) return undefined;
  const expected = markerOf(lookup, companyId, orderId, deliveryId);
  const same = timingSafeEqual(Buffer.from(expected), Buffer.from(text));
  return same ? { companyId, orderId, deliveryId } : undefined;
}

/** An order of a shop, and whose shop that is to us. */
type ShopOrder = { companyId: string; connectionId: string | null; externalId: string };

/** What an event is about when it is about an order that we made: the supply order, and the lines that we made it of. */
export interface OwnOrder {
  companyId: string;
  orderId: string;
  lineIds: string[];
}

/**
 * The supply order of a partner that an order was made of, where both have the same shop: it is the partner's, and sending
 * it on would bring it back into the same shop, without end.
 */
export async function partnersOrder(
  marker: string | undefined,
  source: ShopOrder,
  lookup: LookupKey,
  { db }: Pick<OrdersDeps, 'db'>,
): Promise<string | undefined> {
  if (marker === undefined) return undefined;
  const partners = await db.collection(paths.partners(source.companyId)).select('companyId').get();
  const ids = partners.docs.map((doc): unknown => doc.get('companyId'));
  for (const id of new Set(ids)) {
    const made = typeof id === 'string' ? readMarker(lookup, id, marker) : undefined;
    if (made !== undefined) return (await isMadeThere(made, source, db)) ? made.orderId : undefined;
  }
  return undefined;
}

/** Whether this is what a delivery made, and not another order with a copy of its marker. */
async function isMadeThere(
  { companyId, deliveryId }: DeliveryMessage,
  source: ShopOrder,
  db: Firestore,
): Promise<boolean> {
  const found = await db.doc(paths.delivery(companyId, deliveryId)).get();
  const { shopId = null, target } = (found.data() ?? {}) as Partial<StoredDelivery>;
  if (shopId !== null) return shopId === source.externalId;
  // Its number is not known before our own call has returned; then it is one in the shop that was called.
  if (target === undefined || source.connectionId === null) return false;
  const [there, here] = await db.getAll(
    db.doc(paths.connection(companyId, target.id)),
    db.doc(paths.connection(source.companyId, source.connectionId)),
  );
  const shopOf = (doc: DocumentSnapshot | undefined): unknown => doc?.get('shop') ?? undefined;
  return shopOf(there) !== undefined && shopOf(there) === shopOf(here);
}

/**
 * Whether an event is about an order that we made in this shop: then it is the supply order that we made it of, and
 * never a consumer's. Its number at the shop is kept, so that one whose making was never answered is not made again.
 */
export async function ownOrder(
  marker: string | undefined,
  source: { companyId: string; externalId: string },
  lookup: LookupKey,
  { db }: Pick<OrdersDeps, 'db'>,
): Promise<OwnOrder | undefined> {
  const own = marker === undefined ? undefined : readMarker(lookup, source.companyId, marker);
  if (own === undefined) return undefined;
  const ref = db.doc(paths.delivery(own.companyId, own.deliveryId));
  const found = await ref.get();
  if (found.exists && found.get('shopId') === null) await ref.update({ shopId: source.externalId });
  const { companyId, orderId } = own;
  return { companyId, orderId, lineIds: (found.get('lineIds') ?? []) as string[] };
}

/** The same for an order that its shop has no more, and of which it says no more than its number. */
export async function ownOrderOf(
  source: ShopOrder,
  { db }: Pick<OrdersDeps, 'db'>,
): Promise<OwnOrder | undefined> {
  const { companyId, connectionId, externalId } = source;
  const made = await db.collection(paths.deliveries(companyId)).where('shopId', '==', externalId).get();
  const found = made.docs
    .map((doc) => doc.data() as StoredDelivery)
    .find(({ kind, target }) => kind === 'order' && target.id === connectionId);
  const { orderId = null, lineIds = [] } = found ?? {};
  return orderId === null ? undefined : { companyId, orderId, lineIds };
}

function bodyOf(id: string): string {
  return id.slice(id.indexOf('_') + 1);
}
