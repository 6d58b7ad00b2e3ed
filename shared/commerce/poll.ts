import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import type { PollMessage } from '../domain/pull.ts';
import { timestamp } from '../domain/time.ts';
import { noteFailure, noteHealth } from './connection-health.ts';
import type { Connection } from './connections.ts';
import { isOfOurCloud, isOfTheShop, type PullDeps } from './pull-order.ts';
import { inAMinute, nextTick, pollLater } from './pulls.ts';
import { shopOrders, type ShopOrders } from './shop-orders.ts';
import { StoredConnection } from './stored-connection.ts';
import { takeProducts, type WriteProducts } from './take-products.ts';

export interface PollDeps extends PullDeps {
  /** Whether an order is stored as the shop had it at this time. */
  isKnown: (connection: Connection, externalId: string, updatedAt: string) => Promise<boolean>;
  /** Looks whether the platform still has our webhooks, and makes those anew that it dropped. */
  checkWebhooks: (connection: Connection) => Promise<'present' | 'restored' | 'none'>;
  writeProducts: WriteProducts;
  /** Has the shop told anew how many there are when other stocks count than these; answers which do. */
  tellStock: (connection: Connection, stored: StoredConnection) => Promise<string>;
}

/** A shop's clock may differ from ours by this much, and what it changed may show in its lists as much later. */
const MARGIN_MS = 10 * 60_000;
const MOST_MS = 4 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Reads what a shop changed since it was last read. That finds what its webhooks did not bring, which for WooCommerce is
 * every delivery that failed once; and whenever it finds something, the webhooks themselves are looked at. When it fails
 * for want of our own keys, it comes back with the next tick, and for as long as it takes.
 */
export async function pollConnection(message: PollMessage, deps: PollDeps): Promise<void> {
  const of = { id: message.connectionId, companyId: message.companyId };
  try {
    await readShop(message, deps);
  } catch (error) {
    if (error instanceof AppError) await noteFailure(of, error.code, deps);
    if (isOfTheShop(error)) deps.log.shopFailed(of.id, of.companyId, error.code);
    else if (isOfOurCloud(error)) await pollLater(of, nextTick(deps.now), deps);
    else throw error;
  }
}

async function readShop({ companyId, connectionId, webhooks }: PollMessage, deps: PollDeps): Promise<void> {
  const { db, now, log } = deps;
  const connection = await deps.findConnection(connectionId);
  if (connection === undefined || connection.companyId !== companyId || connection.closing) return;
  const ref = db.doc(paths.connection(companyId, connectionId));
  const found = await ref.get();
  const shop = shopOrders(connection.secrets, deps);
  if (!found.exists || shop === undefined) return;
  const stored = StoredConnection.parse(found.data());
  if (stored.state !== 'active') return;
  const countedBy = await deps.tellStock(connection, stored);
  if (countedBy !== stored.countedBy) await ref.update({ countedBy });
  const since = stored.polledUntil ?? stored.createdAt;
  const { changed, until } = await readChanges(shop, since, connection, deps);
  await ref.update({ polledUntil: until });
  if (await takeProducts(connection, stored, deps.writeProducts, deps)) {
    await pollLater(connection, inAMinute(now), deps);
  }
  log.shopPolled(connectionId, companyId, changed);
  const checked = Date.parse(stored.health.checkedAt ?? '1970-01-01T00:00:00Z');
  const checks =
    webhooks === true || changed > 0 || stored.health.lastFailure !== null || now() - checked >= DAY_MS
      ? { subscription: await deps.checkWebhooks(connection), checkedAt: timestamp(now) }
      : {};
  await noteHealth(connection, { lastPolledAt: timestamp(now), lastFailure: null, ...checks }, deps);
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
