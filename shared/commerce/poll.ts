import { FieldPath } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { AppError } from '../domain/errors.ts';
import { DUE_SLOTS } from '../domain/order.ts';
import type { PollMessage } from '../domain/pull.ts';
import { timestamp } from '../domain/time.ts';
import { noteHealth } from './connection-health.ts';
import type { Connection } from './connections.ts';
import { isOfTheShop, type PullDeps } from './pull-order.ts';
import { shopOrders, type ShopOrders } from './shop-orders.ts';
import { StoredConnection } from './stored-connection.ts';
import { takeProducts, type WriteProducts } from './take-products.ts';

export interface PollDeps extends PullDeps {
  /** Whether an order is stored as the shop had it at this time. */
  isKnown: (connection: Connection, externalId: string, updatedAt: string) => Promise<boolean>;
  /** Looks whether the platform still has our webhooks, and makes those anew that it dropped. */
  checkWebhooks: (connection: Connection) => Promise<'present' | 'restored' | 'none'>;
  writeProducts: WriteProducts;
}

/** A shop's clock may differ from ours by this much, and what it changed may show in its lists as much later. */
const MARGIN_MS = 10 * 60_000;
const MOST_MS = 4 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
const PAGE = 200;

/**
 * Publishes a poll for every shop of this minute's slot, so that each has its turn every sixteen minutes and no index
 * grows with time.
 */
export async function publishPolls(
  deps: Pick<PollDeps, 'db' | 'now'> & { publisher: Pick<Publisher, 'pull'> },
): Promise<number> {
  const slot = Math.floor(deps.now() / 60_000) % DUE_SLOTS;
  const inSlot = deps.db
    .collectionGroup('connections')
    .where('slot', '==', slot)
    .orderBy(FieldPath.documentId());
  let published = 0;
  for (let page = inSlot.limit(PAGE); ;) {
    const { docs } = await page.get();
    for (const doc of docs) {
      const companyId = doc.ref.parent.parent?.id ?? '';
      const { platform, state } = StoredConnection.parse(doc.data());
      if (platform === 'standard' || state !== 'active') continue;
      await deps.publisher.pull({ companyId, connectionId: doc.id });
      published += 1;
    }
    const last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) return published;
    page = inSlot.startAfter(last).limit(PAGE);
  }
}

/**
 * Reads what a shop changed since it was last read. That finds what its webhooks did not bring, which for WooCommerce is
 * every delivery that failed once; and whenever it finds something, the webhooks themselves are looked at.
 */
export async function pollConnection(message: PollMessage, deps: PollDeps): Promise<void> {
  const { db, now, log } = deps;
  const { companyId, connectionId } = message;
  const connection = await deps.findConnection(connectionId);
  if (connection === undefined || connection.companyId !== companyId || connection.closing) return;
  const ref = db.doc(paths.connection(companyId, connectionId));
  const found = await ref.get();
  const shop = shopOrders(connection.secrets, deps);
  if (!found.exists || shop === undefined) return;
  const stored = StoredConnection.parse(found.data());
  if (stored.state !== 'active') return;
  try {
    const since = stored.polledUntil ?? stored.createdAt;
    const { changed, until } = await readChanges(shop, since, connection, deps);
    await ref.update({ polledUntil: until });
    await takeProducts(connection, stored, deps.writeProducts, deps);
    log.shopPolled(connectionId, companyId, changed);
    const checked = Date.parse(stored.health.checkedAt ?? '1970-01-01T00:00:00Z');
    const checks =
      changed > 0 || stored.health.lastFailure !== null || now() - checked >= DAY_MS
        ? { subscription: await deps.checkWebhooks(connection), checkedAt: timestamp(now) }
        : {};
    await noteHealth(connection, { lastPolledAt: timestamp(now), lastFailure: null, ...checks }, deps);
  } catch (error) {
    if (!isOfTheShop(error)) throw error;
    log.shopFailed(connectionId, companyId, error.code);
    const lastFailure = { at: timestamp(now), code: error.code };
    await noteHealth(connection, { lastFailure }, deps);
  }
}

/** Until when the shop has been read: the start of this run, or the last change that there was time for. */
async function readChanges(
  shop: ShopOrders,
  since: string,
  connection: Connection,
  deps: PollDeps,
): Promise<{ changed: number; until: string }> {
  const startedAt = deps.now();
  const from = new Date(Date.parse(since) - MARGIN_MS).toISOString();
  const isKnown = (id: string, updatedAt: string): Promise<boolean> =>
    deps.isKnown(connection, id, updatedAt);
  let changed = 0;
  let until = since;
  let page: string | undefined;
  do {
    const { events, next } = await shop.changedSince(from, page, isKnown);
    for (const event of events) {
      if (await deps.take(event, connection)) changed += 1;
      if (event.kind === 'order' && event.order.updatedAt > until) until = event.order.updatedAt;
    }
    if (next === page && next !== undefined) {
      throw new AppError('SHOP_UNAVAILABLE', 'the shop does not come to an end');
    }
    page = next;
  } while (page !== undefined && deps.now() - startedAt < MOST_MS);
  const whole = new Date(startedAt).toISOString();
  return { changed, until: page === undefined || until > whole ? whole : until };
}
