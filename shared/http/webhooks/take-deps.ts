import { LRUCache } from 'lru-cache';
import { askForPull } from '../../commerce/pulls.ts';
import { uninstalled } from '../../commerce/uninstall.ts';
import type { OrdersDeps } from '../../orders/order-store.ts';
import { receiveOrder } from '../../orders/receive.ts';
import { shopRemoved } from '../../orders/shop-removed.ts';
import type { TakeDeps } from './take-event.ts';

const SOON_MS = 60_000;

/** Has a shop asked for what it changed, at most once a minute on an instance: its next turn makes up for the rest. */
function soonPoller({ publisher, now }: OrdersDeps): TakeDeps['poll'] {
  const asked = new LRUCache<string, number>({ max: 10_000 });
  return async ({ id, companyId }) => {
    if (now() - (asked.get(id) ?? 0) < SOON_MS) return;
    asked.set(id, now());
    await publisher.pull({ companyId, connectionId: id }).catch(() => undefined);
  };
}

/** What shops' events lead to, joined to what does it. */
export function takeDeps(deps: OrdersDeps): TakeDeps {
  return {
    receive: (order, source, acting) => receiveOrder(order, source, acting, deps),
    remove: (externalId, source, acting) => shopRemoved(externalId, source, acting, deps),
    pull: (connection, externalId) => askForPull(connection, externalId, deps),
    poll: soonPoller(deps),
    uninstall: (connection, at, acting) => uninstalled(connection, at, acting, deps),
    log: deps.log,
  };
}
