import type { RouteHandler } from '@hono/zod-openapi';
import { archive } from '../../orders/archive.ts';
import { cancel } from '../../orders/cancel.ts';
import { decline } from '../../orders/decline.ts';
import { retry, routeAgain } from '../../orders/hold.ts';
import type { OrdersDeps } from '../../orders/order-store.ts';
import { correctAddress } from '../../orders/readdress.ts';
import { returnLines } from '../../orders/return-lines.ts';
import type { ApiEnv } from '../app.ts';
import { actingIn, changed, targetIn } from './caller.ts';
import type {
  archiveRoute,
  cancelRoute,
  correctAddressRoute,
  declineRoute,
  retryRoute,
  routeAgainRoute,
  returnRoute,
} from './change-routes.ts';

/** `PATCH /v1/orders/{id}` */
export function correctAddressHandler(deps: OrdersDeps): RouteHandler<typeof correctAddressRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    const { shipTo } = c.req.valid('json');
    return changed(c, id, await correctAddress(targetIn(c, id), shipTo, actingIn(c), deps));
  };
}

/** `POST /v1/orders/{id}/cancel` */
export function cancelHandler(deps: OrdersDeps): RouteHandler<typeof cancelRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    const { lines } = c.req.valid('json');
    return changed(c, id, await cancel(targetIn(c, id), lines, actingIn(c), deps));
  };
}

/** `POST /v1/orders/{id}/decline` */
export function declineHandler(deps: OrdersDeps): RouteHandler<typeof declineRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    const lineIds = c.req.valid('json').lines?.map((line) => line.lineId);
    return changed(c, id, await decline(targetIn(c, id), lineIds, actingIn(c), deps));
  };
}

/** `POST /v1/orders/{id}/returns` */
export function returnHandler(deps: OrdersDeps): RouteHandler<typeof returnRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    const { lines } = c.req.valid('json');
    return changed(c, id, await returnLines(targetIn(c, id), lines, actingIn(c), deps));
  };
}

/** `POST /v1/orders/{id}/archive` */
export function archiveHandler(deps: OrdersDeps): RouteHandler<typeof archiveRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    return changed(c, id, await archive(targetIn(c, id), actingIn(c), deps));
  };
}

/** `POST /v1/orders/{id}/route` */
export function routeAgainHandler(deps: OrdersDeps): RouteHandler<typeof routeAgainRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    return changed(c, id, await routeAgain(targetIn(c, id), actingIn(c), deps));
  };
}

/** `POST /v1/orders/{id}/retry` */
export function retryHandler(deps: OrdersDeps): RouteHandler<typeof retryRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    return changed(c, id, await retry(targetIn(c, id), actingIn(c), deps));
  };
}
