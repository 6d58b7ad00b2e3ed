import { askForPull } from '../../commerce/pulls.ts';
import { uninstalled } from '../../commerce/uninstall.ts';
import type { OrdersDeps } from '../../orders/order-store.ts';
import { receiveOrder } from '../../orders/receive.ts';
import { shopRemoved } from '../../orders/shop-removed.ts';
import type { TakeDeps } from './take-event.ts';

/** What shops' events lead to, joined to what does it. */
export function takeDeps(deps: OrdersDeps): TakeDeps {
  return {
    receive: (order, source, acting) => receiveOrder(order, source, acting, deps),
    remove: (externalId, source, acting) => shopRemoved(externalId, source, acting, deps),
    pull: (connection, externalId) => askForPull(connection, externalId, deps),
    uninstall: (connection, acting) => uninstalled(connection, acting, deps),
    log: deps.log,
  };
}
