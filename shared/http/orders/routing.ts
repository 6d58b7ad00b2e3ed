import type { RouteHandler } from '@hono/zod-openapi';
import type { OrdersDeps } from '../../orders/order-store.ts';
import { setRoutingOrder } from '../../orders/set-routing.ts';
import { routingOrderOf } from '../../orders/suppliers.ts';
import type { ApiEnv } from '../app.ts';
import { actingIn, showEntry } from './caller.ts';
import type { readRoutingRoute, setRoutingRoute } from './routing-routes.ts';

/** `GET /v1/routing` */
export function readRoutingHandler({ db }: OrdersDeps): RouteHandler<typeof readRoutingRoute, ApiEnv> {
  return async (c) => c.json({ order: [...(await routingOrderOf(db, c.var.caller.companyId))] }, 200);
}

/** `PUT /v1/routing` */
export function setRoutingHandler(deps: OrdersDeps): RouteHandler<typeof setRoutingRoute, ApiEnv> {
  return async (c) => {
    const { order } = c.req.valid('json');
    showEntry(c, await setRoutingOrder(c.var.caller.companyId, order, actingIn(c), deps));
    return c.json({ order }, 200);
  };
}
