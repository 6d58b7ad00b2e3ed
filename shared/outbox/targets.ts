import type { Firestore } from '@google-cloud/firestore';
import { LRUCache } from 'lru-cache';
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

/** Whom to tell is remembered for half a minute, as connections are: what is set up counts from then on at the latest. */
const REMEMBERED_MS = 30_000;
const MOST_REMEMBERED = 10_000;

interface Remembered<T> {
  at: number;
  found: Promise<T>;
}

export const endpointsOf = remembered(async (db, companyId): Promise<Endpoints> => {
  const query = db
    .collection(paths.endpoints(companyId))
    .where('state', '==', 'active')
    .limit(MOST_ENDPOINTS);
  const { docs } = await query.select('events').get();
  return docs.map((doc) => ({ id: doc.id, events: (doc.get('events') ?? []) as EventType[] }));
});

/** The shop in which a supplier's orders are created: the oldest of those that are connected, not just begun with. */
export const orderShopOf = remembered(async (db, companyId): Promise<DeliveryTarget | undefined> => {
  const query = db.collection(paths.connections(companyId)).orderBy('createdAt').limit(MOST_SHOPS);
  const { docs } = await query.select('platform', 'state').get();
  const shop = docs.find(
    (doc) => isShopPlatform(String(doc.get('platform'))) && doc.get('state') === 'active',
  );
  return shop === undefined ? undefined : { type: 'connection', id: shop.id };
});

function remembered<T>(
  read: (db: Firestore, companyId: string) => Promise<T>,
): (deps: { db: Firestore; now: Clock }, companyId: string) => Promise<T> {
  const databases = new WeakMap<Firestore, LRUCache<string, Remembered<T>>>();
  return async ({ db, now }, companyId) => {
    const known = databases.get(db) ?? new LRUCache<string, Remembered<T>>({ max: MOST_REMEMBERED });
    databases.set(db, known);
    const kept = known.get(companyId);
    if (kept !== undefined && now() - kept.at < REMEMBERED_MS) return kept.found;
    const found = read(db, companyId);
    known.set(companyId, { at: now(), found });
    // What could not be read is not remembered.
    found.catch(() => known.delete(companyId));
    return found;
  };
}

/** The shop that an order came from, when it is one that is written to: not one that is connected for its webhooks alone. */
export function shopOf(order: {
  source: { connectionId: string | null; platform: string; mute?: true } | null;
}): DeliveryTarget | undefined {
  const { connectionId = null, platform = '', mute } = order.source ?? {};
  return connectionId === null || !isShopPlatform(platform) || mute === true
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
