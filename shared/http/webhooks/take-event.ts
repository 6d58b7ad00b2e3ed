import type { Log } from '../../cloud/log.ts';
import type { Connection } from '../../commerce/connections.ts';
import type { CommerceEvent } from '../../commerce/platform.ts';
import { AppError } from '../../domain/errors.ts';
import type { IncomingOrder } from '../../domain/order.ts';
import type { Acting } from '../../orders/order-store.ts';
import type { OrderSource, Received } from '../../orders/receive.ts';

/** What the events of a shop lead to. */
export interface TakeDeps {
  receive: (order: IncomingOrder, source: OrderSource, acting: Acting) => Promise<Received>;
  /** The shop has the order no more: what was not shipped of it will not be. */
  remove: (externalId: string, source: OrderSource, acting: Acting) => Promise<boolean>;
  /** The order is to be read at the shop. */
  pull: (connection: Connection, externalId: string) => Promise<void>;
  /** What the shop sells has changed. */
  poll: (connection: Connection) => Promise<void>;
  /** The shop has let us go, at this time (RFC 3339) where it is told. */
  uninstall: (connection: Connection, at: string | undefined, acting: Acting) => Promise<void>;
  log: Log;
}

/** Does what an event of a shop says, however it came here; true when that changed an order. */
export async function takeEvent(
  event: CommerceEvent,
  connection: Connection,
  requestId: string,
  { receive, remove, pull, poll, uninstall, log }: TakeDeps,
): Promise<boolean> {
  const { companyId } = connection;
  const { secrets } = connection;
  const mute = secrets.platform === 'shopify' && secrets.token === undefined;
  const source = { companyId, connectionId: connection.id, platform: secrets.platform, mute };
  const acting = { actor: { type: 'platform', id: connection.id }, requestId } as const;
  switch (event.kind) {
    case 'ignored':
      log.eventIgnored(connection.id, event.reason);
      return false;
    case 'fetch':
      await pull(connection, event.externalId);
      return false;
    case 'removed':
      return remove(event.externalId, source, acting);
    case 'products':
      await poll(connection);
      return false;
    case 'uninstalled':
      if (!isOfShop(event.shop, connection)) throw new AppError('UNAUTHENTICATED');
      await uninstall(connection, event.at, acting);
      return false;
    case 'order': {
      const { outcome, orderId } = await receive(event.order, source, acting);
      if (outcome === 'repeated') log.orderRepeated(orderId, companyId);
      if (outcome === 'merged') log.orderMerged(orderId, companyId);
      if (outcome === 'erased' || outcome === 'removed') {
        log.orderIgnored(orderId, companyId, outcome === 'erased' ? 'ERASED' : 'REMOVED');
      }
      return outcome === 'stored' || outcome === 'merged';
    }
  }
}

/** An app's secret signs for every shop that has it: what is said of one is not true of another. */
function isOfShop(shop: string | undefined, { secrets }: Connection): boolean {
  return secrets.platform !== 'shopify' || shop?.toLowerCase() === secrets.shop.toLowerCase();
}
