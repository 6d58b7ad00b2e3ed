import type { Firestore, Query, QuerySnapshot, Transaction } from '@google-cloud/firestore';
import type { Writer } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { type DeliveryTarget, type EventType, isShopPlatform } from '../domain/delivery.ts';
import type { Clock } from '../domain/time.ts';
import { addDelivery, type About, type Queued } from './outbox.ts';

/** How many endpoints a company can have, and shops that are looked at for one that takes orders. */
export const MOST_ENDPOINTS = 10;
const MOST_SHOPS = 20;

/** Where a company's events go: its endpoints, each with the events that it asked for. */
export type Endpoints = { id: string; events: EventType[] }[];

/** Within a transaction where there is one: reads come before its writes. */
type Reader = Pick<Transaction, 'get'> | undefined;

export async function endpointsOf(db: Firestore, companyId: string, tx?: Reader): Promise<Endpoints> {
  const query = db
    .collection(paths.endpoints(companyId))
    .where('state', '==', 'active')
    .limit(MOST_ENDPOINTS);
  const found = await read(query.select('events'), tx);
  return found.docs.map((doc) => ({ id: doc.id, events: (doc.get('events') ?? []) as EventType[] }));
}

/** The shop in which a supplier's orders are created: the oldest of those that are connected. */
export async function orderShopOf(db: Firestore, companyId: string): Promise<DeliveryTarget | undefined> {
  const query = db.collection(paths.connections(companyId)).orderBy('createdAt').limit(MOST_SHOPS);
  const { docs } = await read(query.select('platform', 'state'), undefined);
  const shop = docs.find(
    (doc) => isShopPlatform(String(doc.get('platform'))) && doc.get('state') !== 'uninstalled',
  );
  return shop === undefined ? undefined : { type: 'connection', id: shop.id };
}

/** The shop that an order came from, when it is one that is written to. */
export function shopOf(order: {
  source: { connectionId: string | null; platform: string } | null;
}): DeliveryTarget | undefined {
  const { connectionId = null, platform = '' } = order.source ?? {};
  return connectionId === null || !isShopPlatform(platform)
    ? undefined
    : { type: 'connection', id: connectionId };
}

/** Adds a delivery for each endpoint that asked for the event. */
export function addEvents(
  writer: Writer,
  about: Omit<About, 'kind'> & { event: EventType },
  endpoints: Endpoints,
  deps: { db: Firestore; now: Clock },
): Queued {
  return endpoints
    .filter(({ events }) => events.includes(about.event))
    .map(({ id }) => addDelivery(writer, { ...about, kind: 'event' }, { type: 'endpoint', id }, deps));
}

function read(query: Query, tx: Reader): Promise<QuerySnapshot> {
  return tx === undefined ? query.get() : tx.get(query);
}
